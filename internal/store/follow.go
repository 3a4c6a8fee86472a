package store

import (
	"fmt"
	"io"
	"path/filepath"

	"crawlbench/internal/plan"
	"crawlbench/internal/rundir"
)

// Peek reads the manifest of a run, and whether a process is writing to it. The manifest of a run that was killed cannot
// say so: its state is Interrupted all the same.
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
	if err != nil || m.State != Running || held(d) {
		return m, m.State == Running, err
	}
	// It may have ended just now, after its manifest was read.
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

// Follow begins at the beginning of a run's journal.
func Follow(dir string) *Follower { return &Follower{dir: dir} }

// Next returns the records that were committed since the last call. It reads no more than these; a line at the end that is
// not whole is left for the next call.
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
	// Behind these lines is what is to be written yet, or what a crash left: Resume takes it away, and the next record comes in
	// its place.
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
		if p, err = plan.Parse(text); err != nil {
			err = damaged(d.Path(planFile), err)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read run %s: %w", dir, err)
	}
	return p, nil
}
