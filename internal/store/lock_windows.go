package store

import (
	"os"

	"golang.org/x/sys/windows"
)

// errLocked means that another process has the lock.
const errLocked = windows.ERROR_LOCK_VIOLATION

// lockFor locks a file, for writing or for reading, and does not wait. Windows refuses to read
// locked bytes, so the lock is on one byte far beyond the file's end.
func lockFor(f *os.File, writing bool) error {
	how := uint32(windows.LOCKFILE_FAIL_IMMEDIATELY)
	if writing {
		how |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	return windows.LockFileEx(windows.Handle(f.Fd()), how, 0, 1, 0, &windows.Overlapped{OffsetHigh: 1 << 30})
}
