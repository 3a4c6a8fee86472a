package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// replace writes a file so that whoever opens it, even after a crash, finds it as it was or as it is to be.
func replace(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return explain("write", path, err)
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return explain("write", path, err)
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes the names in a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return explain("sync", dir, err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return explain("sync", dir, err)
	}
	return nil
}

// replaceJSON writes v as indented JSON.
func replaceJSON(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return replace(path, append(data, '\n'))
}

// explain adds to an error of the file system what may be done about it.
func explain(op, path string, err error) error {
	remedy := ""
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT):
		remedy = ": make room on that disk"
	case errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EROFS):
		remedy = ": choose a directory that can be written with -results"
	case errors.Is(err, unix.ENOTDIR):
		remedy = ": a part of that path is a file; choose a directory with -results"
	}
	if p, ok := errors.AsType[*fs.PathError](err); ok && p.Path == path {
		err = p.Err
	}
	return fmt.Errorf("%s %s: %w%s", op, path, err, remedy)
}
