package report

import (
	"fmt"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain"
)

// experiments are the experiments that tested the findings of a run.
type experiments struct {
	results []diagnose.TestResult
	// takenBack describes the findings that were refuted, with what was observed.
	takenBack []string
}

func experimentsOf(a *diagnose.Analysis) *experiments {
	results, err := diagnose.ReadTestResults(a.Run)
	e := &experiments{results: results}
	if err != nil {
		e.takenBack = append(e.takenBack, err.Error())
	}
	return e
}

// tested returns out, which describes f, with how experiments tested it. It returns false if an experiment refuted it;
// the finding is then taken back.
func (e *experiments) tested(f diagnose.Finding, out Finding) (Finding, bool) {
	for _, r := range e.results {
		if r.Kind != f.Rule.Kind || r.Cell != f.Cell.ID() {
			continue
		}
		text := TestResult(r)
		if r.Verdict == diagnose.Refuted {
			e.takenBack = append(e.takenBack, out.Text+"; "+text)
			return out, false
		}
		out.Text += "; " + text
		out.Confidence += "; " + text
	}
	return out, true
}

// TestResult describes the result of an experiment.
func TestResult(r diagnose.TestResult) string {
	observed := "no interval after " + plain.Count(r.Rounds, "round")
	if r.Ratio > 0 {
		observed = fmt.Sprintf("observed %.2fx [%.2f, %.2f]", r.Ratio, r.Lo, r.Hi)
	}
	if r.Why != "" {
		observed += "; " + r.Why
	}
	return fmt.Sprintf("%s by experiment: with %s, %s predicted %s, %s", r.Verdict, r.Experiment, r.Metric, r.Predicted,
		observed)
}
