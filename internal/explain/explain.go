// Package explain tests the findings of a run by experiments that could refute them.
//
// The input is the analysis of a run. Tests are made from its findings: each changes one thing about the finding's
// cell, such as GOMAXPROCS or the collector, and predicts by how much throughput or processor time then changes if the
// finding is right. The predictions are recorded before the experiment is measured, interleaved with the unchanged
// crawler. The output is a diagnose.TestResult for each test: confirmed, refuted or inconclusive.
package explain

import (
	"fmt"
	"math"
	"slices"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
	"crawlbench/internal/store"
)

// band is the range that a prediction allows; the zero value means no prediction.
type band = diagnose.Band

// The metrics of the experiments.
const (
	throughput = diagnose.MetricThroughput
	cpu        = diagnose.MetricCPU
	window     = diagnose.MetricWindow
)

// Untested is a finding that no experiment tests, with the reason.
type Untested struct {
	diagnose.Finding
	Why string
}

// Tests returns the tests of the findings of a, and the findings that no experiment can test without changing code.
func Tests(a *diagnose.Analysis) (list []diagnose.Test, untested []Untested) {
	p, m := a.Run.Plan(), a.Run.Manifest()
	for _, f := range a.Findings {
		of, why := testsOf(subject{f, p, m})
		if len(of) == 0 {
			untested = append(untested, Untested{f, why})
		}
		list = append(list, of...)
	}
	return list, untested
}

// testsOf returns the tests of a finding, or why there are none.
func testsOf(s subject) (list []diagnose.Test, why string) {
	if s.Cell.Processes > 0 {
		return nil, "experiments measure a process alone, without what the processes of a fleet share"
	}
	why = "no experiment is known for this kind"
	for _, x := range experiments {
		if !slices.Contains(x.kinds, s.Rule.Kind) {
			continue
		}
		changed, reason := x.change(s)
		predicted := x.predict(s)
		switch {
		case reason != "":
			why = reason
			continue
		case predicted == band{}:
			why = fmt.Sprintf("%s would change its %s by too little", x.name, x.metric)
			continue
		}
		t := diagnose.Test{Kind: s.Rule.Kind, Cell: s.Cell.ID(), Experiment: x.name, Metric: x.metric,
			Predicted: predicted, Base: s.base(), Changed: changed}
		switch x.metric {
		case throughput:
			t.Was = s.Cell.Summary.Center
		case cpu:
			t.Was = s.Cell.CPU
		case window:
			t.Was = s.Cell.Window()
		}
		list = append(list, t)
	}
	return list, why
}

// Plan returns the plan that measures the tests: the cells of p that they need, each unchanged and changed, in the same
// rounds.
func Plan(p *plan.Plan, list []diagnose.Test, rounds int) *plan.Plan {
	out := *p
	out.Cells, out.Passes, out.Graphs, out.Crawlers = nil, nil, nil, nil
	out.Stop, out.RateLimitedRounds, out.Turns = false, 0, 0
	add := func(c plan.Cell) {
		if !slices.Contains(out.Cells, c) {
			out.Cells = append(out.Cells, c)
		}
		if !slices.Contains(out.Crawlers, c.Impl) {
			out.Crawlers = append(out.Crawlers, c.Impl)
		}
		if !slices.ContainsFunc(out.Graphs, func(g plan.Graph) bool { return g.Name == c.Graph }) {
			out.Graphs = append(out.Graphs, p.Graph(c.Graph))
		}
	}
	for _, t := range list {
		add(t.Base)
		add(t.Changed)
	}
	out.SetRounds(rounds)
	return &out
}

// Results compares the predictions with the samples of the run that measured them.
func Results(list []diagnose.Test, run *store.Run) []diagnose.TestResult {
	results := make([]diagnose.TestResult, len(list))
	for i, t := range list {
		values, flagged := map[string][]float64{}, map[string]int{}
		for _, rec := range run.Samples() {
			if values[rec.Cell] == nil {
				values[rec.Cell] = missing(run.Plan().Rounds)
			}
			values[rec.Cell][rec.Round] = value(t.Metric, rec.Sample)
			if disturbed(t, rec.Sample.Flags) {
				flagged[rec.Cell]++
			}
		}
		p := stat.Pair(values[t.Base.ID()], values[t.Changed.ID()])
		r := diagnose.TestResult{Test: t, Verdict: verdict(t.Predicted, p.Lo, p.Hi, p.N), Ratio: p.Ratio, Lo: p.Lo,
			Hi: p.Hi, Rounds: p.N}
		base := values[t.Base.ID()]
		if r.Why = busy(len(base), flagged[t.Base.ID()], flagged[t.Changed.ID()]); r.Why != "" {
			r.Verdict = diagnose.Inconclusive
		} else if r.Why = changed(t, base); r.Why != "" && r.Verdict == diagnose.Refuted {
			r.Verdict = diagnose.Inconclusive
		}
		if math.IsNaN(r.Ratio) || math.IsInf(r.Hi, 1) { // JSON has neither
			r.Ratio, r.Lo, r.Hi = 0, 0, 0
		}
		results[i] = r
	}
	return results
}

// value returns the metric of a sample, NaN if it has none.
func value(m diagnose.Metric, s *store.Sample) float64 {
	switch v := s.Values; {
	case m == throughput:
		return v["pages/op"] / v["sec/op"]
	case m == cpu:
		return v["cpu-sec/op"] / v["pages/op"]
	case s.Pace != nil:
		return s.Pace.Worst
	}
	return math.NaN()
}

// disturbed reports whether flags mean that the machine disturbed the experiment. A finding about throttling expects
// the flag "throttled".
func disturbed(t diagnose.Test, flags []string) bool {
	return slices.ContainsFunc(flags, func(f string) bool { return f != "throttled" || t.Kind != diagnose.Throttled })
}

// Combined returns the verdict on a finding: refuted if one test refutes it, else confirmed if one confirms it, else
// inconclusive. It returns false if the finding was not tested.
func Combined(list []diagnose.TestResult, kind diagnose.Kind, cell string) (verdict diagnose.Verdict, tested bool) {
	verdict = diagnose.Inconclusive
	for _, r := range list {
		if r.Kind != kind || r.Cell != cell {
			continue
		}
		tested = true
		if r.Verdict == diagnose.Refuted || r.Verdict == diagnose.Confirmed && verdict != diagnose.Refuted {
			verdict = r.Verdict
		}
	}
	return verdict, tested
}

// differs is the factor by which the unchanged crawler may differ from the run.
const differs = 1.5

// busy returns why an experiment decides nothing if the machine disturbed most samples; "" if it did not.
func busy(rounds int, flagged ...int) string {
	for _, n := range flagged {
		if 2*n > rounds {
			return fmt.Sprintf("the machine was busy: %d of %d samples with or without the change are flagged", n, rounds)
		}
	}
	return ""
}

// changed returns why an experiment cannot refute the finding: the unchanged crawler behaves differently than in the
// run, so the cause may be absent. A prediction that holds nevertheless confirms the finding.
func changed(t diagnose.Test, base []float64) string {
	measured := slices.DeleteFunc(slices.Clone(base), math.IsNaN)
	if len(measured) == 0 || t.Was == 0 {
		return ""
	}
	if now := stat.Quantile(measured, 0.5); now > differs*t.Was || now < t.Was/differs {
		return fmt.Sprintf("the unchanged crawler has %.2f times the %s that it had in the run", now/t.Was, t.Metric)
	}
	return ""
}

func missing(n int) []float64 {
	list := make([]float64, n)
	for i := range list {
		list[i] = math.NaN()
	}
	return list
}

// verdict compares an interval with the band of a prediction: within it, apart from it, or neither.
func verdict(b band, lo, hi float64, rounds int) diagnose.Verdict {
	switch {
	case rounds < plan.MinRounds || math.IsInf(hi, 1):
		return diagnose.Inconclusive
	case lo >= b.Lo && hi <= b.Max():
		return diagnose.Confirmed
	case hi < b.Lo || lo > b.Max():
		return diagnose.Refuted
	}
	return diagnose.Inconclusive
}
