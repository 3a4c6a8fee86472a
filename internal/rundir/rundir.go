// Package rundir reads and writes the files of one untrusted directory, such as a run that was sent by mail or checked
// out of a repository.
//
// It only reads and writes regular files, by name. Nothing is read or written outside of the directory, through a
// symbolic link, or from a FIFO, a device or a socket, which might block forever. No file is read beyond a size that
// the caller gives.
package rundir

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// Dir is an open directory. Names are slash-separated and relative to it. It refers to the same directory even after
// that is renamed.
type Dir struct{ root *os.Root }

// ErrUnsafe is the error for a file that exists but is not opened because it is not a regular file of the directory.
var ErrUnsafe = errors.New("only regular files of a run are read or written")

// ErrTooLarge is the error for a file that exceeds its size limit.
var ErrTooLarge = errors.New("file too large")

// Open opens the directory at a path. The path itself may contain symbolic links: the user chose it.
func Open(path string) (*Dir, error) {
	info, err := os.Stat(path) // opening a FIFO would wait for a writer
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, &fs.PathError{Op: "open", Path: path, Err: syscall.ENOTDIR}
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	return &Dir{root}, nil
}

// Path returns the path of a file, for messages.
func (d *Dir) Path(name string) string { return filepath.Join(d.root.Name(), name) }

// Close closes d.
func (d *Dir) Close() error { return d.root.Close() }

// Open opens a file for reading.
func (d *Dir) Open(name string) (*os.File, error) { return d.open(name, os.O_RDONLY) }

// Read returns the content of a file of at most most bytes.
func (d *Dir) Read(name string, most int64) ([]byte, error) {
	f, err := d.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil {
		err = TooLarge(f, most)
	}
	var text bytes.Buffer
	if err == nil {
		text.Grow(int(info.Size()) + bytes.MinRead)
		_, err = text.ReadFrom(io.LimitReader(f, most)) // the file may grow
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return text.Bytes(), nil
}

// TooLarge returns an ErrTooLarge error if f has more than most bytes.
func TooLarge(f *os.File, most int64) error {
	info, err := f.Stat()
	if err == nil && info.Size() > most {
		err = fmt.Errorf("%w: %d bytes: want at most %d", ErrTooLarge, info.Size(), most)
	}
	return err
}

// Edit opens a file for writing in place. It refuses a file with other hard links, because those would change too. With
// create it creates a missing file.
func (d *Dir) Edit(name string, create bool) (*os.File, error) {
	f, err := d.open(name, os.O_RDWR)
	if create && errors.Is(err, fs.ErrNotExist) {
		return d.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil {
		if n := links(info); n > 1 {
			err = fmt.Errorf(
				"%s: %w: it has %d hard links, which would all change: replace it with a copy", name, ErrUnsafe, n,
			)
		}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Write replaces a file atomically. It creates missing parent directories.
func (d *Dir) Write(name string, data []byte) error { return d.write(name, data, false) }

// WriteSync is like Write, and when it returns the file survives a crash.
func (d *Dir) WriteSync(name string, data []byte) error { return d.write(name, data, true) }

func (d *Dir) write(name string, data []byte, durable bool) error {
	if err := checkName(name); err != nil {
		return err
	}
	if err := d.MkdirAll(path.Dir(name)); err != nil {
		return err
	}
	return d.replace(name, 0o666, durable, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// Replace writes a file at a path as Dir.Write does, or if durable as Dir.WriteSync. The directory has to be there.
func Replace(path string, perm fs.FileMode, durable bool, write func(io.Writer) error) error {
	d, err := Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.replace(filepath.Base(path), perm, durable, write), d.Close())
}

func (d *Dir) replace(name string, perm fs.FileMode, durable bool, write func(io.Writer) error) error {
	dir, base := path.Split(name)
	temporary := fmt.Sprintf("%s.%s.%x", dir, base, rand.Uint64())
	f, err := d.root.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	err = write(f)
	if err == nil && durable {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = d.root.Rename(temporary, name) // replaces a link rather than following it
	}
	if err != nil {
		d.root.Remove(temporary)
		return err
	}
	if durable {
		return d.Sync(path.Dir(name))
	}
	return nil
}

// MkdirAll creates a directory and its parents. A symbolic link does not count as a directory.
func (d *Dir) MkdirAll(name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	if err := d.checkDirs(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return d.root.MkdirAll(name, 0o777)
}

// RemoveAll removes a file, a directory with its content, or a symbolic link itself.
func (d *Dir) RemoveAll(name string) error { return d.root.RemoveAll(name) }

// Sync makes the entries of a directory durable, if the file system supports that.
func (d *Dir) Sync(name string) error {
	f, err := d.root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(syncDir(f), f.Close())
}

// SyncDir is like Sync for the directory at a path.
func SyncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(syncDir(f), f.Close())
}

func syncDir(f *os.File) error {
	err := f.Sync()
	if runtime.GOOS == "windows" || // which has no such operation
		errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}

// Exists reports whether anything has that name.
func (d *Dir) Exists(name string) bool {
	_, err := d.root.Lstat(name)
	return !errors.Is(err, fs.ErrNotExist)
}

// Same reports whether name still refers to f.
func (d *Dir) Same(name string, f *os.File) bool {
	here, err := d.root.Lstat(name)
	if err != nil {
		return false
	}
	there, err := f.Stat()
	return err == nil && os.SameFile(here, there)
}

// At reports whether path still refers to d.
func (d *Dir) At(path string) bool {
	here, err := d.root.Stat(".")
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(here, there)
}

// open opens a regular file. It checks the type first, because opening a FIFO or a device may block or have side
// effects, and again after opening, because the file may have been replaced in between.
func (d *Dir) open(name string, flag int) (*os.File, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	if err := d.checkDirs(path.Dir(name)); err != nil {
		return nil, err
	}
	before, err := d.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !before.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w: it is %s", name, ErrUnsafe, kind(before.Mode()))
	}
	f, err := d.root.OpenFile(name, flag|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	after, err := f.Stat()
	if err == nil && !after.Mode().IsRegular() {
		err = fmt.Errorf("%s: %w: it is %s", name, ErrUnsafe, kind(after.Mode()))
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// checkName returns an error if name is not a path within the directory.
func checkName(name string) error {
	if !fs.ValidPath(name) {
		return fmt.Errorf("%q: %w: want a path within the run", name, ErrUnsafe)
	}
	return nil
}

// checkDirs returns an error if name or one of its parents is not a directory, for example a symbolic link.
func (d *Dir) checkDirs(name string) error {
	if name == "." {
		return nil
	}
	for i := range len(name) + 1 {
		if i < len(name) && name[i] != '/' {
			continue
		}
		info, err := d.root.Lstat(name[:i])
		if err != nil {
			return err
		}
		if !info.IsDir() {
			return fmt.Errorf("%s: %w: it is %s, want a directory", name[:i], ErrUnsafe, kind(info.Mode()))
		}
	}
	return nil
}

// kind returns the type of a file in words.
func kind(m fs.FileMode) string {
	switch {
	case m.IsRegular():
		return "a regular file"
	case m.IsDir():
		return "a directory"
	case m&fs.ModeSymlink != 0:
		return "a symbolic link"
	case m&fs.ModeNamedPipe != 0:
		return "a FIFO"
	case m&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device (" + strings.TrimSpace(m.Type().String()) + ")"
}
