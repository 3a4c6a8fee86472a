package store

import (
	"time"

	"crawlbench/internal/plan"
)

// Progress is how far a plan has been carried out, as the records of a run tell.
type Progress struct {
	plan   *plan.Plan
	ids    []string // of the cells
	done   map[place]bool
	failed map[string]Record // the first failure of a cell
	cells  map[string]spent
	all    spent
}

// spent is what samples have taken.
type spent struct{ samples, seconds float64 }

func (s *spent) add(seconds float64) {
	s.samples++
	s.seconds += seconds
}

// NewProgress returns that of a run that has no records yet.
func NewProgress(p *plan.Plan) *Progress {
	g := &Progress{plan: p, done: map[place]bool{}, failed: map[string]Record{}, cells: map[string]spent{}}
	for _, c := range p.Cells {
		g.ids = append(g.ids, c.ID())
	}
	return g
}

// Add takes the next record into account.
func (g *Progress) Add(rec Record) {
	g.done[place{rec.Round, rec.Slot}] = true
	if _, ok := g.failed[rec.Cell]; rec.Kind == KindFailure && !ok {
		g.failed[rec.Cell] = rec
	}
	if rec.Kind == KindSample {
		cell := g.cells[rec.Cell]
		cell.add(rec.Wall)
		g.cells[rec.Cell] = cell
		g.all.add(rec.Wall)
	}
}

// Pending returns what is still to be taken: slots of the schedule, and profile passes by their index. A cell that has
// failed is not measured again.
func (g *Progress) Pending() (slots []plan.Slot, passes []int) {
	out := make([]bool, len(g.ids))
	for i, id := range g.ids {
		_, out[i] = g.failed[id]
	}
	for _, s := range g.plan.Schedule {
		if !g.done[place{s.Round, s.Slot}] && !out[s.Cell] {
			slots = append(slots, s)
		}
	}
	for i, p := range g.plan.Passes {
		if !g.done[place{passRound, i}] && !out[p.Cell] {
			passes = append(passes, i)
		}
	}
	return slots, passes
}

// Left estimates how long the rest takes: for a sample the mean of its cell so far, of a cell without any that of all
// samples, and for a profile pass its length and what a sample takes beside its own. It is 0 before the first sample.
func (g *Progress) Left() time.Duration {
	if g.all.samples == 0 {
		return 0
	}
	slots, passes := g.Pending()
	mean := g.all.seconds / g.all.samples
	seconds := float64(len(passes)) * (g.plan.Length.Seconds() + max(0, mean-g.plan.Sample.Seconds()))
	for _, s := range slots {
		if cell, ok := g.cells[g.ids[s.Cell]]; ok {
			seconds += cell.seconds / cell.samples
		} else {
			seconds += mean
		}
	}
	return time.Duration(seconds * float64(time.Second))
}
