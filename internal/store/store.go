// Package store keeps the files of a run: manifest, plan, journal, and what is derived from them. The input is the
// runner's records, one after another; the output is the valid samples, what is still to be measured, and bench.txt.
//
// The journal is authoritative. A record is committed when its line is written and synced; a crash loses at most the
// line being written, and a resumed run continues after the last complete line. Everything else was written before the
// first sample or can be derived again.
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

// Run is the directory of a run. It is not safe for concurrent use.
type Run struct {
	// Warnings are problems with the files that did not prevent reading them.
	Warnings []string

	dir      string
	manifest Manifest
	changed  error // set if manifest or plan does not match its sum; nil if they match or have no sums
	plan     *plan.Plan
	planSum  string
	records  []Record
	progress *Progress
	origins  *origins

	// For writing: the directory, the lock, and the journal with the length and the sum of its complete lines. files
	// is nil if the run is open for reading only.
	files   *rundir.Dir
	lock    *os.File
	journal *os.File
	size    int64
	sum     hash.Hash
}

// place is the position of a record in the plan: a slot of the schedule, or a profile pass by its index.
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

// Records returns all committed records in the order of their commit.
func (r *Run) Records() []Record { return r.records }

// Changed returns an error if the manifest or the plan was changed after crawlbench wrote it. It returns nil if the
// manifest has no sums, as that of an older program.
func (r *Run) Changed() error { return r.changed }

// Append commits records with one sync: when it returns without an error, they survive a crash. After an error the
// journal is unchanged, unless it was deleted. A crash during Append may leave some of
// them, but of a block all or none count.
func (r *Run) Append(recs ...Record) error {
	recs = r.stamped(recs)
	lines, err := r.encode(recs)
	if err != nil {
		return fmt.Errorf("append to %s: %w", r.path(journalFile), err)
	}
	text := bytes.Join(lines, nil)
	// Write at size rather than at the end of the file: this overwrites what a failed write left, even if truncating
	// failed.
	_, err = r.journal.WriteAt(text, r.size)
	if err == nil {
		err = r.journal.Sync()
	}
	if err != nil {
		r.journal.Truncate(r.size)
		return fmt.Errorf("%w; earlier records are safe: continue with -resume",
			withRemedy("append to", r.path(journalFile), err))
	}
	r.size += int64(len(text))
	for i, rec := range recs {
		r.sum.Write(lineSum(lines[i])) // which identifies the line, and takes a hundredth of the time
		r.add(rec)
	}
	return r.checkIntact()
}

// encode checks records that are to be appended and returns their lines.
func (r *Run) encode(recs []Record) (lines [][]byte, err error) {
	if err := r.writable(); err != nil {
		return nil, err
	}
	new := map[place]bool{}
	size := r.size
	for i, rec := range recs {
		at := place{rec.Round, rec.Slot}
		if err := errors.Join(r.checkPlace(rec), r.origins.check(rec), rec.check()); err != nil {
			return nil, err
		}
		if new[at] {
			return nil, fmt.Errorf("%s is recorded twice", at)
		}
		new[at] = true
		if i > 0 && recs[i-1].More > 0 && !follows(recs[i-1], rec) || i == len(recs)-1 && rec.More > 0 {
			return nil, fmt.Errorf("the block of %s is incomplete", at)
		}
		line, err := encode(rec)
		if err != nil {
			return nil, err
		}
		lines = append(lines, line)
		size += int64(len(line))
	}
	if size > maxJournal {
		return nil, fmt.Errorf("it would be too large: want at most %d bytes: start another run", maxJournal)
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

// writeManifest writes m with the sums of the journal and of the valid plans.
func (r *Run) writeManifest(m Manifest, plans ...string) error {
	m.Sums.Plan = plans
	m.Sums.Journal = &Lines{Count: len(r.records), Sum: sumOf(r.sum)}
	text, err := encodeManifest(m)
	if err == nil {
		err = r.write(manifestFile, text, maxManifest)
	}
	if err != nil {
		return err
	}
	r.manifest = m
	return nil
}

// SetPlan replaces the plan by one that contains the places of all committed records: one with more rounds, or with
// fewer unmeasured rounds.
func (r *Run) SetPlan(p *plan.Plan) error {
	if err := r.writable(); err != nil {
		return err
	}
	trial := &Run{dir: r.dir, manifest: r.manifest, plan: p}
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
	// Write the manifest first, with both sums: after a crash it matches whichever plan exists.
	if err := r.writeManifest(r.manifest, r.planSum, sum); err != nil {
		return err
	}
	if err := r.write(planFile, text, maxPlan); err != nil {
		return err
	}
	r.plan, r.planSum, r.progress, r.origins = p, sum, trial.progress, trial.origins
	return nil
}

// PlanSum returns the SHA-256 sum of the text of a plan, which runs with equal plans have in common.
func PlanSum(p *plan.Plan) (string, error) {
	text, err := planText(p)
	return Sum(text), err
}

func planText(p *plan.Plan) ([]byte, error) {
	text, err := json.MarshalIndent(p, "", "  ")
	return append(text, '\n'), err
}

// WriteFile writes a file of the run atomically. The name is a slash-separated path relative to the run's directory. It
// needs no lock.
func (r *Run) WriteFile(name string, data []byte) error {
	return r.withDir(func(d *rundir.Dir) error { return withRemedy("write", r.path(name), d.Write(name, data)) })
}

// MkdirAll creates a directory of the run and returns its path.
func (r *Run) MkdirAll(name string) (string, error) {
	return r.path(name), r.withDir(func(d *rundir.Dir) error {
		return withRemedy("create", r.path(name), d.MkdirAll(name))
	})
}

// Remake replaces a directory of the run by an empty one and returns its path.
func (r *Run) Remake(name string) (string, error) {
	return r.path(name), r.withDir(func(d *rundir.Dir) error {
		return withRemedy("create", r.path(name), errors.Join(d.RemoveAll(name), d.MkdirAll(name)))
	})
}

// Open opens a file of the run for reading.
func (r *Run) Open(name string) (f *os.File, err error) {
	err = r.withDir(func(d *rundir.Dir) (err error) { f, err = d.Open(name); return err })
	return f, err
}

// ReadFile returns the content of a file of the run.
func (r *Run) ReadFile(name string) (text []byte, err error) {
	err = r.withDir(func(d *rundir.Dir) (err error) { text, err = d.Read(name, maxFile); return err })
	return text, err
}

// withDir calls do with the run's directory.
func (r *Run) withDir(do func(*rundir.Dir) error) error {
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

// Close closes the run's files and releases the lock.
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

// writable returns an error if the run is open for reading only.
func (r *Run) writable() error {
	if r.files == nil {
		return fmt.Errorf("run %s is open for reading only", r.dir)
	}
	return nil
}
