package host

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Program is an executable file as it was when it was read.
type Program struct {
	Path   string
	SHA256 string // hex digits

	info fs.FileInfo
}

// ReadProgram reads the executable at a path.
func ReadProgram(path string) (Program, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file", path)
	}
	if err != nil {
		return Program{}, fmt.Errorf("read the program: %w", err)
	}
	f, err := os.Open(path)
	if err != nil {
		return Program{}, fmt.Errorf("read the program: %w", err)
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return Program{}, fmt.Errorf("read the program: %w", err)
	}
	p := Program{Path: path, SHA256: hex.EncodeToString(sum.Sum(nil)), info: info}
	return p, p.Unchanged()
}

// ThisProgram reads the executable that calls. Where the kernel has a name for it, the path is that name: it leads to the
// program that runs even when another has taken its place in the directory.
func ThisProgram() (Program, error) {
	const running = "/proc/self/exe"
	if p, err := ReadProgram(running); err == nil {
		return p, nil
	}
	path, err := os.Executable()
	if err != nil {
		return Program{}, fmt.Errorf("read the program: %w", err)
	}
	return ReadProgram(path)
}

// Unchanged returns an error if the file at the path is another than was read, or has been written to since.
func (p Program) Unchanged() error {
	info, err := os.Stat(p.Path)
	if err != nil {
		return fmt.Errorf("the program %s is gone: %w", p.Path, err)
	}
	if !os.SameFile(info, p.info) || info.Size() != p.info.Size() || !info.ModTime().Equal(p.info.ModTime()) {
		return fmt.Errorf("the program %s has been replaced since the run began", p.Path)
	}
	return nil
}
