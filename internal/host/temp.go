package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// TempDir creates a new directory for temporary files, which the caller removes. Its error says how to name a
// directory that can be written.
func TempDir(pattern string) (string, error) {
	dir, err := os.MkdirTemp("", pattern)
	return dir, explainTemp("directory", err)
}

// SocketDir creates a directory as TempDir does, for sockets with names of a few bytes. It is in /tmp if the place for
// temporary files has a long name: the path of a Unix socket has at most 103 bytes on some systems.
func SocketDir(pattern string) (string, error) {
	const longest = 64
	place := ""
	if len(os.TempDir()) > longest {
		place = "/tmp"
	}
	dir, err := os.MkdirTemp(place, pattern)
	return dir, explainTemp("directory", err)
}

// TempFile creates a new temporary file, which the caller removes.
func TempFile(pattern string) (*os.File, error) {
	f, err := os.CreateTemp("", pattern)
	return f, explainTemp("file", err)
}

// explainTemp adds the place and a remedy to the error of a temporary file or directory.
func explainTemp(what string, err error) error {
	if err == nil {
		return nil
	}
	place := os.TempDir()
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err
	}
	remedy := "set TMPDIR to a directory that can be written"
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		remedy = "free space there, or set TMPDIR to a directory on another disk"
	}
	return fmt.Errorf("create a temporary %s in %q: %w: %s", what, place, err, remedy)
}
