package cli

import (
	"strings"
	"testing"
	"unicode/utf8"
)

const benchstatTable = `/graph: g
        │   base    │          cas          │         owner         │
        │  sec/op   │  sec/op   vs base     │  sec/op   vs base     │
1         1.0m ± 5%   0.5m ± 5%  -50% (p=0)   2.0m ± 5% +100% (p=0)
2         1.1m ± 5%   0.6m ± 5%  -45% (p=0)   2.1m ± 5%  +90% (p=0)
geomean   1.05m       0.55m      -47%         2.05m      +95%
¹ benchmark set differs from baseline; geomeans may not be comparable
`

func TestBenchstatIsNarrowed(t *testing.T) {
	if got := narrowed(benchstatTable, 100); strings.Contains(got, "geomean") || strings.Count(got, "\n") != 5 {
		t.Errorf("at 100 columns:\n%s", got)
	}
	for width := 36; width <= 90; width++ {
		got := narrowed(benchstatTable, width)
		for line := range strings.Lines(got) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
				t.Errorf("%d columns: %q has %d", width, line, n)
			}
		}
		for _, want := range []string{"cas", "owner", "base", "1.0m ± 5%", "0.5m ± 5%  -50% (p=0)",
			"2.1m ± 5%  +90% (p=0)"} {
			if !strings.Contains(got, want) {
				t.Errorf("%d columns: %q is lost\n%s", width, want, got)
			}
		}
	}
	if got := narrowed(benchstatTable, 60); strings.Count(got, "   base    │") != 2 {
		t.Errorf("the base is not beside each crawler:\n%s", got)
	}
	if got := narrowed("a line\n\nanother\n", 20); got != "a line\n\nanother\n" {
		t.Errorf("%q", got)
	}
}
