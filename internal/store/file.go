package store

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/unix"

	"crawlbench/internal/rundir"
)

// Bounds of the files of a run, in bytes. What is written is held to them too, so that it can be read.
const (
	maxManifest = 16 << 20
	maxPlan     = 128 << 20
	maxOther    = 256 << 20 // a ledger
)

// write replaces a file of the run for good.
func (r *Run) write(name string, data []byte, most int64) error {
	if int64(len(data)) > most {
		return fmt.Errorf("write %s: it would have %d bytes, want at most %d: choose fewer cells or rounds", r.path(name), len(data), most)
	}
	return explain("write", r.path(name), r.files.WriteSync(name, data))
}

// explain adds to an error of the file system what may be done about it.
func explain(op, path string, err error) error {
	remedy := ""
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT):
		remedy = ": make room on that disk"
	case op == "lock" && (errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EROFS)):
		remedy = ": copy the run to a directory that can be written"
	case errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EROFS):
		remedy = ": choose a directory that can be written with -results"
	case errors.Is(err, unix.ENOTDIR):
		remedy = ": a part of that path is a file; choose a directory with -results"
	case errors.Is(err, rundir.ErrUnsafe):
		remedy = ": delete it, or copy what is in it to its place"
	}
	// Of files within the run the error has the name that they have there.
	if p, ok := errors.AsType[*fs.PathError](err); ok && (p.Path == path || !filepath.IsAbs(p.Path)) {
		err = p.Err
	}
	return fmt.Errorf("%s %s: %w%s", op, path, err, remedy)
}
