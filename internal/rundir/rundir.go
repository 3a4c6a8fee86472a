// Package rundir reads and writes the files of one directory that may have come from a stranger, such as a run that was
// sent by mail or checked out of a repository.
//
// A name goes in and the bytes of a regular file come out, or the other way round. Nothing is read or written outside of
// the directory, through a symbolic link, or from a FIFO, a device or a socket, which might never answer; no file is read
// beyond a size that the caller gives.
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
	"strings"
	"syscall"
)

// Dir is an open directory. Names are relative to it, with slashes. It keeps to the directory that it was opened on, even if
// that is renamed.
type Dir struct{ root *os.Root }

// ErrUnsafe is the kind of error of a file that is there, and is not opened because of what it is.
var ErrUnsafe = errors.New("only regular files of a run are read or written")

// ErrTooLarge is the kind of error of a file beyond the size that it may have.
var ErrTooLarge = errors.New("file too large")

// Open opens the directory at a path. The path itself may lead through symbolic links: whoever names it means it.
func Open(path string) (*Dir, error) {
	info, err := os.Stat(path) // to open a FIFO would wait for who writes to it
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

// Open opens a file to read it.
func (d *Dir) Open(name string) (*os.File, error) { return d.open(name, os.O_RDONLY) }

// Read returns the content of a file, which may have at most so many bytes.
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
		_, err = text.ReadFrom(io.LimitReader(f, most)) // it may grow
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return text.Bytes(), nil
}

// TooLarge returns an error of the kind ErrTooLarge if f has more bytes than it may.
func TooLarge(f *os.File, most int64) error {
	info, err := f.Stat()
	if err == nil && info.Size() > most {
		err = fmt.Errorf("%w: %d bytes, want at most %d", ErrTooLarge, info.Size(), most)
	}
	return err
}

// Edit opens a file to change it in place. One that has other names (hard links) is refused: the change would show under
// those too. With create it is made if it is not there.
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
		if s, ok := info.Sys().(*syscall.Stat_t); ok && s.Nlink > 1 {
			err = fmt.Errorf("%s: %w: it has %d names (hard links), and a change would show under all: put a copy in its place", name, ErrUnsafe, s.Nlink)
		}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Write writes a file so that whoever opens it finds it as it was or as it is to be. Directories above it are made.
func (d *Dir) Write(name string, data []byte) error { return d.write(name, data, false) }

// WriteSync is Write, and when it returns the file outlasts a crash.
func (d *Dir) WriteSync(name string, data []byte) error { return d.write(name, data, true) }

func (d *Dir) write(name string, data []byte, durable bool) error {
	if err := within(name); err != nil {
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
		err = d.root.Rename(temporary, name) // takes the place of a link, and does not follow it
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

// MkdirAll makes a directory and those above it. A symbolic link is no directory here.
func (d *Dir) MkdirAll(name string) error {
	if err := within(name); err != nil {
		return err
	}
	if err := d.plain(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return d.root.MkdirAll(name, 0o777)
}

// RemoveAll removes a file or a directory with all that is in it; of a symbolic link, the link.
func (d *Dir) RemoveAll(name string) error { return d.root.RemoveAll(name) }

// Sync makes the names in a directory durable, where the file system can: some have no such operation for directories.
func (d *Dir) Sync(name string) error {
	f, err := d.root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(syncDir(f), f.Close())
}

// SyncDir does so for the directory at a path.
func SyncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(syncDir(f), f.Close())
}

func syncDir(f *os.File) error {
	err := f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}

// Exists reports whether there is anything under a name.
func (d *Dir) Exists(name string) bool {
	_, err := d.root.Lstat(name)
	return !errors.Is(err, fs.ErrNotExist)
}

// Same reports whether name is f's name still.
func (d *Dir) Same(name string, f *os.File) bool {
	here, err := d.root.Lstat(name)
	if err != nil {
		return false
	}
	there, err := f.Stat()
	return err == nil && os.SameFile(here, there)
}

// At reports whether d is the directory at path still.
func (d *Dir) At(path string) bool {
	here, err := d.root.Stat(".")
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(here, there)
}

// open opens a regular file. It looks first, as to open a FIFO or a device may wait or do something, and looks again at
// what it has opened, as that may have changed in between.
func (d *Dir) open(name string, flag int) (*os.File, error) {
	if err := within(name); err != nil {
		return nil, err
	}
	if err := d.plain(path.Dir(name)); err != nil {
		return nil, err
	}
	before, err := d.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !before.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w, and it is %s", name, ErrUnsafe, kind(before.Mode()))
	}
	f, err := d.root.OpenFile(name, flag|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	after, err := f.Stat()
	if err == nil && !after.Mode().IsRegular() {
		err = fmt.Errorf("%s: %w, and it is %s", name, ErrUnsafe, kind(after.Mode()))
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func within(name string) error {
	if !fs.ValidPath(name) {
		return fmt.Errorf("%q: %w: want a path within the run", name, ErrUnsafe)
	}
	return nil
}

// plain returns an error if a directory, or one above it, is a symbolic link or anything else but a directory.
func (d *Dir) plain(name string) error {
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
			return fmt.Errorf("%s: %w, and it is %s where a directory should be", name[:i], ErrUnsafe, kind(info.Mode()))
		}
	}
	return nil
}

// kind names what a file is.
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
