package store

import (
	"cmp"
	"fmt"

	"crawlbench/internal/parallel"
)

// index takes records as the run's, and finds what is done and what failed.
func (r *Run) index(records []Record) error {
	r.records, r.done, r.failed = make([]Record, 0, len(records)), make(map[place]bool, len(records)), map[string]Record{}
	r.ids = make([]string, len(r.plan.Cells))
	for i, c := range r.plan.Cells {
		r.ids[i] = c.ID()
	}
	errs := make([]error, len(records))
	parallel.Each(len(records), func(i int) { errs[i] = records[i].check() })
	for i, rec := range records {
		if err := cmp.Or(r.checkPlace(rec), errs[i]); err != nil {
			return fmt.Errorf("%s: line %d: %w", r.path(journalFile), i+1, err)
		}
		r.book(rec)
	}
	return nil
}

// checkPlace returns why rec cannot be the next record of this run.
func (r *Run) checkPlace(rec Record) error {
	at := place{rec.Round, rec.Slot}
	cell, ok := r.cellAt(at)
	switch {
	case !ok || r.ids[cell] != rec.Cell:
		return fmt.Errorf("%s is of cell %s, which the plan does not have there: %s and %s do not belong together", at, rec.Cell, planFile, journalFile)
	case r.done[at]:
		return fmt.Errorf("%s is there twice: the journal has been changed by hand; delete the later line", at)
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
