//go:build unix

package store

import (
	"os"

	"golang.org/x/sys/unix"
)

// errLocked means that another process has the lock.
const errLocked = unix.EWOULDBLOCK

// lockFor locks a file with flock, for writing or for reading, and does not wait.
func lockFor(f *os.File, writing bool) error {
	how := unix.LOCK_SH
	if writing {
		how = unix.LOCK_EX
	}
	return unix.Flock(int(f.Fd()), how|unix.LOCK_NB)
}
