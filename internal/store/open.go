package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/goccy/go-json"
	"golang.org/x/sys/unix"

	"crawlbench/internal/plan"
)

// Create makes the directory of a new run, which must not exist while its parent must, and writes manifest and plan into
// it. That nothing can be written there shows now, before anything was measured. The run's schema, name and state are
// set, whatever m has.
func Create(dir string, m Manifest, p *plan.Plan) (*Run, error) {
	if err := os.Mkdir(dir, 0o777); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("create run %s: it exists: go on with it by -resume, or choose another name", dir)
		}
		return nil, explain("create run", dir, err)
	}
	r := &Run{dir: dir, manifest: m, plan: p}
	r.manifest.Schema, r.manifest.Run, r.manifest.State = Schema, filepath.Base(dir), Running
	if err := r.create(); err != nil {
		r.Close()
		return nil, errors.Join(err, os.RemoveAll(dir)) // it was made just now, and holds nothing
	}
	return r, nil
}

// create writes the files of a new run, the manifest last: where there is one, the rest is there too, and the run can
// be resumed.
func (r *Run) create() error {
	if err := r.take(); err != nil {
		return err
	}
	if err := replaceJSON(r.path(planFile), r.plan); err != nil {
		return err
	}
	var err error
	r.journal, err = os.OpenFile(r.path(journalFile), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if err != nil {
		return explain("create", r.path(journalFile), err)
	}
	if err := replaceJSON(r.path(manifestFile), r.manifest); err != nil {
		return err
	}
	if err := syncDir(filepath.Dir(r.dir)); err != nil {
		return err
	}
	return r.index(nil)
}

// Open opens a run to read it. It may be one that another process is writing.
func Open(dir string) (*Run, error) {
	r := &Run{dir: dir}
	text, err := r.load()
	if err != nil {
		return nil, fmt.Errorf("open run %s: %w", dir, err)
	}
	bad, err := r.replay(text)
	if err != nil {
		return nil, fmt.Errorf("open run %s: %w", dir, err)
	}
	if bad != nil {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%s ends in %d bytes that are no whole record; they are ignored", r.path(journalFile), len(bad.bytes)))
	}
	return r, nil
}

// Recovered says what was cut off a journal.
type Recovered struct {
	Bytes int    // how many, to the end of the file
	Line  int    // the first of the lines that were cut off, from 1
	Kept  string // the file to whose end they were moved
}

func (r *Recovered) String() string {
	return fmt.Sprintf("the journal ended in the middle of a write: %d bytes from line %d on were no whole record, and were moved to %s", r.Bytes, r.Line, r.Kept)
}

// Resume opens a run to go on with it. What a crash left of the last write is put aside, and told of: without such, the
// Recovered is nil.
func Resume(dir string) (*Run, *Recovered, error) {
	r := &Run{dir: dir}
	recovered, err := r.resume()
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("resume run %s: %w", dir, err), r.Close())
	}
	return r, recovered, nil
}

func (r *Run) resume() (*Recovered, error) {
	if _, err := r.load(); err != nil { // the right kind of directory, before a lock is put into it
		return nil, err
	}
	if err := r.take(); err != nil {
		return nil, err
	}
	text, err := r.load()
	if err != nil {
		return nil, err
	}
	bad, err := r.replay(text)
	if err != nil {
		return nil, err
	}
	r.journal, err = os.OpenFile(r.path(journalFile), os.O_WRONLY, 0)
	if err != nil {
		return nil, explain("open", r.path(journalFile), err)
	}
	r.size = int64(len(text))
	if bad == nil {
		return nil, nil
	}
	r.size = int64(bad.offset)
	return r.mend(bad)
}

// mend moves a damaged tail from the journal to a file that keeps all such.
func (r *Run) mend(bad *tail) (*Recovered, error) {
	recovered := &Recovered{Bytes: len(bad.bytes), Line: bad.line, Kept: r.path(tornFile)}
	kept, err := os.ReadFile(recovered.Kept)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, explain("read", recovered.Kept, err)
	}
	if err := replace(recovered.Kept, append(kept, bad.bytes...)); err != nil {
		return nil, err
	}
	if err := errors.Join(r.journal.Truncate(r.size), r.journal.Sync()); err != nil {
		return nil, explain("mend", r.path(journalFile), err)
	}
	return recovered, nil
}

// load reads manifest and plan, and returns the journal's text.
func (r *Run) load() ([]byte, error) {
	text, err := r.read(manifestFile)
	if err != nil {
		return nil, err
	}
	// The schema alone first: files of another may have anything else in any form.
	var head struct {
		Schema int `json:"schema"`
	}
	if err := r.decode(manifestFile, text, &head); err != nil {
		return nil, err
	}
	if head.Schema != Schema {
		return nil, fmt.Errorf("its files are of schema %d, this program reads schema %d: use the version of crawlbench that wrote it, or measure anew", head.Schema, Schema)
	}
	r.manifest = Manifest{}
	if err := r.decode(manifestFile, text, &r.manifest); err != nil {
		return nil, err
	}
	// Before the plan, as a writer may meanwhile add rounds to the plan and then their records to the journal.
	journal, err := r.read(journalFile)
	if err != nil {
		return nil, err
	}
	text, err = r.read(planFile)
	if err != nil {
		return nil, err
	}
	r.plan = new(plan.Plan)
	if err := r.decode(planFile, text, r.plan); err != nil {
		return nil, err
	}
	if err := checkPlan(r.plan); err != nil {
		return nil, r.damaged(planFile, err)
	}
	return journal, nil
}

func (r *Run) read(name string) ([]byte, error) {
	text, err := os.ReadFile(r.path(name))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) {
		return nil, fmt.Errorf("there is no %s: a run is a directory with %s, %s and %s", name, manifestFile, planFile, journalFile)
	}
	return text, err
}

// Decode reads a file of the run, named as records name theirs, into what v points to.
func (r *Run) Decode(file string, v any) error {
	text, err := os.ReadFile(r.path(file))
	if err != nil {
		return err
	}
	return json.Unmarshal(text, v)
}

func (r *Run) decode(name string, text []byte, v any) error {
	if err := json.Unmarshal(text, v); err != nil {
		return r.damaged(name, err)
	}
	return nil
}

func (r *Run) damaged(name string, why error) error {
	return fmt.Errorf("%s is damaged: %w: take it from a backup, or measure anew", r.path(name), why)
}

// replay takes the records of a journal, and returns its tail if that is damaged.
func (r *Run) replay(text []byte) (*tail, error) {
	records, bad, err := parseJournal(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.path(journalFile), err)
	}
	return bad, r.index(records)
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
			return fmt.Errorf("another crawlbench (pid %s) is writing to %s: wait for its end", bytes.TrimSpace(pid[:n]), r.dir)
		}
		return explain("lock", r.dir, err)
	}
	r.lock = f
	// Only to be named in the message above, so it may fail.
	f.Truncate(0)
	f.WriteAt(strconv.AppendInt(nil, int64(os.Getpid()), 10), 0)
	return nil
}
