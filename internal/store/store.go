// Package store keeps the files of a run: manifest, plan, journal, and what is derived from them. The runner's records go
// in, one after the other; the samples that count, what is still to be measured, and bench.txt come out.
//
// The journal is the truth. A record is committed when its line is written and synced; a crash at any moment loses at
// most the line that was being written, and resuming goes on behind the last whole one. Everything else was written
// before the first sample, or can be derived again.
package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"os"
	"path/filepath"

	"crawlbench/internal/plan"
	"crawlbench/internal/rundir"
)

// Run is a run's directory. It is not safe for concurrent use.
type Run struct {
	// Warnings say what was wrong with the files but could be read around.
	Warnings []string

	dir      string
	manifest Manifest
	changed  error // what of manifest and plan is not as it was written; nil if all is, or nobody can tell
	plan     *plan.Plan
	planSum  string
	ids      []string // of the plan's cells
	records  []Record
	done     map[place]bool
	failed   map[string]Record

	// Of a run that is written: its directory, the lock, and the journal with the length and the sum of its whole lines.
	// files is nil where it is opened to read only.
	files   *rundir.Dir
	lock    *os.File
	journal *os.File
	size    int64
	sum     hash.Hash
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
	gitFile      = ".gitattributes"
)

// Dir returns the run's directory.
func (r *Run) Dir() string { return r.dir }

// Manifest returns the manifest.
func (r *Run) Manifest() Manifest { return r.manifest }

// Plan returns the plan, which must not be modified.
func (r *Run) Plan() *plan.Plan { return r.plan }

// Records returns all that was committed, in that order.
func (r *Run) Records() []Record { return r.records }

// Changed returns that the manifest or the plan is not as crawlbench wrote it. It is nil too where nobody can tell, as the
// manifest of an older program has no sums.
func (r *Run) Changed() error { return r.changed }

// Append commits records with one sync: when it returns without an error, they outlast a crash. After an error the journal
// is as it was before, unless it was taken away; a crash may leave the first of them.
func (r *Run) Append(recs ...Record) error {
	lines, err := r.encode(recs)
	if err != nil {
		return fmt.Errorf("append to %s: %w", r.path(journalFile), err)
	}
	text := bytes.Join(lines, nil)
	// At size, and not behind what was written last: what a failed write left there is written over even if the disk
	// refuses to cut it off.
	_, err = r.journal.WriteAt(text, r.size)
	if err == nil {
		err = r.journal.Sync()
	}
	if err != nil {
		r.journal.Truncate(r.size)
		return fmt.Errorf("%w; what was committed before is safe, and -resume goes on behind it", explain("append to", r.path(journalFile), err))
	}
	r.size += int64(len(text))
	for i, rec := range recs {
		addSum(r.sum, lines[i])
		r.book(rec)
	}
	return r.intact()
}

// encode returns the lines of records that may be appended.
func (r *Run) encode(recs []Record) (lines [][]byte, err error) {
	if err := r.writable(); err != nil {
		return nil, err
	}
	new := map[place]bool{}
	size := r.size
	for _, rec := range recs {
		at := place{rec.Round, rec.Slot}
		if err := errors.Join(r.checkPlace(rec), rec.check()); err != nil {
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
		lines = append(lines, line)
		size += int64(len(line))
	}
	if size > maxJournal {
		return nil, fmt.Errorf("it would have more than the %d bytes that it may have: start another run", maxJournal)
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
	return r.writeManifest(m, r.planSum)
}

// writeManifest writes m with the sums of what there is, for the plans that there may be.
func (r *Run) writeManifest(m Manifest, plans ...string) error {
	m.Sums.Plan = plans
	m.Sums.Journal = &Lines{Count: len(r.records), Sum: sumOf(r.sum)}
	text, err := sealed(m)
	if err == nil {
		err = r.write(manifestFile, text, maxManifest)
	}
	if err != nil {
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
	err := p.Check()
	if err == nil {
		err = trial.index(r.records)
	}
	if err != nil {
		return fmt.Errorf("replace the plan: %w", err)
	}
	text, err := planText(p)
	if err != nil {
		return fmt.Errorf("replace the plan: %w", err)
	}
	sum := Sum(text)
	if sum == r.planSum {
		return nil
	}
	// The manifest first: a crash leaves it with the sums of both, whichever there is.
	if err := r.writeManifest(r.manifest, r.planSum, sum); err != nil {
		return err
	}
	if err := r.write(planFile, text, maxPlan); err != nil {
		return err
	}
	r.plan, r.planSum, r.ids = p, sum, trial.ids
	return nil
}

func planText(p *plan.Plan) ([]byte, error) {
	text, err := json.MarshalIndent(p, "", "  ")
	return append(text, '\n'), err
}

// WriteFile writes a file of the run, named by a path with slashes within its directory. Who reads it, even now, finds it as
// it was or as it is to be. It needs no lock.
func (r *Run) WriteFile(name string, data []byte) error {
	return r.inside(func(d *rundir.Dir) error { return explain("write", r.path(name), d.Write(name, data)) })
}

// MkdirAll makes a directory of the run, and returns its path.
func (r *Run) MkdirAll(name string) (string, error) {
	return r.path(name), r.inside(func(d *rundir.Dir) error { return explain("make", r.path(name), d.MkdirAll(name)) })
}

// Remake makes a directory of the run anew, empty, and returns its path.
func (r *Run) Remake(name string) (string, error) {
	return r.path(name), r.inside(func(d *rundir.Dir) error {
		return explain("make", r.path(name), errors.Join(d.RemoveAll(name), d.MkdirAll(name)))
	})
}

// Open opens a file of the run to read it.
func (r *Run) Open(name string) (f *os.File, err error) {
	err = r.inside(func(d *rundir.Dir) (err error) { f, err = d.Open(name); return err })
	return f, err
}

// ReadFile returns the content of a file of the run.
func (r *Run) ReadFile(name string) (text []byte, err error) {
	err = r.inside(func(d *rundir.Dir) (err error) { text, err = d.Read(name, maxOther); return err })
	return text, err
}

// inside calls do with the run's directory.
func (r *Run) inside(do func(*rundir.Dir) error) error {
	if r.files != nil {
		return do(r.files)
	}
	d, err := rundir.Open(r.dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return do(d)
}

// Close gives the lock back.
func (r *Run) Close() error {
	var errs []error
	if r.journal != nil {
		errs = append(errs, r.journal.Close())
	}
	if r.lock != nil {
		errs = append(errs, r.lock.Close())
	}
	if r.files != nil {
		errs = append(errs, r.files.Close())
	}
	r.journal, r.lock, r.files = nil, nil, nil
	return errors.Join(errs...)
}

func (r *Run) path(name string) string { return filepath.Join(r.dir, filepath.FromSlash(name)) }

func (r *Run) writable() error {
	if r.files == nil {
		return fmt.Errorf("run %s is open to read only", r.dir)
	}
	return nil
}
