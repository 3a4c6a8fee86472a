package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"crawlbench/internal/plan"
)

// Peek reads the manifest of a run, and whether a process that writes to it is alive, for a run may be killed and its
// manifest not know.
func Peek(dir string) (m Manifest, alive bool, err error) {
	r := &Run{dir: dir}
	text, err := r.read(manifestFile)
	if err == nil {
		err = r.decode(manifestFile, text, &m)
	}
	if err == nil && m.Schema != Schema {
		err = fmt.Errorf("its files are of schema %d, this program reads schema %d", m.Schema, Schema)
	}
	if err != nil {
		return m, false, fmt.Errorf("read run %s: %w", dir, err)
	}
	return m, r.alive(), nil
}

// alive reports whether the process that took the lock last is there. It only looks: to try the lock would keep a writer
// from it for an instant.
func (r *Run) alive() bool {
	text, err := os.ReadFile(r.path(lockFile))
	if err != nil {
		return false
	}
	pid, err := strconv.Atoi(string(bytes.TrimSpace(text)))
	if err != nil || pid <= 0 {
		return false
	}
	err = unix.Kill(pid, 0)
	return err == nil || errors.Is(err, unix.EPERM)
}

// Follower reads a journal while another process appends to it.
type Follower struct {
	path   string
	offset int64
}

// Follow begins at the beginning of a run's journal.
func Follow(dir string) *Follower {
	return &Follower{path: (&Run{dir: dir}).path(journalFile)}
}

// Next returns the records that were committed since the last call. It reads no more than these; a line at the end that is
// not whole is left for the next call.
func (f *Follower) Next() ([]Record, error) {
	file, err := os.Open(f.path)
	if err != nil {
		return nil, fmt.Errorf("follow: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || info.Size() <= f.offset {
		return nil, err
	}
	text := make([]byte, info.Size()-f.offset)
	n, err := file.ReadAt(text, f.offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("follow: %w", err)
	}
	records, torn, err := parseJournal(text[:n])
	if err != nil {
		return nil, fmt.Errorf("follow %s: %w", f.path, err)
	}
	if torn != nil { // to be written yet, or what a crash left: Resume takes it away, and the next record comes in its place
		n = torn.offset
	}
	f.offset += int64(n)
	return records, nil
}

// Plan reads the plan of a run.
func Plan(dir string) (*plan.Plan, error) {
	r := &Run{dir: dir}
	text, err := r.read(planFile)
	p := new(plan.Plan)
	if err == nil {
		err = r.decode(planFile, text, p)
	}
	if err == nil {
		err = checkPlan(p)
	}
	if err != nil {
		return nil, fmt.Errorf("read run %s: %w", dir, err)
	}
	return p, nil
}
