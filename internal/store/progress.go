package store

import (
	"math"
	"time"

	"crawlbench/internal/plan"
)

// Progress is how far a plan has been carried out, as the records of a run tell.
type Progress struct {
	plan   *plan.Plan
	shard  *Shard   // whose rounds are taken; nil means all
	ids    []string // of the cells
	done   map[place]bool
	failed map[string]Record // the first failure of a cell
	cells  map[string]spent
	all    spent
	passes spent
	times  map[string][]float64 // seconds per page of a cell by round
	plays  []int                // rounds of each cell, by the looks before round
	looked plan.Settled
	round  int
	// transports are those of the cells.
	transports map[string]plan.Transport
}

// spent is what samples have taken.
type spent struct{ samples, seconds float64 }

func (s *spent) add(seconds float64) {
	s.samples++
	s.seconds += seconds
}

// NewProgress returns the progress of a run without records.
func NewProgress(p *plan.Plan) *Progress {
	g := &Progress{plan: p, done: map[place]bool{}, failed: map[string]Record{}, cells: map[string]spent{},
		times: map[string][]float64{}, transports: map[string]plan.Transport{}}
	for _, c := range p.Cells {
		g.ids = append(g.ids, c.ID())
		g.transports[c.ID()] = c.Transport
		g.plays = append(g.plays, p.RoundsOf(c))
	}
	return g
}

// Of limits the progress to the rounds and passes of a shard, and returns g. nil has all.
func (g *Progress) Of(s *Shard) *Progress {
	g.shard = s
	return g
}

// Add takes the next record into account.
func (g *Progress) Add(rec Record) {
	g.done[place{rec.Round, rec.Slot}] = true
	if _, ok := g.failed[rec.Cell]; rec.Kind == KindFailure && !ok {
		g.failed[rec.Cell] = rec
	}
	if rec.Kind == KindProfile {
		g.passes.add(rec.Wall)
	}
	if rec.Kind == KindSample {
		g.time(rec)
		cell := g.cells[rec.Cell]
		cell.add(rec.Wall)
		g.cells[rec.Cell] = cell
		g.all.add(rec.Wall)
	}
}

// time adds the time of a sample.
func (g *Progress) time(rec Record) {
	times := g.times[rec.Cell]
	for len(times) <= rec.Round {
		times = append(times, math.NaN())
	}
	if s := rec.Sample; s != nil {
		times[rec.Round] = s.PerPage(g.transports[rec.Cell])
	}
	g.times[rec.Cell] = times
}

// Measured returns what has been measured of the plan.
func (g *Progress) Measured() plan.Measured {
	return plan.Measured{
		Plan:  g.plan,
		Times: func(c plan.Cell) []float64 { return g.times[c.ID()] },
		Failed: func(c plan.Cell) (int, bool) {
			rec, ok := g.failed[c.ID()]
			return rec.Round, ok && rec.Round != passRound
		},
	}
}

// Planned returns how many samples the run has if no further crawler leaves it.
func (g *Progress) Planned() int {
	g.Pending()
	n := 0
	for _, rounds := range g.plays {
		if g.shard != nil {
			rounds = (rounds - g.shard.Index + g.shard.Of) / g.shard.Of // every round that the shard has
		}
		n += rounds
	}
	return n
}

// Settled returns how many comparisons are settled, as far as looks have been taken.
func (g *Progress) Settled() plan.Settled {
	g.Pending()
	return g.looked
}

// Pending returns the samples and profiles that are missing: slots of the schedule, and profile passes by their index.
// A cell that has failed is not measured again, and a crawler that has left is not measured any more.
func (g *Progress) Pending() (slots []plan.Slot, passes []int) {
	for {
		slots, passes = g.pending()
		round := g.plan.Rounds
		if len(slots) > 0 {
			round = slots[0].Round
		}
		if !g.look(round) {
			return slots, passes
		}
	}
}

// look takes the looks before a round, all earlier rounds being measured, and reports whether there were new ones.
func (g *Progress) look(round int) bool {
	isNew := false
	for _, l := range g.plan.Looks {
		isNew = isNew || l.Blocks > g.round && l.Blocks <= round
	}
	g.round = max(g.round, round)
	if isNew {
		g.plays, g.looked = g.Measured().Plays()
	}
	return isNew
}

// pending returns what Pending does, by the looks taken so far.
func (g *Progress) pending() (slots []plan.Slot, passes []int) {
	out := make([]bool, len(g.ids))
	for i, id := range g.ids {
		_, out[i] = g.failed[id]
	}
	for _, s := range g.plan.Schedule {
		if s.Round < g.plays[s.Cell] && g.shard.Has(s.Round) && !g.done[place{s.Round, s.Slot}] && !out[s.Cell] {
			slots = append(slots, s)
		}
	}
	for i, p := range g.plan.Passes {
		if g.shard.HasPasses() && !g.done[place{passRound, i}] && !out[p.Cell] {
			passes = append(passes, i)
		}
	}
	return slots, passes
}

// Left estimates how long the rest takes: for a sample the mean of its cell so far, of a cell without any that of all
// samples, and PassesLeft. It is 0 before the first sample.
func (g *Progress) Left() time.Duration {
	if g.all.samples == 0 {
		return 0
	}
	slots, _ := g.Pending()
	mean := g.all.seconds / g.all.samples
	seconds := g.PassesLeft().Seconds()
	for _, s := range slots {
		if cell, ok := g.cells[g.ids[s.Cell]]; ok {
			seconds += cell.seconds / cell.samples
		} else {
			seconds += mean
		}
	}
	return time.Duration(seconds * float64(time.Second))
}

// PassesLeft estimates how long the pending profile passes take: each as long as those so far on average, or before the
// first one its length and what a sample takes beside its own.
func (g *Progress) PassesLeft() time.Duration {
	_, passes := g.Pending()
	each := g.plan.Length.Seconds()
	switch {
	case g.passes.samples > 0:
		each = g.passes.seconds / g.passes.samples
	case g.all.samples > 0:
		each += max(0, g.all.seconds/g.all.samples-g.plan.Sample.Seconds())
	}
	return time.Duration(float64(len(passes)) * each * float64(time.Second))
}
