//go:build !unix

package graph

import (
	"io"
	"os"
	"unsafe"
)

// mapFile reads the first size bytes of a file into memory that is aligned for its numbers. Unlike
// mapped memory it can be written to: Modified finds that.
func mapFile(f *os.File, size int) ([]byte, error) {
	words := make([]uint64, (size+7)/8)
	m := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), size)
	_, err := io.ReadFull(io.NewSectionReader(f, 0, int64(size)), m)
	return m, err
}

func unmap([]byte) error { return nil }
