package explain

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/graph"
	"crawlbench/internal/plan"
	"crawlbench/internal/profile"
	"crawlbench/internal/profile/breakdown"
	"crawlbench/internal/stat"
	"crawlbench/internal/store"
	"crawlbench/internal/testing/runtest"
)

// What every world has in common: a cell with 8 workers on 2 processors, and what is measured of it.
const (
	baseSpeed = 1e5 // pages/s
	baseCPU   = 2e-5
	baseWorst = 2.5
	inSet     = "main.(*set).AddNew main.go:20"
)

// measured is what is measured of a cell, as ratios to what is measured of the finding's cell.
type measured struct{ speed, cpu, worst float64 }

// world says what is measured of a changed cell.
type world func(c plan.Cell) measured

// same is a world in which nothing matters.
func same(plan.Cell) measured { return measured{1, 1, 1} }

// parallel is a world in which workers keep the processors busy.
func parallel(c plan.Cell) measured {
	cpu := 1 + c.Cost.CPU.Seconds()/baseCPU
	return measured{float64(min(c.Workers, c.Procs)) / 2 / cpu, cpu, 1}
}

// asleep is a world in which all workers wait for something that is not scarce.
func asleep(c plan.Cell) measured { return measured{float64(c.Workers) / 8, 1, 1} }

// where changes a world for cells that is accepts.
func (w world) where(is func(plan.Cell) bool, m measured) world {
	return func(c plan.Cell) measured {
		if is(c) {
			return m
		}
		return w(c)
	}
}

func noSet(c plan.Cell) bool      { return c.NullSet }
func alone(c plan.Cell) bool      { return c.Procs == 1 }
func fromMemory(c plan.Cell) bool { return c.Transport == plan.Memory }
func isPaced(c plan.Cell) bool    { return c.Limiter == "paced" }

// planted is a finding, and what experiments measure if it is right and if it is wrong.
type planted struct {
	kind         diagnose.Kind
	value, idle  float64 // of the finding; the share of the processors' time without work
	cell         func(*plan.Cell)
	latency      time.Duration
	right, wrong world
}

func limited(c *plan.Cell) { c.Rate = 1000 }

func remote(c *plan.Cell) { c.Keys, c.Transport = "url", plan.HTTP }

var plants = []planted{
	{kind: diagnose.StoppedGaining, value: 0.9, right: same, wrong: asleep},
	{kind: diagnose.ContendedLock, value: 0.6, right: world(same).where(noSet, measured{3, 1, 1}), wrong: parallel},
	{kind: diagnose.ContendedLock, value: 0.6, latency: time.Millisecond, wrong: asleep,
		right: world(same).where(noSet, measured{3, 1, 1})},
	{kind: diagnose.LoggerLock, value: 0.6, right: world(same).where(noSet, measured{3, 1, 1}), wrong: parallel},
	{kind: diagnose.ChannelAsLock, value: 0.6, right: world(same).where(noSet, measured{3, 1, 1}), wrong: parallel},
	{kind: diagnose.HeldAcross, value: 0.8, idle: 0.9, wrong: asleep,
		right: world(same).where(noSet, measured{8, 1, 1})},
	{kind: diagnose.Sleeping, value: 0.5, idle: 0.6, right: asleep, wrong: parallel},
	{kind: diagnose.Yielding, value: 0.5, right: world(same).where(alone, measured{1, 0.5, 1}), wrong: same},
	{kind: diagnose.SmallChannel, value: 2, right: world(same).where(alone, measured{1.1, 0.6, 1}), wrong: same},
	{kind: diagnose.Herd, value: 5, wrong: same,
		right: func(c plan.Cell) measured { return measured{1, 0.3 + 0.7*float64(c.Workers)/8, 1} }},
	{kind: diagnose.SaturatedOwner, value: 0.95, idle: 0.4, right: same, wrong: parallel},
	{kind: diagnose.SerialStage, value: 0.95, idle: 0.9, right: same, wrong: asleep},
	{kind: diagnose.LongTail, value: 0.5, right: world(same).where(alone, measured{1 / 1.5, 1, 1}), wrong: parallel},
	{kind: diagnose.LongTail, value: 0.5, latency: time.Millisecond, wrong: asleep,
		right: func(c plan.Cell) measured { return measured{1 / (0.5 + 0.5*8/float64(c.Workers)), 1, 1} }},
	{kind: diagnose.NarrowFrontier, value: 0.85, idle: 0.5, right: same, wrong: asleep},
	{kind: diagnose.IdleWorkers, value: 0.85, idle: 0.5, right: same, wrong: parallel},
	{kind: diagnose.CollectorBound, value: 0.3, wrong: same,
		right: world(same).where(func(c plan.Cell) bool { return c.NoGC }, measured{1.4, 0.7, 1})},
	{kind: diagnose.Allocation, value: 0.3, right: world(same).where(noSet, measured{1.6, 0.5, 1}), wrong: same},
	{kind: diagnose.SystemCalls, value: 0.3, right: world(same).where(noSet, measured{1.6, 0.5, 1}), wrong: same},
	{kind: diagnose.ReaderCounter, value: 2, right: grows, wrong: same},
	{kind: diagnose.HotAtomic, value: 2, right: grows, wrong: same},
	{kind: diagnose.HotLine, value: 2, right: grows, wrong: same},
	{kind: diagnose.MemoryCopies, value: 2, right: grows, wrong: same},
	{kind: diagnose.WastedCycles, value: 2, right: grows, wrong: same},
	{kind: diagnose.LatencyBound, value: 0.9, latency: time.Millisecond, wrong: same,
		right: func(c plan.Cell) measured {
			return measured{1 / (0.1 + 0.9*max(1, c.Cost.Latency.Seconds()*1000)), 1, 1}
		}},
	{kind: diagnose.BusySite, value: 0.6, cell: remote, right: same, wrong: asleep},
	{kind: diagnose.Parsing, value: 0.4, cell: remote, wrong: same,
		right: world(same).where(fromMemory, measured{9, 0.1, 1})},
	{kind: diagnose.Connections, value: 0.3, cell: remote, wrong: same,
		right: world(same).where(fromMemory, measured{9, 0.1, 1})},
	{kind: diagnose.ProcessorBound, value: 0.7, right: parallel, wrong: same},
	{kind: diagnose.RateLimited, value: 0.9, cell: limited, wrong: same,
		right: func(c plan.Cell) measured { return measured{float64(c.Rate) / 1000, 1, 1} }},
	{kind: diagnose.SmallBurst, value: 0.8, cell: limited, wrong: same,
		right: world(same).where(func(c plan.Cell) bool { return c.Burst == 40 }, measured{1.25, 1, 1})},
	{kind: diagnose.Throttled, value: 0.4, right: world(same).where(alone, measured{1 / 1.2, 1, 1}), wrong: parallel},
	{kind: diagnose.RateExceeded, value: 1.3, cell: limited, wrong: same,
		right: world(same).where(isPaced, measured{1 / 1.3, 1, 1})},
	{kind: diagnose.BurstExceeded, value: baseWorst, cell: limited, wrong: same,
		right: world(same).where(isPaced, measured{1, 1, 1 / baseWorst})},
}

// grows is a world in which half of the processor time comes from other cores that change what is in the set.
func grows(c plan.Cell) measured {
	if c.Procs == 1 || c.NullSet {
		return measured{1, 0.5, 1}
	}
	return measured{1, 1, 1}
}

// analysis returns the analysis of a run with the finding.
func (p planted) analysis(t *testing.T) *diagnose.Analysis {
	t.Helper()
	c := plan.Cell{Impl: "a", Graph: "g", Keys: "id", Workers: 8, Procs: 2}
	if p.cell != nil {
		p.cell(&c)
	}
	of := &plan.Plan{Scenario: "s", Seed: 1, Crawlers: []string{"a"}, Graphs: []plan.Graph{{Name: "g"}},
		Cells: []plan.Cell{c}}
	if p.latency > 0 {
		of.Fetch = graph.Behaviour{Latency: graph.Latency{Model: "constant", Median: p.latency}}
	}
	of.SetRounds(1)
	run, err := store.Create(filepath.Join(t.TempDir(), "run"), store.Manifest{OnEngine: []string{"a"},
		Host: map[string]string{"cores": "4"}}, of)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { run.Close() })
	trace := &breakdown.Breakdown{Workers: 8, Crawls: 1, Pages: 1000, Wall: 1, Worker: 8,
		Seconds: map[breakdown.State]float64{breakdown.Running: 2 * (1 - p.idle),
			breakdown.Other: 8 - 2*(1-p.idle)}}
	traced := []*breakdown.Breakdown{trace, trace, trace}
	shares, err := breakdown.Summarize(traced)
	if err != nil {
		t.Fatal(err)
	}
	c.Resident = true // as a cell of a block
	f := diagnose.Finding{Rule: &diagnose.Rule{Kind: p.kind}, Cell: &diagnose.Cell{Cell: c, CPU: baseCPU,
		Summary: stat.Summary{Center: baseSpeed},
		Traces:  &diagnose.Traces{Breakdowns: traced, Shares: shares},
		Usage: &profile.Usage{Repeats: []profile.Repeat{{Pages: 1000, Samples: 100, Seconds: map[profile.Class]float64{
			profile.OwnCode: 0.5, profile.Channels: 0.25, profile.Scheduler: 0.25}}}}},
		Value: diagnose.Value{Range: breakdown.Range{Min: p.value, Median: p.value, Max: p.value}},
		Spot:  &profile.Spot{Where: inSet}, Site: &breakdown.Site{Where: inSet},
		Grown: &diagnose.Growth{More: stat.Interval{Value: baseCPU / 2}}}
	return &diagnose.Analysis{Run: run, Findings: []diagnose.Finding{f}}
}

// results fabricates the measurements of a world and compares them with the predictions.
func (w world) results(t *testing.T, a *diagnose.Analysis, list []diagnose.Test) []diagnose.TestResult {
	t.Helper()
	p := Plan(a.Run.Plan(), list, 12)
	run, err := runtest.Run{Plan: p, Noise: 0.01,
		Speed: func(c plan.Cell, _ int) float64 { return baseSpeed * w(c).speed },
		Change: func(c plan.Cell, rec *store.Record) {
			v := rec.Sample.Values
			noise := v["sec/op"] / v["pages/op"] * baseSpeed * w(c).speed
			v["cpu-sec/op"] = baseCPU * w(c).cpu * v["pages/op"] * noise
			rec.Sample.Pace = &store.Pace{Asked: float64(c.Rate), Worst: baseWorst * w(c).worst * noise}
			rec.Sample.Host["throttled-sec"] = 0.1
			if list[0].Kind == diagnose.Throttled {
				rec.Sample.Flags = []string{"throttled"} // which is what the finding says
			}
		}}.Write(filepath.Join(t.TempDir(), "tests"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { run.Close() })
	return Results(list, run)
}

// TestPlantedFindings tests findings of every kind by measurements of a world in which they are right, and of one in
// which they are wrong.
func TestPlantedFindings(t *testing.T) {
	planted := map[diagnose.Kind]bool{}
	for _, p := range plants {
		planted[p.kind] = true
		t.Run(string(p.kind), func(t *testing.T) {
			a := p.analysis(t)
			list, untested := Tests(a)
			if len(list) == 0 {
				t.Fatalf("no experiment: %+v", untested)
			}
			id := a.Findings[0].Cell.ID()
			for want, w := range map[diagnose.Verdict]world{diagnose.Confirmed: p.right, diagnose.Refuted: p.wrong} {
				results := w.results(t, a, list)
				if got, tested := Combined(results, p.kind, id); got != want || !tested {
					t.Errorf("%s, want %s: %+v", got, want, results)
				}
				for _, r := range results {
					if want == diagnose.Confirmed && r.Verdict == diagnose.Refuted {
						t.Errorf("%s refutes what is right: %+v", r.Experiment, r)
					}
				}
			}
		})
	}
	for _, r := range diagnose.Rules() {
		if !planted[r.Kind] {
			t.Errorf("%s: no finding is planted", r.Kind)
		}
	}
}

// Where no experiment is possible, the reason is said.
func TestWhatCannotBeTestedSaysWhy(t *testing.T) {
	for _, c := range []struct {
		plant planted
		spot  string
		says  string
	}{
		{planted{kind: diagnose.SystemCalls, value: 0.3}, "engine.(*pool[...]).refill pool.go:80", "crawlbench causal"},
		{planted{kind: diagnose.Allocation, value: 0.3}, "", "crawlbench causal"},
		{planted{kind: diagnose.Allocation, value: 0.05}, inSet, "too little"},
		{planted{kind: diagnose.WastedCycles, value: 2, cell: func(c *plan.Cell) { c.Procs = 1 }}, inSet,
			"one processor"},
		{planted{kind: diagnose.StoppedGaining, cell: func(c *plan.Cell) { c.Workers = 7 }}, inSet, "halved"},
		{planted{kind: diagnose.RateExceeded, value: 1.3, cell: func(c *plan.Cell) { c.Rate, c.Limiter = 9, "paced" }},
			inSet, "idle machine"},
		{planted{kind: "another"}, inSet, "no experiment is known"},
	} {
		a := c.plant.analysis(t)
		a.Findings[0].Spot.Where = c.spot
		list, untested := Tests(a)
		if len(list) > 0 || len(untested) != 1 || !strings.Contains(untested[0].Why, c.says) {
			t.Errorf("%s: tests %+v, untested %+v, want %q", c.plant.kind, list, untested, c.says)
		}
	}
}
