package store

import (
	"fmt"

	"crawlbench/internal/plan"
)

// index takes records as the run's, and finds what is done and what failed.
func (r *Run) index(records []Record) error {
	r.records, r.done, r.failed = make([]Record, 0, len(records)), make(map[place]bool, len(records)), map[string]Record{}
	r.ids = make([]string, len(r.plan.Cells))
	for i, c := range r.plan.Cells {
		r.ids[i] = c.ID()
	}
	for i, rec := range records {
		if err := r.check(rec); err != nil {
			return fmt.Errorf("%s: line %d: %w", r.path(journalFile), i+1, err)
		}
		r.book(rec)
	}
	return nil
}

// check returns why rec cannot be the next record of this run.
func (r *Run) check(rec Record) error {
	at := place{rec.Round, rec.Slot}
	cell, ok := r.cellAt(at)
	switch {
	case !ok || r.ids[cell] != rec.Cell:
		return fmt.Errorf("%s is of cell %s, which the plan does not have there: %s and %s do not belong together", at, rec.Cell, planFile, journalFile)
	case r.done[at]:
		return fmt.Errorf("%s is there twice: the journal has been changed by hand; delete the later line", at)
	}
	if err := rec.check(); err != nil {
		return fmt.Errorf("%s: %w", at, err)
	}
	return nil
}

// check returns what a record of that kind must have and this one has not.
func (rec Record) check() error {
	switch {
	case rec.Kind == KindFailure && rec.Failure != nil:
		return nil
	case rec.Kind == KindProfile && rec.Profile != nil && rec.Round == passRound:
		return nil
	case rec.Kind != KindSample || rec.Sample == nil || rec.Round == passRound:
		return fmt.Errorf("it is no %s, %s or %s with its data", KindSample, KindProfile, KindFailure)
	case rec.Sample.Crawls < 1:
		return fmt.Errorf("it is a sample of %d crawls", rec.Sample.Crawls)
	}
	for _, unit := range Units() {
		if _, ok := rec.Sample.Values[unit]; !ok {
			return fmt.Errorf("it is a sample without %s", unit)
		}
	}
	return nil
}

// book adds a record that was checked.
func (r *Run) book(rec Record) {
	r.done[place{rec.Round, rec.Slot}] = true
	r.records = append(r.records, rec)
	if _, ok := r.failed[rec.Cell]; rec.Kind == KindFailure && !ok {
		r.failed[rec.Cell] = rec
	}
}

func (at place) String() string {
	if at.round == passRound {
		return fmt.Sprintf("profile pass %d", at.slot+1)
	}
	return fmt.Sprintf("round %d slot %d", at.round+1, at.slot+1)
}

// cellAt returns the cell that the plan has at a place, as an index.
func (r *Run) cellAt(at place) (cell int, ok bool) {
	p := r.plan
	if at.round == passRound {
		if at.slot < 0 || at.slot >= len(p.Passes) {
			return 0, false
		}
		return p.Passes[at.slot].Cell, true
	}
	i := at.round*len(p.Cells) + at.slot
	if i < 0 || i >= len(p.Schedule) || p.Schedule[i].Round != at.round || p.Schedule[i].Slot != at.slot {
		return 0, false
	}
	return p.Schedule[i].Cell, true
}

// checkPlan returns what is wrong with the order of a plan, or with its references to cells.
func checkPlan(p *plan.Plan) error {
	for i, s := range p.Schedule {
		if s.Cell < 0 || s.Cell >= len(p.Cells) || s.Round != i/len(p.Cells) || s.Slot != i%len(p.Cells) {
			return fmt.Errorf("the schedule's entry %d is round %d slot %d cell %d, in a plan of %d cells", i+1, s.Round, s.Slot, s.Cell, len(p.Cells))
		}
	}
	for i, pass := range p.Passes {
		if pass.Cell < 0 || pass.Cell >= len(p.Cells) {
			return fmt.Errorf("profile pass %d is of cell %d, in a plan of %d cells", i+1, pass.Cell, len(p.Cells))
		}
	}
	return nil
}
