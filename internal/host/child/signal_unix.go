//go:build unix

package child

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// Supported returns nil: Unix systems have what Run needs.
func Supported() error { return nil }

// kill kills the process and its group.
func kill(pid int) {
	killGroup(pid)
	killProcess(pid)
}

func killGroup(pid int)   { syscall.Kill(-pid, syscall.SIGKILL) }
func killProcess(pid int) { syscall.Kill(pid, syscall.SIGKILL) }

// wake lets a stopped process continue.
func wake(pid int) { syscall.Kill(pid, syscall.SIGCONT) }

// limitData limits the data segment of this process.
func limitData(bytes int64) error {
	var limit unix.Rlimit
	setLimit(&limit.Cur, bytes)
	setLimit(&limit.Max, bytes)
	if err := unix.Setrlimit(unix.RLIMIT_DATA, &limit); err != nil {
		return fmt.Errorf("limit memory to %d bytes: %w", bytes, err)
	}
	return nil
}

// setLimit sets a field of a unix.Rlimit, whose type depends on the system.
func setLimit[T int64 | uint64](field *T, bytes int64) { *field = T(bytes) }
