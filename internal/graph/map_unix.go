//go:build unix

package graph

import (
	"os"

	"golang.org/x/sys/unix"
)

// mapFile maps the first size bytes of a file, read-only.
func mapFile(f *os.File, size int) ([]byte, error) {
	return unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
}

func unmap(m []byte) error { return unix.Munmap(m) }
