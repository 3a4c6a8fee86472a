//go:build unix

package rundir

import (
	"io/fs"
	"syscall"
)

// links returns how many hard links a file has.
func links(info fs.FileInfo) int {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(s.Nlink)
	}
	return 1
}
