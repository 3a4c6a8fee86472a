// Package store keeps the files of a run: manifest, plan, journal, and what is derived from them.
//
// The journal is the truth. A record is committed when its line is written and synced; a crash at any moment loses at
// most the line that was being written, and resuming goes on behind the last whole one. Everything else was written
// before the first sample, or can be derived again.
package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

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
	records  []Record
	done     map[place]bool
	failed   map[string]Record
}

// place is what a record is about: a slot of the schedule, or a profile pass (round -1).
type place struct{ round, slot int }

const (
	manifestFile = "manifest.json"
	planFile     = "plan.json"
	journalFile  = "journal.jsonl"
	benchFile    = "bench.txt"
	lockFile     = ".lock"
	tornFile     = "journal.torn"
)

// Create makes the directory of a new run and writes manifest and plan into it. That nothing can be written there shows
// now, before anything was measured.
func Create(dir string, m Manifest, p *plan.Plan) (*Run, error) {
	if err := os.Mkdir(dir, 0o777); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("create run %s: it exists: go on with it by -resume, or choose another name", dir)
		}
		return nil, explain("create run", dir, err)
	}
	r := &Run{dir: dir, manifest: m, plan: p}
	r.manifest.Schema, r.manifest.Run, r.manifest.State = Schema, filepath.Base(dir), Running
	err := r.take()
	if err == nil {
		err = errors.Join(replaceJSON(r.path(planFile), p), replaceJSON(r.path(manifestFile), r.manifest))
	}
	if err == nil {
		r.journal, err = os.OpenFile(r.path(journalFile), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
		err = explain("create", r.path(journalFile), err)
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		r.Close()
		return nil, errors.Join(err, os.RemoveAll(dir)) // it was made just now, and holds nothing
	}
	return r, r.index(nil)
}

// Open opens a run to read it. It may be one that another process is writing.
func Open(dir string) (*Run, error) {
	r := &Run{dir: dir}
	text, err := r.load()
	if err != nil {
		return nil, err
	}
	records, bad, err := parseJournal(text)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", r.path(journalFile), err)
	}
	if bad != nil {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%s ends in %d bytes that are no whole record; they are ignored", r.path(journalFile), len(bad.bytes)))
	}
	return r, r.index(records)
}

// Recovered says what was cut off a journal.
type Recovered struct {
	Bytes int
	Line  int
	Kept  string // the file where it was put aside
}

func (r *Recovered) String() string {
	return fmt.Sprintf("the journal ended in the middle of a write: %d bytes from line %d on were no whole record, and were moved to %s", r.Bytes, r.Line, r.Kept)
}

// Resume opens a run to go on with it. What a crash left of the last write is put aside, and told of.
func Resume(dir string) (*Run, *Recovered, error) {
	r := &Run{dir: dir}
	if _, err := r.load(); err != nil { // the right kind of directory, before a lock is put into it
		return nil, nil, err
	}
	if err := r.take(); err != nil {
		return nil, nil, err
	}
	recovered, err := r.reopen()
	if err != nil {
		r.Close()
		return nil, nil, err
	}
	return r, recovered, nil
}

// reopen reads the journal of a run that is locked, mends its end, and opens it to be written.
func (r *Run) reopen() (*Recovered, error) {
	text, err := r.load()
	if err != nil {
		return nil, err
	}
	records, bad, err := parseJournal(text)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", r.path(journalFile), err)
	}
	if err := r.index(records); err != nil {
		return nil, err
	}
	r.journal, err = os.OpenFile(r.path(journalFile), os.O_WRONLY, 0)
	if err != nil {
		return nil, explain("open", r.path(journalFile), err)
	}
	r.size = int64(len(text))
	var recovered *Recovered
	if bad != nil {
		recovered = &Recovered{Bytes: len(bad.bytes), Line: bad.line, Kept: r.path(tornFile)}
		if err := replace(recovered.Kept, bad.bytes); err != nil {
			return nil, err
		}
		r.size = int64(bad.offset)
		if err := errors.Join(r.journal.Truncate(r.size), r.journal.Sync()); err != nil {
			return nil, explain("mend", r.path(journalFile), err)
		}
	}
	_, err = r.journal.Seek(r.size, 0)
	return recovered, err
}

// load reads manifest and plan, and returns the journal's text.
func (r *Run) load() ([]byte, error) {
	if err := readJSON(r.path(manifestFile), &r.manifest); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("open run %s: there is no %s in it: a run is a directory with %s, %s and %s", r.dir, manifestFile, manifestFile, planFile, journalFile)
		}
		return nil, err
	}
	if r.manifest.Schema != Schema {
		return nil, fmt.Errorf("open run %s: its files are of schema %d, this program reads schema %d: use the version of crawlbench that wrote it, or measure anew", r.dir, r.manifest.Schema, Schema)
	}
	r.plan = new(plan.Plan)
	if err := readJSON(r.path(planFile), r.plan); err != nil {
		return nil, fmt.Errorf("open run %s: %w", r.dir, err)
	}
	text, err := os.ReadFile(r.path(journalFile))
	if err != nil {
		return nil, fmt.Errorf("open run %s: %w", r.dir, err)
	}
	return text, nil
}

// take locks the directory against other writers. The kernel takes the lock back when the process ends, however it does.
func (r *Run) take() error {
	f, err := os.OpenFile(r.path(lockFile), os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return explain("lock", r.dir, err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		pid := make([]byte, 20)
		n, _ := f.ReadAt(pid, 0)
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return fmt.Errorf("lock %s: another crawlbench, process %s, is writing to it: wait for its end", r.dir, bytes.TrimSpace(pid[:n]))
		}
		return explain("lock", r.dir, err)
	}
	r.lock = f
	f.Truncate(0)
	f.WriteAt(strconv.AppendInt(nil, int64(os.Getpid()), 10), 0) // only to be named in the message above
	return nil
}

// index takes records as the run's, and finds what is done and what failed.
func (r *Run) index(records []Record) error {
	r.records, r.done, r.failed = nil, map[place]bool{}, map[string]Record{}
	for i, rec := range records {
		if err := r.add(rec); err != nil {
			return fmt.Errorf("read %s: record %d: %w", r.path(journalFile), i+1, err)
		}
	}
	return nil
}

// add books a record that fits the plan.
func (r *Run) add(rec Record) error {
	at := place{rec.Round, rec.Slot}
	cell, ok := r.cellAt(at)
	switch {
	case !ok || cell.ID() != rec.Cell:
		return fmt.Errorf("round %d slot %d is of cell %s, which the plan does not have there: %s and %s do not belong together", rec.Round+1, rec.Slot+1, rec.Cell, planFile, journalFile)
	case r.done[at]:
		return fmt.Errorf("round %d slot %d is there twice: the journal has been changed by hand; delete the later line", rec.Round+1, rec.Slot+1)
	case rec.Kind == KindSample && rec.Sample == nil || rec.Kind == KindProfile && rec.Profile == nil || rec.Kind == KindFailure && rec.Failure == nil:
		return fmt.Errorf("it is a %s without its data", rec.Kind)
	}
	r.done[at] = true
	r.records = append(r.records, rec)
	if _, ok := r.failed[rec.Cell]; rec.Kind == KindFailure && !ok {
		r.failed[rec.Cell] = rec
	}
	return nil
}

// cellAt returns the cell that the plan has at a place.
func (r *Run) cellAt(at place) (plan.Cell, bool) {
	if at.round < 0 {
		if at.slot < 0 || at.slot >= len(r.plan.Passes) {
			return plan.Cell{}, false
		}
		return r.plan.Cells[r.plan.Passes[at.slot].Cell], true
	}
	i := at.round*len(r.plan.Cells) + at.slot
	if i < 0 || i >= len(r.plan.Schedule) || at.slot < 0 || at.slot >= len(r.plan.Cells) {
		return plan.Cell{}, false
	}
	return r.plan.Cells[r.plan.Schedule[i].Cell], true
}

// Append commits a record: when it returns without an error, the record outlasts a crash. After an error the journal is
// as it was before.
func (r *Run) Append(rec Record) error {
	line, err := encode(rec)
	if err != nil {
		return fmt.Errorf("encode a record of %s: %w", rec.Cell, err)
	}
	if err := r.add(rec); err != nil {
		return fmt.Errorf("append to %s: %w", r.path(journalFile), err)
	}
	_, err = r.journal.Write(line)
	if err = errors.Join(err, r.journal.Sync()); err != nil {
		r.journal.Truncate(r.size)
		r.journal.Seek(r.size, 0)
		r.index(r.records[:len(r.records)-1])
		return explain("append to", r.path(journalFile), err)
	}
	r.size += int64(len(line))
	return nil
}

// Update changes the manifest.
func (r *Run) Update(change func(*Manifest)) error {
	m := r.manifest
	change(&m)
	if err := replaceJSON(r.path(manifestFile), m); err != nil {
		return err
	}
	r.manifest = m
	return nil
}

// SetPlan replaces the plan, by one that has the same cells and passes and at least the rounds that are measured.
func (r *Run) SetPlan(p *plan.Plan) error {
	if err := replaceJSON(r.path(planFile), p); err != nil {
		return err
	}
	r.plan = p
	return r.index(r.records)
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

// explain adds to an error of the file system what may be done about it.
func explain(op, path string, err error) error {
	remedy := ""
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT):
		remedy = ": make room on that disk; what was committed before is safe"
	case errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EROFS):
		remedy = ": choose a directory that can be written with -results"
	case errors.Is(err, unix.ENOTDIR):
		remedy = ": a part of that path is a file; choose a directory with -results"
	}
	var p *fs.PathError
	if errors.As(err, &p) && p.Path == path {
		err = p.Err
	}
	return fmt.Errorf("%s %s: %w%s", op, path, err, remedy)
}

// NewName returns a name for a run that begins now: scenario-YYYYMMDD-hhmmss, with a suffix if that is taken.
func NewName(results, scenario string, now time.Time) string {
	name := fmt.Sprintf("%s-%s", scenario, now.Format("20060102-150405"))
	for n := 2; ; n++ {
		if _, err := os.Lstat(filepath.Join(results, name)); err != nil {
			return name
		}
		base, _, _ := strings.Cut(name, "_")
		name = fmt.Sprintf("%s_%d", base, n)
	}
}
