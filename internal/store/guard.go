package store

import (
	"errors"
	"fmt"
	"io"
)

// rescuedFile is where the journal is saved if the file under its name was replaced.
const rescuedFile = "journal.rescued"

// checkIntact returns an error if the directory was moved or deleted, or the journal or the lock deleted or replaced.
// It is called at every commit, so that no run continues for hours and then loses its samples.
func (r *Run) checkIntact() error {
	if err := r.Moved(); err != nil {
		return err
	}
	switch {
	case !r.files.Same(journalFile, r.journal):
		return r.restoreJournal()
	case !r.files.Same(lockFile, r.lock):
		return fmt.Errorf("%s was deleted or replaced during the run, so another crawlbench could write to it: "+
			"continue with -resume", r.path(lockFile))
	}
	return nil
}

// Moved returns an error if the directory of a run that is being written was moved or deleted.
func (r *Run) Moved() error {
	if r.files == nil || r.files.At(r.dir) {
		return nil
	}
	return fmt.Errorf("the directory %s was deleted or moved during the run: move it back, or continue with -resume where "+
		"it is now", r.dir)
}

// restoreJournal writes the journal's content again, from the open file, which exists as long as it is open.
func (r *Run) restoreJournal() error {
	lost := fmt.Errorf("%s was deleted or replaced during the run", r.path(journalFile))
	text, err := io.ReadAll(io.NewSectionReader(r.journal, 0, r.size))
	if err != nil {
		return errors.Join(lost, err)
	}
	name := rescuedFile
	if !r.files.Exists(journalFile) {
		name = journalFile
	}
	if err := r.files.WriteSync(name, text); err != nil {
		return errors.Join(lost, err)
	}
	if name == journalFile {
		return fmt.Errorf("%w; it was restored, with %d records: continue with -resume", lost, len(r.records))
	}
	return fmt.Errorf(
		"%w; its content, %d records, is in %s: rename that file to %s and continue with -resume", lost,
		len(r.records), r.path(name), journalFile,
	)
}
