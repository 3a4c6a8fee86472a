package plan

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
)

func TestBucketHoldsTenMillisecondsUnlessSaidOtherwise(t *testing.T) {
	for _, test := range []struct {
		rate        Rate
		burst, want int
	}{{1000, 0, 10}, {1001, 0, 11}, {100, 0, 1}, {5, 0, 1}, {0, 0, 1}, {1000, 3, 3}, {1000, 1, 1}, {5, 40, 40}} {
		if got := (Cell{Rate: test.rate, Burst: test.burst}).BucketSize(); got != test.want {
			t.Errorf("rate %v, burst %d: bucket of %d, want %d", test.rate, test.burst, got, test.want)
		}
	}
}

// A fetch takes its latency plus its processor time.
func TestIdealCountsWaitingAndBurning(t *testing.T) {
	const wait, cpu = 9 * time.Millisecond, time.Millisecond
	for _, test := range []struct {
		workers, depth int
	}{{10, 3}, {1000, 99}} { // bound by workers, and by depth
		if got := (Cell{Workers: test.workers, Procs: 1000}).Ideal(1000, test.depth, wait, cpu); got != time.Second {
			t.Errorf("%d workers, depth %d: %v, want 1s", test.workers, test.depth, got)
		}
	}
}

func TestBudgetCountsWaitingAndBurning(t *testing.T) {
	c := Cell{Workers: 4, Procs: 2, Rate: 1e6}
	for _, test := range []struct {
		wait, cpu time.Duration
		want      int
	}{
		{750 * time.Millisecond, 250 * time.Millisecond, 128}, // each of 4 workers fetches a page a second
		{0, 250 * time.Millisecond, 256},                      // each of 2 processors handles 4 pages a second
	} {
		s := &Scenario{
			Sample: 32 * time.Second,
			Fetch:  graph.Behaviour{Latency: graph.Latency{Model: "constant", Median: test.wait}, CPU: test.cpu},
		}
		if got := budget(c, s); got != test.want {
			t.Errorf("wait %v, burn %v: budget %d, want %d", test.wait, test.cpu, got, test.want)
		}
	}
}

func TestNoPatternsChooseNobody(t *testing.T) {
	if got, err := Choose(nil, table()); err == nil || !strings.Contains(err.Error(), "a, b, ids, seq") {
		t.Errorf("%s, %v", names(got), err)
	}
}

func TestBaselineThatIsFirstStays(t *testing.T) {
	s := base()
	s.Baseline = "a"
	if got := strings.Join(makePlan(t, s).Crawlers, " "); got != "a b ids seq" {
		t.Errorf("crawlers %s", got)
	}
}

func TestProfileOfTheProcessorAlone(t *testing.T) {
	s := base()
	s.Rates = []Rate{100, 1000, 500}
	s.Profiles.Kinds = []string{"cpu"}
	p := makePlan(t, s)
	// Without inf, the largest rate. The same cells as for all kinds of profiles, but one pass each.
	if want := 3*4 + 2; len(p.Passes) != want {
		t.Errorf("%d passes, want %d", len(p.Passes), want)
	}
	for _, pass := range p.Passes {
		if c := p.Cells[pass.Cell]; c.Rate != 1000 || !slices.Equal(pass.Kinds, []string{"cpu"}) {
			t.Errorf("pass of %q over %s", pass.Kinds, c.ID())
		}
	}
}

// Where time grows is asked of the CPU profile and of the execution trace alone.
func TestGrowthIsProfiledAtItsWorkers(t *testing.T) {
	s := base()
	s.Workers = []Count{{N: 1}, {N: 2, PerCore: true}, {N: 8}}
	s.Profiles.Kinds = []string{"cpu", "block", "mutex", "wall"}
	s.Profiles.Growth = []Count{{N: 1}, {N: 2, PerCore: true}}
	passes := map[int]map[string]bool{}
	p := makePlan(t, s)
	for _, pass := range p.Passes {
		c := p.Cells[pass.Cell]
		if passes[c.Workers] == nil {
			passes[c.Workers] = map[string]bool{}
		}
		if c.Impl == "a" {
			passes[c.Workers][strings.Join(pass.Kinds, "+")] = true
		}
	}
	some := map[string]bool{"cpu": true, "wall": true}
	all := map[string]bool{"cpu": true, "wall": true, "block+mutex": true}
	for workers, want := range map[int]map[string]bool{1: some, 4: some, 8: all} {
		if !maps.Equal(passes[workers], want) {
			t.Errorf("%d workers: passes of %v, want %v", workers, passes[workers], want)
		}
	}
}

func TestGraphIsFoundByName(t *testing.T) {
	p := makePlan(t, base())
	for _, name := range []string{"g", "h"} {
		if got := p.Graph(name).Name; got != name {
			t.Errorf("graph %s is %s", name, got)
		}
	}
}

func TestCrawlerOfURLsAloneHasNoCellsByID(t *testing.T) {
	only := table()[:1]
	only[0].ByID = nil
	p, err := Make(base(), only, 2)
	if err != nil {
		t.Fatal(err)
	}
	if want := 2 * 2 * 2; len(p.Cells) != want { // graphs, workers, rates
		t.Errorf("%d cells, want %d", len(p.Cells), want)
	}
	for _, c := range p.Cells {
		if c.Keys != "url" {
			t.Errorf("impossible cell %s", c.ID())
		}
	}
	only[0].ByURL = nil
	if _, err := Make(base(), []crawl.Crawler{only[0]}, 2); err == nil || !strings.Contains(err.Error(), "no cells") {
		t.Errorf("without any cell: %v", err)
	}
}

func TestControlIsASecondEntryOfTheBaseline(t *testing.T) {
	s := base()
	s.Baseline, s.Control = "b", true
	p := makePlan(t, s)
	if got := strings.Join(p.Crawlers, " "); got != "b b.control a ids seq" {
		t.Errorf("crawlers %s", got)
	}
	controls := map[Cell]bool{}
	for _, c := range p.Cells {
		if c.IsControl() != (c.Impl == Control("b")) || c.IsControl() && c.Crawler() != "b" || !c.IsControl() &&
			c.Crawler() != c.Impl {
			t.Errorf("%s is of %s, control %v", c.ID(), c.Crawler(), c.IsControl())
		}
		if c.IsControl() {
			c.Impl = c.Crawler()
			controls[c] = true
		}
	}
	if len(controls) != 16 {
		t.Errorf("%d cells of the control, want 16", len(controls))
	}
	for _, c := range p.Cells {
		if c.Impl == "b" && !controls[c] {
			t.Errorf("%s has no control", c.ID())
		}
	}
	for _, pass := range p.Passes {
		if p.Cells[pass.Cell].IsControl() {
			t.Errorf("pass over %s", p.Cells[pass.Cell].ID())
		}
	}
}

// Each crawler of this program is followed by an entry of the other program, except the control.
func TestAgainstIsEveryCrawlerOfAnotherProgram(t *testing.T) {
	s := base()
	s.Baseline, s.Control, s.Against = "b", true, true
	p := makePlan(t, s)
	if got := strings.Join(p.Crawlers, " "); got != "b b.control a ids seq b.against a.against ids.against seq.against" {
		t.Errorf("crawlers %s", got)
	}
	own, other := map[Cell]bool{}, map[Cell]bool{}
	for _, c := range p.Cells {
		if name := c.Impl; c.IsAgainst() != (name == Against(c.Crawler())) {
			t.Errorf("%s is of %s, against %v", c.ID(), c.Crawler(), c.IsAgainst())
		}
		switch {
		case c.IsAgainst():
			c.Impl = c.Crawler()
			other[c] = true
		case !c.IsControl():
			own[c] = true
		}
	}
	if len(own) != 2*16+8+8 || !maps.Equal(own, other) {
		t.Errorf("%d cells of this program, %d of the other", len(own), len(other))
	}
}
