package explain

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/crawler"
	"crawlbench/internal/diagnose"
	"crawlbench/internal/measure"
	"crawlbench/internal/plan"
	"crawlbench/internal/profile/breakdown"
	"crawlbench/internal/store"
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

// A finding of a fleet is not tested with processes that lack what it shares.
func TestFindingsOfFleetsAreNotTested(t *testing.T) {
	for processes, want := range map[int]bool{0: true, 1: false, 2: false} {
		f := diagnose.Finding{Rule: &diagnose.Rule{Kind: diagnose.RateLimited},
			Cell: &diagnose.Cell{Cell: plan.Cell{Workers: 2, Procs: 2, Rate: 200, Processes: processes}}}
		f.Value.Median = 0.9
		tests, why := testsOf(subject{f, &plan.Plan{}, store.Manifest{}})
		if (len(tests) > 0) != want || !want && !strings.Contains(why, "fleet") {
			t.Errorf("%d processes: %d tests, %q", processes, len(tests), why)
		}
	}
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
	measured, err := measure.Trial{Crawlers: crawler.All(), Dir: filepath.Join(t.TempDir(), "tests")}.Take(t.Context(),
		Plan(p, tests, plan.MinRounds), "")
	if err != nil {
		t.Fatal(err)
	}
	flagged := 0
	for _, rec := range measured.Samples() {
		if len(rec.Sample.Flags) > 0 {
			flagged++
		}
	}
	if flagged > len(measured.Samples())/10 {
		t.Skipf("the machine is too busy: %d of %d samples are flagged", flagged, len(measured.Samples()))
	}
	r := Results(tests, measured)[0]
	if r.Ratio < 1.3 || r.Ratio > 2.7 || r.Rounds != plan.MinRounds || r.Verdict == diagnose.Refuted {
		t.Errorf("%+v, want about twice the throughput", r)
	}
	if r.Verdict == diagnose.Inconclusive && r.Why == "" && r.Lo >= r.Predicted.Lo {
		t.Errorf("%+v: inconclusive without a reason", r)
	}
}

func TestVerdict(t *testing.T) {
	least, most := band{Lo: 1.5}, band{Hi: 0.75}
	for _, c := range []struct {
		band   band
		lo, hi float64
		rounds int
		want   diagnose.Verdict
	}{
		{least, 1.6, 2, 9, diagnose.Confirmed}, {least, 0.9, 1.1, 9, diagnose.Refuted},
		{least, 1.2, 1.8, 9, diagnose.Inconclusive},
		{most, 0.4, 0.6, 9, diagnose.Confirmed}, {most, 0.9, 1.1, 9, diagnose.Refuted},
		{most, 0.6, 0.9, 9, diagnose.Inconclusive},
		{least, 1.6, 2, 5, diagnose.Inconclusive}, {least, 0, math.Inf(1), 9, diagnose.Inconclusive},
	} {
		if got := verdict(c.band, c.lo, c.hi, c.rounds); got != c.want {
			t.Errorf("%v, [%g, %g] over %d rounds: %s, want %s", c.band, c.lo, c.hi, c.rounds, got, c.want)
		}
	}
}

// found returns the analysis of a run with a finding of a kind, of a cell with a rate and a latency.
func found(t *testing.T, kind diagnose.Kind) *diagnose.Analysis {
	t.Helper()
	return planted{kind: kind, value: 0.5, idle: 0.5, cell: limited, latency: time.Millisecond}.analysis(t)
}

func TestExperimentsChangeOneThing(t *testing.T) {
	for kind, want := range map[diagnose.Kind]func(*plan.Cell){
		diagnose.CollectorBound: func(c *plan.Cell) { c.NoGC = true },
		diagnose.ContendedLock:  func(c *plan.Cell) { c.Workers = 4 },
		diagnose.Yielding:       func(c *plan.Cell) { c.Procs = 1 },
		diagnose.Allocation:     func(c *plan.Cell) { c.NullSet = true },
		diagnose.SmallBurst:     func(c *plan.Cell) { c.Burst = 40 },
		diagnose.RateExceeded:   func(c *plan.Cell) { c.Limiter = "paced" },
		diagnose.SaturatedOwner: func(c *plan.Cell) { c.Workers = 16 }, // one processor tells nothing here
		diagnose.NarrowFrontier: func(c *plan.Cell) { c.Workers = 4 },
		diagnose.LatencyBound:   func(c *plan.Cell) { c.Cost.Latency = 2 * time.Millisecond },
		diagnose.ProcessorBound: func(c *plan.Cell) { c.Procs = 4 },
		diagnose.RateLimited:    func(c *plan.Cell) { c.Rate = 2000 },
	} {
		list, _ := Tests(found(t, kind))
		changed := list[0].Base
		want(&changed)
		if list[0].Changed != changed || changed.Resident {
			t.Errorf("%s: it changes to %+v, want %+v", kind, list[0].Changed, changed)
		}
	}
}

// A busy machine decides nothing.
func TestABusyMachineDecidesNothing(t *testing.T) {
	for _, c := range []struct {
		flagged, other int
		decides        bool
	}{{0, 0, true}, {3, 3, true}, {4, 0, false}, {0, 4, false}} {
		if why := busy(6, c.flagged, c.other); (why == "") != c.decides {
			t.Errorf("%+v: %q", c, why)
		}
	}
}

// A crawler that has changed since the run refutes nothing, but confirms what comes true all the same.
func TestAChangedCrawlerRefutesNothing(t *testing.T) {
	base := []float64{100, 101, 99, 100, math.NaN(), 100}
	for was, same := range map[float64]bool{100: true, 0: true, 140: true, 160: false, 60: false} {
		if why := changed(diagnose.Test{Metric: cpu, Was: was}, base); (why == "") != same {
			t.Errorf("it was %g: %q", was, why)
		}
	}
	p := planted{kind: diagnose.ContendedLock, value: 0.6}
	a := p.analysis(t)
	a.Findings[0].Cell.Summary.Center = 3 * baseSpeed
	list, _ := Tests(a)
	for want, w := range map[diagnose.Verdict]world{diagnose.Confirmed: world(same).where(noSet, measured{3, 1, 1}),
		diagnose.Inconclusive: parallel} {
		for _, r := range w.results(t, a, list) {
			if r.Verdict != want || r.Why == "" {
				t.Errorf("%s because %q, want %s with a reason: %+v", r.Verdict, r.Why, want, r)
			}
		}
	}
}

func TestResults(t *testing.T) {
	a := found(t, diagnose.RateLimited)
	list, _ := Tests(a)
	double := world(same).where(func(c plan.Cell) bool { return c == list[0].Changed }, measured{2, 1, 1})
	results := double.results(t, a, list)
	if r := results[0]; r.Verdict != diagnose.Confirmed || math.Abs(r.Ratio-2) > 0.05 || r.Rounds != 12 {
		t.Errorf("%+v, want twice the throughput", r)
	}
}

// TestNullSet measures a crawler with the null set instead of its own: the same pages, and each once.
func TestNullSet(t *testing.T) {
	s, err := plan.Parse("x.toml", []byte(`
crawlers = ["mutexmap"]
control  = false
workers  = [4]
keys     = ["id", "url"]
sample   = "5ms"
[[graph]]
name   = "g"
kind   = "rmat"
scale  = 8
degree = 8
`))
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Make(s, crawler.All(), 2)
	if err != nil {
		t.Fatal(err)
	}
	var tests []diagnose.Test
	for _, c := range p.Cells {
		c.Resident = false
		x := diagnose.Test{Base: c, Changed: c}
		x.Changed.NullSet = true
		tests = append(tests, x)
	}
	run, err := measure.Trial{Crawlers: crawler.All(), Dir: filepath.Join(t.TempDir(), "tests")}.Take(t.Context(),
		Plan(p, tests, plan.MinRounds), "")
	if err != nil {
		t.Fatal(err)
	}
	pages := map[string]float64{}
	for _, rec := range run.Samples() {
		pages[rec.Cell] = rec.Sample.Values["pages/op"]
	}
	for _, x := range tests {
		if n := pages[x.Base.ID()]; n == 0 || pages[x.Changed.ID()] != n {
			t.Errorf("%s: %v pages, %v with the null set", x.Base.ID(), n, pages[x.Changed.ID()])
		}
	}
}
