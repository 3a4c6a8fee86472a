package explain

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"crawlbench/internal/breakdown"
	"crawlbench/internal/crawler"
	"crawlbench/internal/diagnose"
	"crawlbench/internal/measure"
	"crawlbench/internal/plan"
	"crawlbench/internal/store"
	"crawlbench/internal/trial"
	"crawlbench/internal/web"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == measure.ChildVerb {
		if err := measure.Child(context.Background(), os.Stdin, crawler.All()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestExperiment measures an experiment: a crawl that waits for its limiter becomes faster with twice the rate.
func TestExperiment(t *testing.T) {
	s, err := plan.Parse("x.toml", []byte(`
crawlers = ["cas"]
control  = false
workers  = [4]
rate     = [200]
sample   = "100ms"
[[graph]]
name  = "g"
kind  = "hosts"
pages = 300
`))
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Make(s, crawler.All(), 2)
	if err != nil {
		t.Fatal(err)
	}
	run, err := store.Create(filepath.Join(t.TempDir(), "run"), store.Manifest{}, p)
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	tests, _ := Tests(&diagnose.Analysis{Run: run, Findings: []diagnose.Finding{{
		Rule: &diagnose.Rule{Kind: diagnose.RateLimited}, Cell: &diagnose.Cell{Cell: p.Cells[0]},
		Value: diagnose.Value{Range: breakdown.Range{Min: 0.9, Median: 0.9, Max: 0.9}}}}})
	measured, err := trial.Trial{Crawlers: crawler.All(), Dir: filepath.Join(t.TempDir(), "tests")}.Take(t.Context(),
		Plan(p, tests, plan.MinRounds), "")
	if err != nil {
		t.Fatal(err)
	}
	r := Results(tests, measured.Run)[0]
	if r.Ratio < 1.3 || r.Ratio > 2.7 || r.Rounds != plan.MinRounds || r.Verdict == Refuted {
		t.Errorf("%+v, want about twice the throughput", r)
	}
	if r.Verdict == Inconclusive && r.Why == "" && r.Lo >= r.Predicted.Lo {
		t.Errorf("%+v: inconclusive without a reason", r)
	}
}

func TestVerdict(t *testing.T) {
	least, most := Band{Lo: 1.5}, Band{Hi: 0.75}
	for _, c := range []struct {
		band   Band
		lo, hi float64
		rounds int
		want   Verdict
	}{
		{least, 1.6, 2, 9, Confirmed}, {least, 0.9, 1.1, 9, Refuted}, {least, 1.2, 1.8, 9, Inconclusive},
		{most, 0.4, 0.6, 9, Confirmed}, {most, 0.9, 1.1, 9, Refuted}, {most, 0.6, 0.9, 9, Inconclusive},
		{least, 1.6, 2, 5, Inconclusive}, {least, 0, math.Inf(1), 9, Inconclusive},
	} {
		if got := verdict(c.band, c.lo, c.hi, c.rounds); got != c.want {
			t.Errorf("%v, [%g, %g] over %d rounds: %s, want %s", c.band, c.lo, c.hi, c.rounds, got, c.want)
		}
	}
}

// testable are the kinds of findings that some experiment tests without a change of the code.
var testable = map[diagnose.Kind]string{
	diagnose.StoppedGaining: "half the workers", diagnose.RateLimited: "twice the rate",
	diagnose.LatencyBound: "twice the latency", diagnose.ContendedLock: "GOMAXPROCS 1",
	diagnose.SaturatedOwner: "twice the workers", diagnose.NarrowFrontier: "half the workers",
	diagnose.CollectorBound: "collector off", diagnose.WastedCycles: "GOMAXPROCS 1",
	diagnose.ProcessorBound: "twice the processor time of a page",
}

// found returns the analysis of a run with a finding of a kind with the value 0.5, of a cell with 8 workers, a rate, a
// latency and 2 us of processor time a page.
func found(t *testing.T, kind diagnose.Kind) *diagnose.Analysis {
	t.Helper()
	c := plan.Cell{Impl: "a", Graph: "g", Keys: "id", Workers: 8, Rate: 1000, Procs: 2}
	p := &plan.Plan{Scenario: "s", Seed: 1, Crawlers: []string{"a"}, Graphs: []plan.Graph{{Name: "g"}},
		Cells: []plan.Cell{c}, Fetch: web.Behaviour{Latency: web.Latency{Model: "constant", Median: time.Millisecond}}}
	p.SetRounds(1)
	run, err := store.Create(filepath.Join(t.TempDir(), "run"), store.Manifest{}, p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { run.Close() })
	c.Resident = true // as a cell of a block
	return &diagnose.Analysis{Run: run, Findings: []diagnose.Finding{{Rule: &diagnose.Rule{Kind: kind},
		Cell:  &diagnose.Cell{Cell: c, CPU: 2e-6},
		Value: diagnose.Value{Range: breakdown.Range{Min: 0.5, Median: 0.5, Max: 0.5}}}}}
}

func TestEveryRuleThatCanBeTestedIs(t *testing.T) {
	for kind, name := range testable {
		list, untested := Tests(found(t, kind))
		if len(list) != 1 || len(untested) != 0 || list[0].Experiment != name {
			t.Errorf("%s: tests %+v, want %s", kind, list, name)
			continue
		}
		if x := list[0]; x.Base.Resident || x.Base == x.Changed || x.Predicted == (Band{}) {
			t.Errorf("%s: it changes %+v to %+v, predicted %v", kind, x.Base, x.Changed, x.Predicted)
		}
	}
	if list, untested := Tests(found(t, "another")); len(list) != 0 || len(untested) != 1 {
		t.Errorf("a kind without an experiment: tests %v, untested %v", list, untested)
	}
}

func TestExperimentsChangeOneThing(t *testing.T) {
	for kind, want := range map[diagnose.Kind]func(*plan.Cell){
		diagnose.CollectorBound: func(c *plan.Cell) { c.NoGC = true },
		diagnose.ContendedLock:  func(c *plan.Cell) { c.Procs = 1 },
		diagnose.SaturatedOwner: func(c *plan.Cell) { c.Workers = 16 },
		diagnose.NarrowFrontier: func(c *plan.Cell) { c.Workers = 4 },
		diagnose.LatencyBound:   func(c *plan.Cell) { c.Cost.Latency = 2 * time.Millisecond },
		diagnose.ProcessorBound: func(c *plan.Cell) { c.Cost.CPU = 2 * time.Microsecond },
		diagnose.RateLimited:    func(c *plan.Cell) { c.Rate = 2000 },
	} {
		list, _ := Tests(found(t, kind))
		changed := list[0].Base
		want(&changed)
		if list[0].Changed != changed {
			t.Errorf("%s: it changes to %+v, want %+v", kind, list[0].Changed, changed)
		}
	}
}

// TestDoubt checks that a busy machine, or a crawler that has changed since the run, refutes nothing.
func TestDoubt(t *testing.T) {
	base := []float64{100, 101, 99, 100, math.NaN(), 100}
	for _, c := range []struct {
		was            float64
		flagged, other int
		decides        bool
	}{{100, 0, 0, true}, {0, 0, 0, true}, {140, 3, 3, true}, {100, 4, 0, false}, {100, 0, 4, false}, {160, 0, 0, false},
		{60, 0, 0, false}} {
		why := doubt(Test{Metric: CPU, Was: c.was}, base, c.flagged, c.other)
		if (why == "") != c.decides {
			t.Errorf("%+v: %q", c, why)
		}
	}
}

// TestResults measures nothing: the samples are made so that the changed cell has a known throughput.
func TestResults(t *testing.T) {
	for factor, want := range map[float64]Verdict{2: Confirmed, 1: Refuted} {
		a := found(t, diagnose.RateLimited)
		list, _ := Tests(a)
		p := Plan(a.Run.Plan(), list, 8)
		run, err := store.Create(filepath.Join(t.TempDir(), "tests"), store.Manifest{}, p)
		if err != nil {
			t.Fatal(err)
		}
		defer run.Close()
		for _, s := range p.Schedule {
			c := p.Cells[s.Cell]
			speed := 1000 * (1 + 0.01*float64(s.Round))
			if c == list[0].Changed {
				speed *= factor * (1 + 0.001*float64(s.Round%3))
			}
			values := map[string]float64{}
			for _, u := range store.Units() {
				values[u] = 1
			}
			values["pages/op"], values["sec/op"] = 1000, 1000/speed
			rec := store.Record{Kind: store.KindSample, Round: s.Round, Slot: s.Slot, Cell: c.ID(), Wall: 1,
				Sample: &store.Sample{Crawls: 1, Seconds: []float64{1000 / speed}, Values: values,
					Host: map[string]float64{}}}
			if err := run.Append(rec); err != nil {
				t.Fatal(err)
			}
		}
		results := Results(list, run)
		if r := results[0]; r.Verdict != want || math.Abs(r.Ratio-factor) > 0.01 || r.Rounds != 8 {
			t.Errorf("factor %g: %+v, want %s", factor, r, want)
		}
		if err := WriteResults(a.Run, results); err != nil {
			t.Fatal(err)
		}
		back, err := Read(a.Run)
		if err != nil || fmt.Sprint(back) != fmt.Sprint(results) {
			t.Errorf("read %+v, error %v, want %+v", back, err, results)
		}
	}
}

func TestReadOfAnUntestedRun(t *testing.T) {
	if list, err := Read(found(t, diagnose.RateLimited).Run); err != nil || list != nil {
		t.Errorf("%v, error %v", list, err)
	}
}
