// Package store keeps the files of a run: manifest, plan, journal, and what is derived from them. The runner's records go
// in, one after the other; the samples that count, what is still to be measured, and bench.txt come out.
//
// The journal is the truth. A record is committed when its line is written and synced; a crash at any moment loses at
// most the line that was being written, and resuming goes on behind the last whole one. Everything else was written
// before the first sample, or can be derived again.
package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"crawlbench/internal/plan"
)

// Run is a run's directory. It is not safe for concurrent use.
type Run struct {
	// Warnings say what was wrong with the files but could be read around.
	Warnings []string

	dir      string
	lock     *os.File // nil: opened to read only
	journal  *os.File
	size     int64 // of the journal's whole lines
	manifest Manifest
	plan     *plan.Plan
	ids      []string // of the plan's cells
	records  []Record
	done     map[place]bool
	failed   map[string]Record
}

// place is what a record is about: a slot of the schedule, or a profile pass by its index.
type place struct{ round, slot int }

// passRound is the round of all profile passes.
const passRound = -1

const (
	manifestFile = "manifest.json"
	planFile     = "plan.json"
	journalFile  = "journal.jsonl"
	benchFile    = "bench.txt"
	lockFile     = ".lock"
	tornFile     = "journal.torn"
)

// Dir returns the run's directory.
func (r *Run) Dir() string { return r.dir }

// Manifest returns the manifest.
func (r *Run) Manifest() Manifest { return r.manifest }

// Plan returns the plan, which must not be modified.
func (r *Run) Plan() *plan.Plan { return r.plan }

// Records returns all that was committed, in that order.
func (r *Run) Records() []Record { return r.records }

// Append commits records with one sync: when it returns without an error, they outlast a crash. After an error the journal
// is as it was before; a crash may leave the first of them.
func (r *Run) Append(recs ...Record) error {
	lines, err := r.encode(recs)
	if err != nil {
		return fmt.Errorf("append to %s: %w", r.path(journalFile), err)
	}
	// At size, and not behind what was written last: what a failed write left there is written over even if the disk
	// refuses to cut it off.
	_, err = r.journal.WriteAt(lines, r.size)
	if err == nil {
		err = r.journal.Sync()
	}
	if err != nil {
		r.journal.Truncate(r.size)
		return fmt.Errorf("%w; what was committed before is safe, and -resume goes on behind it", explain("append to", r.path(journalFile), err))
	}
	r.size += int64(len(lines))
	for _, rec := range recs {
		r.book(rec)
	}
	return nil
}

// encode returns the lines of records that may be appended.
func (r *Run) encode(recs []Record) (lines []byte, err error) {
	if err := r.writable(); err != nil {
		return nil, err
	}
	new := map[place]bool{}
	for _, rec := range recs {
		at := place{rec.Round, rec.Slot}
		if err := r.check(rec); err != nil {
			return nil, err
		}
		if new[at] {
			return nil, fmt.Errorf("%s is there twice", at)
		}
		new[at] = true
		line, err := encode(rec)
		if err != nil {
			return nil, err
		}
		lines = append(lines, line...)
	}
	return lines, nil
}

// Update changes the manifest.
func (r *Run) Update(change func(*Manifest)) error {
	if err := r.writable(); err != nil {
		return err
	}
	m := r.manifest
	change(&m)
	if err := replaceJSON(r.path(manifestFile), m); err != nil {
		return err
	}
	r.manifest = m
	return nil
}

// SetPlan replaces the plan by one in which all that is committed has its place: by more rounds, or by fewer of those
// that are not measured yet.
func (r *Run) SetPlan(p *plan.Plan) error {
	if err := r.writable(); err != nil {
		return err
	}
	trial := &Run{dir: r.dir, plan: p}
	if err := trial.index(r.records); err != nil {
		return fmt.Errorf("replace the plan: %w", err)
	}
	if err := replaceJSON(r.path(planFile), p); err != nil {
		return err
	}
	r.plan, r.ids = p, trial.ids
	return nil
}

// Close gives the lock back.
func (r *Run) Close() error {
	var errs []error
	for _, f := range []**os.File{&r.journal, &r.lock} {
		if *f != nil {
			errs = append(errs, (*f).Close())
			*f = nil
		}
	}
	return errors.Join(errs...)
}

func (r *Run) path(name string) string { return filepath.Join(r.dir, name) }

func (r *Run) writable() error {
	if r.lock == nil {
		return fmt.Errorf("run %s is open to read only", r.dir)
	}
	return nil
}
