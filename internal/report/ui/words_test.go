package ui

import (
	"strings"
	"testing"

	gprofile "github.com/google/pprof/profile"

	"crawlbench/internal/store"
)

// A block profile says how much of the workers' time it holds, never a share above all of it.
func TestBlockProfilesSayTheirShare(t *testing.T) {
	of := func(seconds int64) *gprofile.Profile {
		return &gprofile.Profile{Sample: []*gprofile.Sample{{Value: []int64{7, seconds * 1e9}}}}
	}
	pass := store.Profile{Sec: 2}
	for _, test := range []struct {
		seconds int64
		kind    string
		want    string
	}{
		{4, "block", ": 4.00 s, which is 50 % of the time of the 4 workers"},
		{8, "mutex", "which is 100 % of"},
		{800, "block", ": 800.00 s, while the time of the 4 workers is 8.00 s"},
		{4, "cpu", ""},
	} {
		if got := blockedWords(of(test.seconds), pass, 4, test.kind); !strings.Contains(got, test.want) ||
			(got == "") != (test.want == "") {
			t.Errorf("%d s of %s: %q, want %q", test.seconds, test.kind, got, test.want)
		}
	}
	if got := blockedWords(of(4), store.Profile{}, 4, "block"); got != "" {
		t.Errorf("the time of the pass is not known: %q", got)
	}
}
