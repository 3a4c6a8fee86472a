package host

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Program is an executable file. It is kept open, so that it can be started as it was read, even if
// another file has replaced it.
type Program struct {
	Path   string
	SHA256 string // hex digits

	file *os.File
	info fs.FileInfo
}

// ReadProgram opens and hashes the executable at a path.
func ReadProgram(path string) (*Program, error) {
	info, err := os.Stat(path) // before Open, which may block on a FIFO or act on a device
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", path)
	}
	if err != nil {
		return nil, fmt.Errorf("read the program: %w", err)
	}
	p := &Program{Path: path}
	if p.file, err = os.Open(path); err != nil {
		return nil, fmt.Errorf("read the program: %w", err)
	}
	sum := sha256.New()
	p.info, err = p.file.Stat()
	if err == nil {
		_, err = io.Copy(sum, p.file)
	}
	if err == nil {
		err = p.Unchanged()
	}
	if err != nil {
		p.Close()
		return nil, fmt.Errorf("read the program: %w", err)
	}
	p.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return p, nil
}

// ThisProgram opens and hashes the executable of the calling process.
func ThisProgram() (*Program, error) {
	if p, err := ReadProgram("/proc/self/exe"); err == nil { // works even if the file has been replaced
		return p, nil
	}
	path, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("read the program: %w", err)
	}
	return ReadProgram(path)
}

// Start returns a path by which the program can be started while it is open and this process
// exists.
func (p *Program) Start() string {
	path := fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), p.file.Fd())
	if info, err := os.Stat(path); err == nil && os.SameFile(info, p.info) {
		return path
	}
	return p.Path
}

// Unchanged returns an error if the file has been written to since it was read.
func (p *Program) Unchanged() error {
	info, err := p.file.Stat()
	if err != nil {
		return fmt.Errorf("the program %s: %w", p.Path, err)
	}
	if info.Size() != p.info.Size() || !info.ModTime().Equal(p.info.ModTime()) {
		return fmt.Errorf("the program %s has been changed since the run began", p.Path)
	}
	return nil
}

// Close closes the file.
func (p *Program) Close() error { return p.file.Close() }
