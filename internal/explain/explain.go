// Package explain tests the findings of a run by experiments that could refute them.
//
// The input is the analysis of a run. Tests are made from its findings: each changes one thing about the finding's
// cell, such as GOMAXPROCS or the collector, and predicts by how much throughput or processor time then changes if the
// finding is right. The predictions are written down before the experiment is measured, interleaved with the unchanged
// crawler. The output is a Result for each test: confirmed, refuted or inconclusive.
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

// Metric is what a prediction is about.
type Metric string

const (
	Throughput Metric = "throughput"
	CPU        Metric = "processor time per page"
	Window     Metric = "worst window"
)

// Band is the range of ratios, of the changed cell to the unchanged one, that a prediction allows.
type Band struct {
	Lo float64 `json:"lo"`
	Hi float64 `json:"hi"` // 0 means no upper end
}

// hi returns the upper end of b.
func (b Band) hi() float64 {
	if b.Hi == 0 {
		return math.Inf(1)
	}
	return b.Hi
}

// String describes b.
func (b Band) String() string {
	switch {
	case b.Hi == 0:
		return fmt.Sprintf("at least %.2fx", b.Lo)
	case b.Lo == 0:
		return fmt.Sprintf("at most %.2fx", b.Hi)
	}
	return fmt.Sprintf("%.2fx to %.2fx", b.Lo, b.Hi)
}

// Test is an experiment on a finding with its prediction.
type Test struct {
	Kind       diagnose.Kind `json:"kind"`
	Cell       string        `json:"cell"` // of the finding
	Experiment string        `json:"experiment"`
	Metric     Metric        `json:"metric"`
	Predicted  Band          `json:"predicted"`
	Base       plan.Cell     `json:"base"`
	Changed    plan.Cell     `json:"changed"`
	// Was is the metric in the run that the finding is from, in pages/s or seconds per page; 0 if unknown.
	Was float64 `json:"was,omitempty"`
}

// Verdict is the result of a test.
type Verdict string

const (
	Confirmed    Verdict = "confirmed"
	Refuted      Verdict = "refuted"
	Inconclusive Verdict = "inconclusive"
)

// Result is a test with what was observed.
type Result struct {
	Test
	Verdict Verdict `json:"verdict"`
	Ratio   float64 `json:"ratio"` // changed over unchanged, with its 95 % interval over rounds
	Lo      float64 `json:"lo"`
	Hi      float64 `json:"hi"`
	Rounds  int     `json:"rounds"`
	// Why says why the experiment cannot decide, or cannot refute, whatever the interval; "" if it can.
	Why string `json:"why,omitempty"`
}

// Untested is a finding that no experiment tests, with the reason.
type Untested struct {
	diagnose.Finding
	Why string
}

// Tests returns the tests of the findings of a, and the findings for which there is none that leaves the code as it is.
func Tests(a *diagnose.Analysis) (list []Test, untested []Untested) {
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
func testsOf(s subject) (list []Test, why string) {
	why = "no experiment is known for this kind"
	for _, x := range experiments {
		if !slices.Contains(x.kinds, s.Rule.Kind) {
			continue
		}
		changed, reason := x.change(s)
		band := x.predict(s)
		switch {
		case reason != "":
			why = reason
			continue
		case band == Band{}:
			why = fmt.Sprintf("%s would change its %s by too little", x.name, x.metric)
			continue
		}
		t := Test{Kind: s.Rule.Kind, Cell: s.Cell.ID(), Experiment: x.name, Metric: x.metric, Predicted: band,
			Base: s.base(), Changed: changed}
		switch x.metric {
		case Throughput:
			t.Was = s.Cell.Summary.Center
		case CPU:
			t.Was = s.Cell.CPU
		case Window:
			t.Was = s.Cell.Window()
		}
		list = append(list, t)
	}
	return list, why
}

// Plan returns the plan that measures the tests: the cells of p that they need, each unchanged and changed, in the same
// rounds.
func Plan(p *plan.Plan, list []Test, rounds int) *plan.Plan {
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
func Results(list []Test, run *store.Run) []Result {
	results := make([]Result, len(list))
	for i, t := range list {
		values, flagged := map[string][]float64{}, map[string]int{}
		for _, rec := range run.Samples() {
			if values[rec.Cell] == nil {
				values[rec.Cell] = missing(run.Plan().Rounds)
			}
			values[rec.Cell][rec.Round] = t.Metric.of(rec.Sample)
			if t.doubtful(rec.Sample.Flags) {
				flagged[rec.Cell]++
			}
		}
		p := stat.Pair(values[t.Base.ID()], values[t.Changed.ID()])
		r := Result{Test: t, Verdict: verdict(t.Predicted, p.Lo, p.Hi, p.N), Ratio: p.Ratio, Lo: p.Lo, Hi: p.Hi,
			Rounds: p.N}
		base := values[t.Base.ID()]
		if r.Why = busy(len(base), flagged[t.Base.ID()], flagged[t.Changed.ID()]); r.Why != "" {
			r.Verdict = Inconclusive
		} else if r.Why = t.changed(base); r.Why != "" && r.Verdict == Refuted {
			r.Verdict = Inconclusive
		}
		if math.IsNaN(r.Ratio) || math.IsInf(r.Hi, 1) { // JSON has neither
			r.Ratio, r.Lo, r.Hi = 0, 0, 0
		}
		results[i] = r
	}
	return results
}

// of returns the metric of a sample, NaN if it has none.
func (m Metric) of(s *store.Sample) float64 {
	switch v := s.Values; {
	case m == Throughput:
		return v["pages/op"] / v["sec/op"]
	case m == CPU:
		return v["cpu-sec/op"] / v["pages/op"]
	case s.Pace != nil:
		return s.Pace.Worst
	}
	return math.NaN()
}

// doubtful reports whether flags mean that the machine disturbed the experiment. That the control group stops the crawl
// is what a finding about it says.
func (t Test) doubtful(flags []string) bool {
	return slices.ContainsFunc(flags, func(f string) bool { return f != "throttled" || t.Kind != diagnose.Throttled })
}

// Combined returns the verdict on a finding: refuted if one test refutes it, else confirmed if one confirms it, else
// inconclusive. It returns false if the finding was not tested.
func Combined(list []Result, kind diagnose.Kind, cell string) (verdict Verdict, tested bool) {
	verdict = Inconclusive
	for _, r := range list {
		if r.Kind != kind || r.Cell != cell {
			continue
		}
		tested = true
		if r.Verdict == Refuted || r.Verdict == Confirmed && verdict != Refuted {
			verdict = r.Verdict
		}
	}
	return verdict, tested
}

// differs is the factor by which the unchanged crawler may differ from what it was in the run.
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

// changed returns why an experiment cannot refute the finding: the unchanged crawler is not what it was in the run, so
// that the cause may be absent. A prediction that comes true all the same confirms it.
func (t Test) changed(base []float64) string {
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
func verdict(b Band, lo, hi float64, rounds int) Verdict {
	switch {
	case rounds < plan.MinRounds || math.IsInf(hi, 1):
		return Inconclusive
	case lo >= b.Lo && hi <= b.hi():
		return Confirmed
	case hi < b.Lo || lo > b.hi():
		return Refuted
	}
	return Inconclusive
}
