package store

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"

	"crawlbench/internal/rundir"
)

// Size limits of the files of a run, in bytes. Writing enforces them too, so that every file can be read.
const (
	maxManifest = 16 << 20
	maxPlan     = 128 << 20
	maxFile     = 256 << 20 // such as a time breakdown
)

// opParent is the operation of MakeParent.
const opParent = "create the directory of the runs"

// write replaces a file of the run durably.
func (r *Run) write(name string, data []byte, most int64) error {
	if int64(len(data)) > most {
		return fmt.Errorf("write %s: too large, %d bytes: want at most %d: choose fewer cells or rounds", r.path(name),
			len(data), most)
	}
	return withRemedy("write", r.path(name), r.files.WriteSync(name, data))
}

// withRemedy adds a remedy to an error of the file system.
func withRemedy(op, path string, err error) error {
	remedy := ""
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
		remedy = ": free space on that disk"
	case op == "lock" && (errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)):
		remedy = ": copy the run to a writable directory"
	case errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS):
		remedy = ": choose a writable directory with -results"
	case errors.Is(err, syscall.ENOTDIR):
		remedy = ": a part of that path is a file: choose a directory with -results"
	case errors.Is(err, fs.ErrExist) && op == opParent: // MkdirAll of a link whose target is not there
		remedy = ": it is a link that leads to no directory: create its target, or choose a directory with -results"
	case errors.Is(err, fs.ErrNotExist) && op == opParent:
		remedy = ": choose a writable directory with -results"
	case errors.Is(err, rundir.ErrUnsafe):
		remedy = ": delete it, or replace it with a copy of its content"
	}
	// The error of a file within the run has the name relative to the run: it is already in path.
	if p, ok := errors.AsType[*fs.PathError](err); ok && (p.Path == path || !filepath.IsAbs(p.Path)) {
		err = p.Err
	}
	return fmt.Errorf("%s %s: %w%s", op, path, err, remedy)
}
