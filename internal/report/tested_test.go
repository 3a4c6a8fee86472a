package report

import (
	"strings"
	"testing"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plan"
)

// TestRefutedFindingsAreTakenBack tests a finding of a run in each way, and looks at it in all formats.
func TestRefutedFindingsAreTakenBack(t *testing.T) {
	for verdict, taken := range map[diagnose.Verdict]bool{diagnose.Confirmed: false, diagnose.Inconclusive: false,
		diagnose.Refuted: true} {
		a := showcase(t)
		f := a.Causes[0]
		before := len(View(a, fragmentOf).Findings)
		result := diagnose.TestResult{Verdict: verdict, Ratio: 1.01, Lo: 0.98, Hi: 1.03, Rounds: 9,
			Test: diagnose.Test{Kind: f.Rule.Kind, Cell: f.Cell.ID(), Experiment: "half the workers",
				Metric: diagnose.MetricThroughput, Predicted: diagnose.Band{Lo: 1.5}}}
		if err := diagnose.WriteTestResults(a.Run, []diagnose.TestResult{result}); err != nil {
			t.Fatal(err)
		}
		said := string(verdict) + " by experiment: with half the workers, throughput predicted at least 1.50x, observed 1.01x [0.98, 1.03]"
		p := View(a, fragmentOf)
		if len(p.TakenBack) > 0 != taken || len(p.Findings) < before != taken {
			t.Errorf("%s: taken back %q, %d of %d findings remain", verdict, p.TakenBack, len(p.Findings), before)
		}
		for format, text := range renderings(t, a) {
			words := strings.Join(strings.Fields(text), " ")
			if !strings.Contains(words, said) {
				t.Errorf("%s as %s does not say %q", verdict, format, said)
			}
			if strings.Contains(words, "Refuted findings") != taken {
				t.Errorf("%s as %s: is it taken back? want %v", verdict, format, taken)
			}
		}
	}
}

// TestResult says why there is no verdict, in a sentence that needs no name of a benchmark.
func TestAnExperimentWithoutIntervalSaysSo(t *testing.T) {
	r := diagnose.TestResult{Verdict: diagnose.Inconclusive, Rounds: 1, Why: "the machine was busy",
		Test: diagnose.Test{Experiment: "half the workers", Metric: diagnose.MetricThroughput,
			Predicted: diagnose.Band{Lo: 0.9}, Base: plan.Cell{Impl: "cas", Graph: "g", Workers: 1, Rate: 50}}}
	const want = "inconclusive by experiment: with half the workers, throughput predicted at least 0.90x, " +
		"no interval after 1 round; the machine was busy"
	if s := TestResult(r); s != want {
		t.Errorf("%s, want %s", s, want)
	}
	if s := Who(r.Base); s != "cas with 1 worker on g at 50 pages/s" {
		t.Error(s)
	}
}
