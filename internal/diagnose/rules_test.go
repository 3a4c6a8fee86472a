package diagnose_test

import (
	"slices"
	"testing"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plan"
	"crawlbench/internal/profile/breakdown"
	"crawlbench/internal/stat"
	"crawlbench/internal/store"
	"crawlbench/internal/testing/runtest"
)

// The rules, by value: a changed threshold must be changed in this table as well.
func TestTheRules(t *testing.T) {
	type rule struct {
		kind             diagnose.Kind
		per              diagnose.Scope
		class            breakdown.State
		least, low, high float64
		yields           diagnose.Kind
	}
	want := []rule{
		{kind: "stopped scaling", high: 1.03},
		{kind: "rate-limited", class: breakdown.RateLimit, least: 0.5, low: 0.25},
		{kind: "busy site", class: breakdown.Network, least: 0.5, low: 0.25, yields: "rate-limited"},
		{kind: "latency-bound", class: breakdown.Network, least: 0.5, low: 0.25, yields: "rate-limited"},
		{kind: "connections", least: 0.1, low: 0.1},
		{kind: "parsing", least: 0.3, low: 0.2},
		{kind: "small burst", high: 0.95},
		{kind: "logger's lock", least: 0.15, low: 0.075},
		{kind: "lock held across a wait", least: 0.15, low: 0.075, yields: "logger's lock"},
		{kind: "contended lock", class: breakdown.Lock, least: 0.15, low: 0.075, yields: "logger's lock"},
		{kind: "channel as lock", least: 0.15, low: 0.075},
		{kind: "sleeping", least: 0.15, low: 0.08, yields: "lock held across a wait"},
		{kind: "yielding", least: 0.25, low: 0.12},
		{kind: "thundering herd", least: 0.5, low: 0.25},
		{kind: "saturated owner", least: 0.75, low: 0.75},
		{kind: "serial stage", least: 0.75, low: 0.75, yields: "saturated owner"},
		{kind: "long tail", least: 0.25, low: 0.15},
		{kind: "narrow frontier", class: breakdown.Idle, least: 0.4, low: 0.2, yields: "saturated owner"},
		{kind: "idle workers", class: breakdown.Idle, least: 0.4, low: 0.2, yields: "saturated owner"},
		{kind: "small channel", least: 0.5, low: 0.25, yields: "rate-limited"},
		{kind: "collector-bound", least: 0.15, low: 0.08, yields: "rate-limited"},
		{kind: "allocation", least: 0.25, low: 0.15, yields: "rate-limited"},
		{kind: "system calls", least: 0.2, low: 0.12, yields: "rate-limited"},
		{kind: "readers' counter", least: 1.5, low: 1},
		{kind: "hot atomic", least: 1.5, low: 1},
		{kind: "hot line", least: 1.5, low: 1, yields: "contended lock"},
		{kind: "memory copies", least: 1.5, low: 1},
		{kind: "wasted cycles", least: 1.5, low: 1, yields: "collector-bound"},
		{kind: "processor-bound", per: diagnose.PerGroup, class: breakdown.Runnable, least: 0.4, low: 0.2,
			yields: "yielding"},
		{kind: "throttled", per: diagnose.PerTable, least: 0.02},
		{kind: "rate exceeded", per: diagnose.PerTable, least: 1.01},
		{kind: "burst exceeded", per: diagnose.PerTable, least: 1.5, yields: "rate exceeded"},
	}
	var got []rule
	for _, r := range diagnose.Rules() {
		x := rule{kind: r.Kind, per: r.Per, class: r.Class, least: r.Least, low: r.Low, high: r.High}
		if len(r.Yields) > 0 {
			x.yields = r.Yields[0]
		}
		got = append(got, x)
	}
	if !slices.Equal(got, want) {
		t.Errorf("have\n%+v\nwant\n%+v", got, want)
	}
}

// traced returns a cell with three traces in which a state has the given shares.
func traced(t *testing.T, class breakdown.State, shares ...float64) *diagnose.Cell {
	t.Helper()
	c := &diagnose.Cell{Cell: plan.Cell{Workers: 8, Procs: 2}, Traces: &diagnose.Traces{},
		Site: store.GraphInfo{Reachable: 100, Depth: 99}}
	for _, s := range shares {
		c.Traces.Breakdowns = append(c.Traces.Breakdowns,
			&breakdown.Breakdown{Worker: 1, Seconds: map[breakdown.State]float64{class: s, breakdown.Running: 1 - s}})
	}
	var err error
	if c.Traces.Shares, err = breakdown.Summarize(c.Traces.Breakdowns); err != nil {
		t.Fatal(err)
	}
	return c
}

// A rule about a state holds from its threshold for the median, and half of it for the lowest trace.
func TestRulesAboutSharesHoldFromTheirThresholds(t *testing.T) {
	const e = 1e-6
	for _, r := range diagnose.Rules() {
		if r.Class == "" {
			continue
		}
		for _, test := range []struct {
			shares []float64
			holds  bool
			agree  int
		}{
			{[]float64{r.Low, r.Least, 0.9}, true, 2},
			{[]float64{r.Low - e, r.Least, 0.9}, false, 2},
			{[]float64{r.Low, r.Least - e, 0.9}, false, 1},
		} {
			c := traced(t, r.Class, test.shares...)
			switch r.Kind {
			case diagnose.BusySite: // crawler and site use all of the two processors
				c.Transport, c.CPU, c.SiteCPU, c.Wall = plan.HTTP, 2, 1, 0.5
			case diagnose.IdleWorkers:
				c.Site.Depth = 0 // all pages are known from the start
			}
			v, holds := r.Holds(c)
			if holds != test.holds || v.N != 3 || v.Agree != test.agree || v.Max != 0.9 {
				t.Errorf("%s of %v: %v, %+v", r.Kind, test.shares, holds, v)
			}
		}
		if _, holds := r.Holds(&diagnose.Cell{Cell: plan.Cell{Workers: 8, Procs: 2}}); holds {
			t.Errorf("%s holds for a cell without traces", r.Kind)
		}
	}
}

// All comparisons are kept, adjusted as one family, and found in both directions.
func TestComparisonsAreKeptAsTheyWereAdjusted(t *testing.T) {
	a, err := diagnose.Analyse(runtest.Showcase(t))
	if err != nil {
		t.Fatal(err)
	}
	count := map[bool]int{}
	for _, table := range a.Tables {
		for _, w := range table.Workers {
			g := table.Group(w)
			for i, x := range g.Cells {
				for _, y := range g.Cells[i+1:] {
					c, kept := y.Compared(x)
					if !kept || c != g.Comparison(y.Impl, x.Impl) || c.Look != 0 || c.Blocks != 12 {
						t.Fatalf("%s and %s: %+v", x.ID(), y.ID(), c)
					}
					count[table.Rate > 0]++
					back, times := g.Comparison(x.Impl, y.Impl), c.Times()
					if back.P != c.P || back.Ratio != times || back.Against != c.Other {
						t.Errorf("turned round %+v is %+v", c, back)
					}
				}
			}
		}
	}
	// All are declared; of those without a rate two are missing, as owner failed with one worker.
	if f := a.Families; f.Unlimited.Size != 9 || count[false] != 7 || f.RateLimited.Size != count[true] {
		t.Errorf("%v comparisons without and with a rate, declared %d and %d", count, f.Unlimited.Size, f.RateLimited.Size)
	}
	one, other := a.Tables[0].Cell("cas", 1), a.Tables[0].Cell("cas", 8)
	if c, kept := other.Compared(one); kept || c.Verdict != stat.Inconclusive || c.Ratio.Value > 0.5 {
		t.Errorf("of other numbers of workers: %v %+v", kept, c)
	}
	if a.Tables[0].Group(3).Comparison("cas", "mutexmap") != nil || a.Cell("impl=nothing") != nil {
		t.Error("a comparison was found that does not exist")
	}
}

// A contended lock names a faster crawler by the comparison that the run has made; where that is not significant after
// the adjustment, it names none, even if it would be by itself.
func TestAContendedLockRefersToAnAdjustedComparison(t *testing.T) {
	a, err := diagnose.Analyse(runtest.Showcase(t))
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, f := range a.Findings {
		if f.Rule.Kind == diagnose.ContendedLock {
			found++
			if want := f.Cell.Table.Group(8).Comparison("cas", "mutexmap"); f.Faster != want ||
				want.Verdict != stat.Faster {
				t.Errorf("%+v, want %+v", f.Faster, want)
			}
		}
	}
	m := fabricated{toml: "crawlers = [\"mutexmap\", \"cas\", \"syncmap\"]\nworkers = [8]\n[profiles]\nkinds = [\"wall\"]\n",
		speed: func(c plan.Cell, round int) float64 {
			switch {
			case round > 5:
				return 0
			case c.Impl == "cas": // by itself about 0.03, as one of three above 0.045
				return 1000 * []float64{1.2, 2.4, 1, 2, 1.6, 1.1}[round]
			}
			return 1000
		},
		breakdown: func(c plan.Cell) *breakdown.Breakdown {
			if c.Impl == "mutexmap" {
				return account(breakdown.Lock, 0.6)
			}
			return account(breakdown.Lock, 0.01)
		}}
	for _, f := range m.analyse(t).Findings {
		found++
		c := f.Cell.Table.Group(8).Comparison("cas", "mutexmap")
		if f.Rule.Kind != diagnose.ContendedLock || f.Faster != nil || c.Alone.Hi > 1 || c.P < stat.UnlimitedAlpha {
			t.Errorf("%s: %+v; cas: %+v", f.Rule.Kind, f.Faster, c)
		}
	}
	if found != 2 {
		t.Errorf("%d findings, want one of each run", found)
	}
}
