//go:build unix

package host

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// The error of a temporary file says where it was to be and which variable chooses another place.
func TestTempSaysHowToMend(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for place, want := range map[string]error{
		filepath.Join(t.TempDir(), "missing"):      fs.ErrNotExist,
		filepath.Join(t.TempDir(), "two\nlines"):   fs.ErrNotExist,
		file:                                       syscall.ENOTDIR,
		filepath.Join(t.TempDir(), "no", "parent"): fs.ErrNotExist,
	} {
		t.Setenv("TMPDIR", place)
		_, errDir := TempDir("x-")
		_, errFile := TempFile("x-")
		for _, err := range []error{errDir, errFile} {
			if !errors.Is(err, want) || !strings.Contains(err.Error(), filepath.Base(filepath.Dir(place))) ||
				!strings.HasSuffix(err.Error(), "set TMPDIR to a directory that can be written") ||
				strings.Contains(err.Error(), "\n") {
				t.Errorf("TMPDIR=%q: %v; want %v, the place and TMPDIR", place, err, want)
			}
		}
	}
	full := explainTemp("file", &fs.PathError{Op: "open", Path: "p", Err: syscall.ENOSPC})
	if !strings.Contains(full.Error(), "free space there") {
		t.Errorf("full disk: %v", full)
	}
	t.Setenv("TMPDIR", t.TempDir())
	dir, err := TempDir("x-")
	if info, errStat := os.Stat(dir); err != nil || errStat != nil || !info.IsDir() {
		t.Errorf("TempDir() = %q, %v", dir, err)
	}
}

// Wherever temporary files are, a socket in the directory can be listened on.
func TestSocketDirHasAShortName(t *testing.T) {
	long := filepath.Join(t.TempDir(), strings.Repeat("x", 110))
	if err := os.Mkdir(long, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, place := range []string{"/tmp", long} {
		t.Setenv("TMPDIR", place)
		dir, err := SocketDir("x-")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		l, err := net.Listen("unix", filepath.Join(dir, "0"))
		if err != nil {
			t.Errorf("TMPDIR=%q: %v", place, err)
			continue
		}
		l.Close()
	}
}
