package store

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"crawlbench/internal/parallel"
	"crawlbench/internal/plan"
	"crawlbench/internal/rundir"
)

// Create creates the directory of a new run and writes manifest and plan into it. The parent directory must exist. If
// the directory is not writable, Create fails, before anything is measured. It sets the manifest's schema, name,
// directory, state and sums.
func Create(dir string, m Manifest, p *plan.Plan) (*Run, error) {
	if err := p.Check(); err != nil {
		return nil, fmt.Errorf("create run %s: invalid plan: %w", dir, err)
	}
	if err := m.checkMachines(); err != nil {
		return nil, fmt.Errorf("create run %s: %w", dir, err)
	}
	if err := os.Mkdir(dir, 0o777); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("create run %s: it exists: continue it with -resume, or choose another name", dir)
		}
		return nil, withRemedy("create run", dir, err)
	}
	r := &Run{dir: dir, manifest: m, plan: p}
	r.manifest.Schema, r.manifest.Run, r.manifest.State = Schema, filepath.Base(dir), Running
	r.manifest.Sums.Scenario = Sum([]byte(m.ScenarioText))
	if err := r.create(); err != nil {
		r.Close()
		return nil, errors.Join(err, os.RemoveAll(dir)) // it was created above and is empty
	}
	return r, nil
}

// MakeParent creates the directory in which Create creates the directory of a run.
func MakeParent(dir string) error {
	parent := filepath.Dir(dir)
	return withRemedy(opParent, parent, os.MkdirAll(parent, 0o777))
}

// create writes the files of a new run, the manifest last: a run with a manifest has all files and can be resumed.
func (r *Run) create() error {
	place, err := filepath.Abs(r.dir)
	if err == nil {
		if r.manifest.Dir = ""; len(r.manifest.GraphFiles) > 0 {
			r.manifest.Dir = Path(place)
		}
		r.files, err = rundir.Open(r.dir)
	}
	if err != nil {
		return withRemedy("create run", r.dir, err)
	}
	if r.lock, err = acquireLock(r.files); err != nil {
		return withRemedy("lock", r.dir, err)
	}
	// In a repository, the files keep their line ends whatever git's settings are.
	if err := withRemedy("write", r.path(gitFile), r.files.Write(gitFile, []byte("* -text\n"))); err != nil {
		return err
	}
	text, err := planText(r.plan)
	if err != nil {
		return fmt.Errorf("write %s: %w", r.path(planFile), err)
	}
	r.planSum, r.sum = Sum(text), sha256.New()
	if err := r.write(planFile, text, maxPlan); err != nil {
		return err
	}
	if r.journal, err = r.files.Edit(journalFile, true); err != nil {
		return withRemedy("create", r.path(journalFile), err)
	}
	if err := r.writeManifest(r.manifest, r.planSum); err != nil {
		return err
	}
	if err := rundir.SyncDir(filepath.Dir(r.dir)); err != nil {
		return withRemedy("sync", filepath.Dir(r.dir), err)
	}
	return r.index(nil)
}

// Open opens a run for reading. Another process may be writing it.
func Open(dir string) (*Run, error) {
	r, j, err := read(dir)
	if err != nil {
		return nil, fmt.Errorf("open run %s: %w", dir, err)
	}
	if j.bad != nil {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%s ends with an incomplete record or block of %d bytes, which is ignored",
			r.path(journalFile), j.bad.size))
	}
	return r, nil
}

// read reads a run and its journal.
func read(dir string) (*Run, *journal, error) {
	d, err := openDir(dir)
	if err != nil {
		return nil, nil, err
	}
	defer d.Close()
	r := &Run{dir: dir}
	j, err := r.load(d)
	if err != nil {
		return nil, nil, err
	}
	if r.manifest.State == Running {
		m, _, err := peek(d)
		if err != nil {
			return nil, nil, err
		}
		if m.State == Interrupted { // if it completed after load, records are missing, so it stays Running
			r.manifest.State = m.State
		}
	}
	return r, j, nil
}

// Recovered describes what was cut off a journal.
type Recovered struct {
	Bytes int    // number of bytes, up to the end of the file
	Line  int    // the first line that was cut off, from 1
	Kept  string // the file to which they were appended
}

// String describes what was cut off and where it is.
func (r *Recovered) String() string {
	return fmt.Sprintf("the journal ended with an incomplete record or block: %d bytes from line %d on were moved to %s",
		r.Bytes, r.Line, r.Kept)
}

// Resume opens a run to continue it. It moves an incomplete last record or block, left by a crash, to another file and
// describes it; if there is none, the Recovered is nil.
func Resume(dir string) (*Run, *Recovered, error) {
	r := &Run{dir: dir}
	recovered, err := r.resume()
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("resume run %s: %w", dir, err), r.Close())
	}
	return r, recovered, nil
}

func (r *Run) resume() (*Recovered, error) {
	d, err := openDir(r.dir)
	if err != nil {
		return nil, err
	}
	r.files = d
	if _, err := r.load(d); err != nil { // check that it is a run before a lock is created in it
		return nil, err
	}
	if r.lock, err = acquireLock(d); err != nil {
		return nil, withRemedy("lock", r.dir, err)
	}
	j, err := r.load(d)
	if err != nil {
		return nil, err
	}
	if r.journal, err = d.Edit(journalFile, false); err != nil {
		return nil, withRemedy("open", r.path(journalFile), err)
	}
	r.size, r.sum = j.size, j.sum
	if j.bad == nil {
		return nil, nil
	}
	return r.saveTail(j.bad)
}

// saveTail moves a damaged tail from the journal to the end of the file for torn records.
func (r *Run) saveTail(bad *tail) (*Recovered, error) {
	recovered := &Recovered{Bytes: int(bad.size), Line: bad.line, Kept: r.path(tornFile)}
	kept, err := r.files.Edit(tornFile, true)
	if err != nil {
		return nil, withRemedy("open", recovered.Kept, err)
	}
	defer kept.Close()
	if _, err := kept.Seek(0, io.SeekEnd); err != nil {
		return nil, withRemedy("write", recovered.Kept, err)
	}
	if _, err := io.Copy(kept, io.NewSectionReader(r.journal, r.size, bad.size)); err != nil {
		return nil, withRemedy("write", recovered.Kept, err)
	}
	if err := errors.Join(kept.Sync(), r.files.Sync(".")); err != nil {
		return nil, withRemedy("write", recovered.Kept, err)
	}
	if err := errors.Join(r.journal.Truncate(r.size), r.journal.Sync()); err != nil {
		return nil, withRemedy("truncate", r.path(journalFile), err)
	}
	return recovered, nil
}

// load reads manifest, plan and journal.
func (r *Run) load(d *rundir.Dir) (*journal, error) {
	for try := 1; ; try++ {
		m, text, err := readManifest(d)
		if err != nil {
			return nil, err
		}
		m.Run = filepath.Base(r.dir) // it may have been renamed
		// Read the size of the journal before the plan: a writer may add rounds to the plan and then records of these
		// rounds to the journal.
		f, size, err := openJournal(d)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		planFound, err := readFile(d, planFile, maxPlan)
		if err != nil {
			return nil, err
		}
		changed := checkPlan(planFound, m)
		if changed != nil && m.State == Running && try < 5 {
			continue // a writer replaced the plan after the manifest was read
		}
		var p *plan.Plan
		var j *journal
		var errPlan, errJournal error
		parallel.Each(2, func(i int) {
			if i == 0 {
				p, errPlan = plan.Read(planFound)
			} else {
				j, errJournal = readJournal(io.LimitReader(f, size), size, m.Sums.Journal)
			}
		})
		if errJournal != nil {
			return nil, fmt.Errorf("%s: %w", d.Path(journalFile), errJournal)
		}
		if errPlan != nil {
			return nil, damaged(d.Path(planFile), errPlan)
		}
		r.manifest, r.plan, r.planSum = m, p, Sum(unixLines(planFound))
		r.changed = cmp.Or(checkManifest(text, m), changed)
		r.Warnings = nil
		for _, err := range []error{r.changed, m.checkJournal(j)} {
			if err != nil {
				r.Warnings = append(r.Warnings, fmt.Sprintf("%s: %v", r.dir, err))
			}
		}
		return j, r.index(j.records)
	}
}

func readManifest(d *rundir.Dir) (m Manifest, text []byte, err error) {
	if text, err = readFile(d, manifestFile, maxManifest); err != nil {
		return m, nil, err
	}
	m, err = parseManifest(text, d.Path(manifestFile))
	return m, text, err
}

// parseManifest parses the text of a manifest, which may be untrusted. Its strings may be anything.
func parseManifest(text []byte, path string) (m Manifest, err error) {
	// Read the schema first, alone: other schemas may have different types in other fields.
	var head struct {
		Schema int `json:"schema"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return m, damaged(path, err)
	}
	if head.Schema != Schema {
		return m, fmt.Errorf("its files have schema %d, this program reads schema %d: "+
			"use the version of crawlbench that wrote it, or measure again", head.Schema, Schema)
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, damaged(path, err)
	}
	if m.State != Running && m.State != Interrupted && m.State != Complete {
		return m, damaged(path, fmt.Errorf("invalid state %q", m.State))
	}
	if err := errors.Join(m.checkMachines(), m.checkAmounts()); err != nil {
		return m, damaged(path, err)
	}
	return m, nil
}

// openJournal returns the journal and its size.
func openJournal(d *rundir.Dir) (*os.File, int64, error) {
	f, err := d.Open(journalFile)
	if err != nil {
		return nil, 0, explainMissing(journalFile, err)
	}
	info, err := f.Stat()
	if err == nil {
		err = rundir.TooLarge(f, maxJournal)
	}
	if err != nil {
		f.Close()
		return nil, 0, fmt.Errorf("%s: %w", d.Path(journalFile), err)
	}
	return f, info.Size(), nil
}

func openDir(dir string) (*rundir.Dir, error) {
	d, err := rundir.Open(dir)
	return d, explainMissing(manifestFile, err)
}

func readFile(d *rundir.Dir, name string, most int64) ([]byte, error) {
	text, err := d.Read(name, most)
	return withoutMark(text), explainMissing(name, err)
}

// explainMissing converts the error of a file that does not exist.
func explainMissing(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return missingFileError{name, err}
	}
	return err
}

// missingFileError is the error of a directory without a file that every run has.
type missingFileError struct {
	name  string
	cause error
}

func (e missingFileError) Error() string {
	return fmt.Sprintf("no such file: %s: a run is a directory with %s, %s and %s", e.name, manifestFile, planFile,
		journalFile)
}

func (e missingFileError) Unwrap() error { return e.cause }

// damaged adds a remedy to the error of a file that cannot be parsed.
func damaged(path string, why error) error {
	return fmt.Errorf("%s is damaged: %w: take it from a backup, or measure again", path, why)
}
