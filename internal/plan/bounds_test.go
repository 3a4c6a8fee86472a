package plan

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// long returns a scenario with the given numbers of worker counts, rates, graphs and rounds.
func long(workers, rates, graphs, rounds int) *Scenario {
	s := base()
	s.Crawlers, s.Keys, s.Rounds = []string{"a"}, []string{"id"}, rounds
	s.Workers, s.Rates, s.Graphs = nil, nil, nil
	for i := range workers {
		s.Workers = append(s.Workers, Count{N: i + 1})
	}
	for i := range rates {
		s.Rates = append(s.Rates, Rate(i+1))
	}
	for i := range graphs {
		s.Graphs = append(s.Graphs, Graph{Name: fmt.Sprint("g", i)})
	}
	return s
}

// A plan at the limits is accepted; one beyond is refused with both numbers.
func TestBoundsOfAPlan(t *testing.T) {
	for _, s := range []*Scenario{long(256, 256, 1, 16), long(4, 8, 32, 1024), long(1, 16, 4096, 16)} {
		if p := makePlan(t, s); len(p.Schedule) != mostSlots || p.MaxRounds() != s.Rounds {
			t.Errorf("%d samples, at most %d rounds", len(p.Schedule), p.MaxRounds())
		}
	}
	for _, test := range []struct {
		s    *Scenario
		says string
	}{
		{long(256, 257, 1, 1), "plan base: 65,792 cells x 1 round = 65,792 samples: a plan has at most 65,536 cells and 1,048,576 samples: shorten the longest of its lists (256 workers, 257 rate), or give fewer rounds"},
		{long(4, 8, 32, 1025), "1,024 cells x 1,025 rounds = 1,049,600 samples"},
		{long(1, 1, 4097, 1), "4097 graphs: a plan has at most 4096"},
		{long(65536, 65536, 4096, 10000), "17,592,186,044,416 cells x 10,000 rounds = 1.8e+17 samples"},
	} {
		if _, err := Make(test.s, table(), 2); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%v, want %q", err, test.says)
		}
	}
}

// A plan with more passes than Parse accepts is refused.
func TestPassesAreBounded(t *testing.T) {
	s := long(1, 1, 1, 1)
	s.Workers, s.Profiles.Kinds = long(32, 1, 1, 1).Workers, []string{"cpu", "wall", "block"}
	s.Rates = long(1, 1024, 1, 1).Rates
	s.Profiles.Workers, s.Profiles.Rates = s.Workers, s.Rates
	if _, err := Make(s, table(), 2); err == nil ||
		!strings.Contains(err.Error(), "98,304 profile passes: a plan has at most 65,536: name fewer crawlers") {
		t.Errorf("%v", err)
	}
	s.Profiles.Kinds = []string{"cpu", "wall"}
	if p := makePlan(t, s); len(p.Passes) != 1<<16 {
		t.Errorf("%d passes", len(p.Passes))
	}
}

// Cells are counted without making them: equal counts are counted once, unsupported cells not at all.
func TestCellsAreCountedBeforeTheyAreMade(t *testing.T) {
	s := base()
	s.Workers = append(s.Workers, Count{N: 1, PerCore: true}, Count{N: 4}, Count{N: 2})
	s.Rates, s.Bursts, s.Limiters = []Rate{0, 10, 20}, []int{0, 5}, []string{"", "paced", "gcra"}
	a := axesOf(s, table(), 2)
	if cells := a.cross(s); float64(len(cells)) != a.count() || len(cells) != (2*2*3+3+2)*2*(1+2*2*3) {
		t.Errorf("%d cells, counted %v", len(cells), a.count())
	}
	// 65,536 worker counts, and a crawler that supports one of them.
	s = long(65536, 16, 1, 1)
	s.Crawlers = []string{"seq"}
	if p := makePlan(t, s); len(p.Cells) != 16 {
		t.Errorf("%d cells", len(p.Cells))
	}
	s.Workers = s.Workers[1:]
	if _, err := Make(s, table(), 2); err == nil || !strings.Contains(err.Error(), "no cells") ||
		len(err.Error()) > 300 {
		t.Errorf("%.500v", err)
	}
}

func TestIdealDoesNotOverflow(t *testing.T) {
	if d := (Cell{Workers: 1, Procs: 1}).Ideal(1<<32, 1<<32, time.Hour, time.Hour); d < 24*365*time.Hour {
		t.Errorf("8 billion hours are %v", d)
	}
}
