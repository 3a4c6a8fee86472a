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
	// Why says why the experiment cannot decide, whatever the interval; "" if it can.
	Why string `json:"why,omitempty"`
}

// Tests returns the tests of the findings of a, and the findings for which there is no experiment that leaves the code
// as it is.
func Tests(a *diagnose.Analysis) (list []Test, untested []diagnose.Finding) {
	for _, f := range a.Findings {
		t, ok := testOf(a, f)
		if !ok {
			untested = append(untested, f)
			continue
		}
		list = append(list, t)
	}
	return list, untested
}

func testOf(a *diagnose.Analysis, f diagnose.Finding) (Test, bool) {
	for _, x := range experiments {
		if !slices.Contains(x.kinds, f.Rule.Kind) {
			continue
		}
		base := f.Cell.Cell
		base.Resident = false // every sample in a fresh process, the changed one too
		changed, ok := x.change(base, f.Cell, a.Run.Plan())
		if !ok || changed == base {
			return Test{}, false
		}
		if band := x.predict(f, base); band != (Band{}) {
			t := Test{Kind: f.Rule.Kind, Cell: f.Cell.ID(), Experiment: x.name, Metric: x.metric, Predicted: band,
				Base: base, Changed: changed, Was: f.Cell.Summary.Center}
			if x.metric == CPU {
				t.Was = f.Cell.CPU
			}
			return t, true
		}
	}
	return Test{}, false
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
	speed, cpu, flagged := map[string][]float64{}, map[string][]float64{}, map[string]int{}
	for _, rec := range run.Samples() {
		if speed[rec.Cell] == nil {
			speed[rec.Cell], cpu[rec.Cell] = missing(run.Plan().Rounds), missing(run.Plan().Rounds)
		}
		v := rec.Sample.Values
		speed[rec.Cell][rec.Round] = v["pages/op"] / v["sec/op"]
		cpu[rec.Cell][rec.Round] = v["cpu-sec/op"] / v["pages/op"]
		if len(rec.Sample.Flags) > 0 {
			flagged[rec.Cell]++
		}
	}
	results := make([]Result, len(list))
	for i, t := range list {
		values := speed
		if t.Metric == CPU {
			values = cpu
		}
		p := stat.Pair(values[t.Base.ID()], values[t.Changed.ID()])
		r := Result{Test: t, Verdict: verdict(t.Predicted, p.Lo, p.Hi, p.N), Ratio: p.Ratio, Lo: p.Lo, Hi: p.Hi,
			Rounds: p.N}
		r.Why = doubt(t, values[t.Base.ID()], flagged[t.Base.ID()], flagged[t.Changed.ID()])
		if r.Why != "" {
			r.Verdict = Inconclusive
		}
		if math.IsNaN(r.Ratio) || math.IsInf(r.Hi, 1) { // JSON has neither
			r.Ratio, r.Lo, r.Hi = 0, 0, 0
		}
		results[i] = r
	}
	return results
}

// differs is the factor by which the unchanged crawler may differ from what it was in the run.
const differs = 1.5

// doubt returns why an experiment says nothing about the finding: the machine was busy, or the unchanged crawler is not
// what it was in the run, so that the cause may be absent.
func doubt(t Test, base []float64, flagged ...int) string {
	for _, n := range flagged {
		if 2*n > len(base) {
			return fmt.Sprintf("the machine was busy: %d of %d samples with or without the change are flagged", n, len(base))
		}
	}
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
