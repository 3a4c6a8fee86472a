package store

import (
	"fmt"
	"testing"
	"time"

	"crawlbench/internal/plan"
)

// Two cells, three rounds, one pass: what is left is told from the means of the cells, in any order of the records.
func TestProgressTellsWhatIsLeft(t *testing.T) {
	p := &plan.Plan{
		Sample: time.Second, Length: 10 * time.Second,
		Cells:  []plan.Cell{{Impl: "a", Workers: 1, Procs: 1}, {Impl: "b", Workers: 1, Procs: 1}},
		Passes: []plan.Pass{{Cell: 1, Kinds: []string{"cpu"}}},
	}
	p.SetRounds(3)
	g := NewProgress(p)
	slot := func(round, cell int) Record {
		for _, s := range p.Schedule {
			if s.Round == round && s.Cell == cell {
				return Record{Kind: KindSample, Round: round, Slot: s.Slot, Cell: p.Cells[cell].ID()}
			}
		}
		panic("no such slot")
	}
	sample := func(round, cell int, seconds float64) Record {
		rec := slot(round, cell)
		rec.Wall = seconds
		return rec
	}
	failure := slot(1, 0)
	failure.Kind = KindFailure
	for i, step := range []struct {
		rec   Record
		left  time.Duration
		slots int
		pass  int
	}{
		{sample(0, 0, 2), (5*2 + 11) * time.Second, 5, 1},       // b as long as a; a pass: its 10 s and 1 s beside
		{sample(0, 1, 6), (2*2 + 2*6 + 13) * time.Second, 4, 1}, // of 4 s in the mean 3 s are beside
		{failure, (2*6 + 13) * time.Second, 2, 1},               // a is not measured again
		{sample(1, 1, 8), 21_333_333_333, 1, 1},
		{sample(2, 1, 7), 10*time.Second + (23.0/4-1)*1e9, 0, 1},
		{Record{Kind: KindProfile, Round: passRound, Cell: p.Cells[1].ID(), Wall: 60}, 0, 0, 0},
	} {
		if i == 0 && g.Left() != 0 {
			t.Errorf("before the first sample %v are left", g.Left())
		}
		g.Add(step.rec)
		slots, passes := g.Pending()
		left := g.Left()
		if diff := left - step.left; diff < -time.Millisecond || diff > time.Millisecond || len(slots) != step.slots ||
			len(passes) != step.pass {
			t.Errorf("step %d: %v left, %d slots, %d passes, want %v", i, left, len(slots), len(passes),
				fmt.Sprint(step))
		}
	}
}
