package store

import (
	"cmp"
	"fmt"

	"crawlbench/internal/parallel"
)

// mostMachines limits the total number of cells of all machines, since each machine is analysed
// alone.
const mostMachines = 1 << 20

// index sets the records of the run after checking them, and records what is done and what failed.
func (r *Run) index(records []Record) error {
	r.records, r.progress = make([]Record, 0, len(records)), NewProgress(r.plan).Of(r.manifest.Shard)
	r.origins = newOrigins(&r.manifest)
	if n := len(r.manifest.Machines); n > max(1, r.plan.Rounds) || n*len(r.plan.Cells) > mostMachines {
		return fmt.Errorf("%s: it has %d machines: want at most one per round, %d", r.path(manifestFile), n,
			r.plan.Rounds)
	}
	errs := make([]error, len(records))
	parallel.Each(len(records), func(i int) { errs[i] = records[i].check() })
	for i, rec := range records {
		if err := cmp.Or(r.checkPlace(rec), r.origins.check(rec), errs[i]); err != nil {
			return fmt.Errorf("%s: line %d: %w", r.path(journalFile), i+1, err)
		}
		r.add(rec)
	}
	return nil
}

// checkPlace returns an error if rec cannot be the next record of this run.
func (r *Run) checkPlace(rec Record) error {
	at := place{rec.Round, rec.Slot}
	cell, ok := r.cellAt(at)
	switch {
	case !ok || r.progress.ids[cell] != rec.Cell:
		return fmt.Errorf("%s is of cell %s, which is not in the plan there: %s and %s do not belong together: "+
			"take both from one backup", at, rec.Cell, planFile, journalFile)
	case r.progress.done[at]:
		return fmt.Errorf("%s is recorded twice: the journal has been edited: delete the later line", at)
	}
	return nil
}

// add adds a checked record.
func (r *Run) add(rec Record) {
	r.records = append(r.records, rec)
	r.progress.Add(rec)
}

// String names the place in the terms of the schedule.
func (at place) String() string {
	if at.round == passRound {
		return fmt.Sprintf("profile pass %d", at.slot+1)
	}
	return fmt.Sprintf("round %d slot %d", at.round+1, at.slot+1)
}

// cellAt returns the index of the cell that the plan has at a place.
func (r *Run) cellAt(at place) (cell int, ok bool) {
	p := r.plan
	if at.round == passRound {
		if at.slot < 0 || at.slot >= len(p.Passes) {
			return 0, false
		}
		return p.Passes[at.slot].Cell, true
	}
	s, ok := p.At(at.round, at.slot)
	return s.Cell, ok
}
