package plan

import (
	"crawlbench/internal/stat"
)

// Measured is what has been measured of a plan: enough to decide its comparisons, and which crawlers leave a run
// because nothing about them is open. There is no clock and no state in that, so an interrupted run that is resumed is
// the same run.
type Measured struct {
	*Plan
	// Times returns the seconds per page of a cell by round, those before a failure too.
	Times func(Cell) []float64
	// Failed returns the round in which a cell failed, after which it is not measured again, and whether it did.
	Failed func(Cell) (round int, failed bool)
	// Share is the part of alpha that is spent on what was measured, if it is that of one of several machines; 0 means
	// all.
	Share float64
}

// Settled is how many of the comparisons by which crawlers leave a run are settled, by the last look that was taken.
type Settled struct{ Settled, Of, Rounds int }

// All reports whether there are comparisons, all of them settled.
func (s Settled) All() bool { return s.Of > 0 && s.Settled == s.Of }

// Decide returns the families of a question, and the decisions of its pairs in their order.
func (r Measured) Decide(q Question) (*Families, []stat.Decision) {
	f := r.Families(q)
	if r.Share > 0 {
		f.Spend(r.Share)
	}
	var list []Pair
	for base, other := range r.Pairs(q) {
		_, ended := r.firstFailure(base, other)
		list = append(list, Pair{base.Rate, r.Times(base), r.Times(other), ended})
	}
	return f, f.Decide(list)
}

// firstFailure returns the first round in which one of two cells failed, and whether one did.
func (r Measured) firstFailure(x, y Cell) (round int, failed bool) {
	round, failed = r.Failed(x)
	if at, also := r.Failed(y); also && (!failed || at < round) {
		return at, true
	}
	return round, failed
}

// Plays returns how many rounds each cell of the plan plays, as far as the looks say that have been taken: all, or
// those before the look at which its last comparison was settled. The comparisons of a cell that failed count as
// settled at the next look. So who plays a round depends on the rounds before the last look alone, whatever has been
// measured since.
//
// The control stays as long as anybody in its group, and the baseline with it, since it shows by how much the baseline
// differs from itself. Cells that are compared with nobody stay as long as anybody in the plan.
func (r Measured) Plays() (rounds []int, count Settled) {
	rounds = make([]int, len(r.Cells))
	at := map[Cell]int{} // index of a cell
	for i, c := range r.Cells {
		at[c] = i
		if rounds[i] = r.RoundsOf(c); c.Rate == 0 && len(r.Looks) > 0 {
			rounds[i] = 0
		}
	}
	if len(r.Looks) == 0 {
		return rounds, count
	}
	compared := map[int]bool{}
	for _, q := range []Question{Crawlers, Programs} {
		_, decisions := r.Decide(q)
		i := 0
		for base, other := range r.Pairs(q) {
			d := decisions[i]
			i++
			if base.Rate > 0 {
				continue
			}
			if count.Of++; d.Settled {
				count.Settled++
			}
			if d.Look >= 0 {
				count.Rounds = max(count.Rounds, r.Looks[d.Look].Blocks)
			}
			until := r.Rounds
			switch {
			case d.Settled:
				until = r.Looks[d.Look].Blocks
			default:
				if round, failed := r.firstFailure(base, other); failed {
					until = r.lookAfter(round)
				}
			}
			for _, c := range []Cell{base, other} {
				rounds[at[c]] = max(rounds[at[c]], until)
				compared[at[c]] = true
			}
		}
	}
	r.stay(rounds, compared)
	return rounds, count
}

// lookAfter returns the number of rounds before the first look after a round.
func (r Measured) lookAfter(round int) int {
	for _, l := range r.Looks {
		if l.Blocks > round {
			return l.Blocks
		}
	}
	return r.Rounds
}

// stay raises the rounds of those that others need: controls and their baselines, and cells that are compared with
// nobody.
func (r Measured) stay(rounds []int, compared map[int]bool) {
	last, group := 0, map[Cell]int{}
	for i, c := range r.Cells {
		if compared[i] {
			last = max(last, rounds[i])
			group[c.Group()] = max(group[c.Group()], rounds[i])
		}
	}
	if len(compared) == 0 {
		last = r.Rounds
	}
	for i, c := range r.Cells {
		if c.Rate > 0 {
			continue
		}
		most, ok := group[c.Group()]
		switch {
		case !ok:
			rounds[i] = last
		case c.IsControl() || c.Impl == r.Crawlers[0]:
			rounds[i] = max(rounds[i], most)
		case !compared[i]:
			rounds[i] = most
		}
	}
}
