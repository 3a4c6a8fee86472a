package store

import (
	"fmt"
	"io"
	"path/filepath"

	"crawlbench/internal/plan"
	"crawlbench/internal/rundir"
)

// Peek reads the manifest of a run and reports whether a process is writing to the run. For a killed run, whose
// manifest still says Running, the returned state is Interrupted.
func Peek(dir string) (m Manifest, alive bool, err error) {
	d, err := openDir(dir)
	if err == nil {
		defer d.Close()
		m, alive, err = peek(d)
	}
	if err != nil {
		return m, false, fmt.Errorf("read run %s: %w", dir, err)
	}
	m.Run = filepath.Base(dir)
	return m, alive, nil
}

func peek(d *rundir.Dir) (m Manifest, alive bool, err error) {
	m, _, err = readManifest(d)
	if err != nil || m.State != Running || isLocked(d) {
		return m, m.State == Running, err
	}
	// The run may have ended after its manifest was read.
	if m, _, err = readManifest(d); m.State == Running {
		m.State = Interrupted
	}
	return m, false, err
}

// Follower reads a journal while another process appends to it.
type Follower struct {
	dir    string
	offset int64
}

// Follow returns a Follower at the beginning of a run's journal.
func Follow(dir string) *Follower { return &Follower{dir: dir} }

// Next returns the records that were committed since the last call. It reads only these; an incomplete last line is
// left for the next call.
func (f *Follower) Next() ([]Record, error) {
	d, err := rundir.Open(f.dir)
	if err != nil {
		return nil, fmt.Errorf("follow: %w", err)
	}
	defer d.Close()
	file, end, err := openJournal(d)
	if err != nil {
		return nil, fmt.Errorf("follow: %w", err)
	}
	defer file.Close()
	if end <= f.offset {
		return nil, nil
	}
	size := end - f.offset
	j, err := readJournal(io.NewSectionReader(file, f.offset, size), size, nil)
	if err != nil {
		return nil, fmt.Errorf("follow %s: %w", filepath.Join(f.dir, journalFile), err)
	}
	// After these lines there may be an incomplete line: one being written, or one left by a crash, which Resume
	// removes before it appends the next record.
	f.offset += j.size
	return j.records, nil
}

// Plan reads the plan of a run.
func Plan(dir string) (*plan.Plan, error) {
	d, err := openDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read run %s: %w", dir, err)
	}
	defer d.Close()
	text, err := readFile(d, planFile, maxPlan)
	var p *plan.Plan
	if err == nil {
		if p, err = plan.Read(text); err != nil {
			err = damaged(d.Path(planFile), err)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read run %s: %w", dir, err)
	}
	return p, nil
}
