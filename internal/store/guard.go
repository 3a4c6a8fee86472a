package store

import (
	"errors"
	"fmt"
	"io"
)

// rescuedFile keeps the journal of a run whose own was replaced.
const rescuedFile = "journal.rescued"

// intact returns an error if what the run writes to is not found under its name any more: the directory was moved or deleted,
// the journal or the lock deleted or replaced. It is asked at every commit, so that nobody measures for hours what
// is lost in the end.
func (r *Run) intact() error {
	if err := r.Moved(); err != nil {
		return err
	}
	switch {
	case !r.files.Same(journalFile, r.journal):
		return r.rescue()
	case !r.files.Same(lockFile, r.lock):
		return fmt.Errorf("%s was deleted or replaced while the run goes on, and another crawlbench could write to it too: go on by -resume", r.path(lockFile))
	}
	return nil
}

// Moved returns an error if the directory of a run that is written is not where it was.
func (r *Run) Moved() error {
	if r.files == nil || r.files.At(r.dir) {
		return nil
	}
	return fmt.Errorf("the directory %s was deleted or moved while the run goes on: move it back, or go on with it where it is, by -resume", r.dir)
}

// rescue writes what the journal held back from the open file, which is there as long as it is open.
func (r *Run) rescue() error {
	lost := fmt.Errorf("%s was deleted or replaced while the run goes on", r.path(journalFile))
	text, err := io.ReadAll(io.NewSectionReader(r.journal, 0, r.size))
	if err != nil {
		return errors.Join(lost, err)
	}
	name := rescuedFile
	if there := r.files.Exists(journalFile); !there {
		name = journalFile
	}
	if err := r.files.WriteSync(name, text); err != nil {
		return errors.Join(lost, err)
	}
	if name == journalFile {
		return fmt.Errorf("%w; what it held, records: %d, was written back: go on by -resume", lost, len(r.records))
	}
	return fmt.Errorf("%w; what it held, records: %d, is in %s: put that file in its place, and go on by -resume", lost, len(r.records), r.path(name))
}
