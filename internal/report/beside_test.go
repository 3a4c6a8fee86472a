package report

import (
	"strings"
	"testing"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
)

// Each way in which a verdict can differ from benchstat's has its reason; where they agree there is none.
func TestWhyVerdictsDifferFromBenchstat(t *testing.T) {
	of := func(v stat.Verdict, p, medians float64, alone stat.Interval) diagnose.BenchstatComparison {
		b := diagnose.BenchstatComparison{Cell: plan.Cell{Impl: "cas", Graph: "g", Workers: 2}, P: p, Medians: medians}
		b.Verdict, b.Alone = v, alone
		return b
	}
	around, above := stat.Interval{Value: 1, Lo: 0.9, Hi: 1.1}, stat.Interval{Value: 1.2, Lo: 1.1, Hi: 1.3}
	for _, test := range []struct {
		b    diagnose.BenchstatComparison
		want string
	}{
		{of(stat.Faster, 0.001, 1.5, above), ""},
		{of(stat.Slower, 0.001, 0.5, above), ""},
		{of(stat.Equivalent, 0.5, 1, around), ""},
		{of(stat.Inconclusive, 0.05, 1, around), ""},
		{of(stat.Equivalent, 0.01, 1.01, around), "smaller than 3.0 %"},
		{of(stat.Inconclusive, 0.01, 1.2, above), "adjusted for all 12, it may be chance"},
		{of(stat.Inconclusive, 0.01, 1.2, around), "the ratio varies too much"},
		{of(stat.Faster, 0.2, 1.5, above), "noise that both share cancels out"},
		{of(stat.Faster, 0.01, 0.9, above), "the samples are skewed"},
	} {
		if got := differs(test.b, 12); !strings.Contains(got, test.want) || (got == "") != (test.want == "") {
			t.Errorf("%v, benchstat's p %v, medians %v: %q, want %q", test.b.Verdict, test.b.P, test.b.Medians, got, test.want)
		}
		text := strings.Join(Benchstat([]diagnose.BenchstatComparison{test.b}, 12, true), "\n")
		if strings.Contains(text, "cas with 2 workers on g: ") != (test.want != "") {
			t.Errorf("%s", text)
		}
	}
}

// The comparisons as benchstat makes them leave out rate-limited cells, which are equal by construction.
func TestBenchstatComparesWithoutRates(t *testing.T) {
	a := showcase(t)
	list := a.Benchstat()
	if len(list) < 4 {
		t.Fatalf("%d comparisons", len(list))
	}
	for _, b := range list {
		if b.Cell.Rate != 0 {
			t.Errorf("%s has a rate", b.Cell.ID())
		}
		if b.Cell.Impl == "cas" && b.Cell.Workers == 8 && (b.P > 0.01 || b.Medians < 2) {
			t.Errorf("cas is eight times as fast, but p is %v and the medians differ by %v", b.P, b.Medians)
		}
	}
}
