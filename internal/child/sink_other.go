//go:build !linux

package child

import "os"

// sink makes a file for what a child says, which is read when it has ended.
func sink(name string, _ int64) (*os.File, error) {
	f, err := os.CreateTemp("", "crawlbench-")
	if err == nil {
		os.Remove(f.Name())
	}
	return f, err
}
