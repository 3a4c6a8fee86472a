//go:build unix

package child

import (
	"fmt"
	"os"
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

// groupExists reports whether a process group has processes that can be signalled.
func groupExists(pid int) bool { return syscall.Kill(-pid, 0) == nil }

// signalGroup sends a signal to the group of a process, and lets stopped processes continue, to receive it.
func signalGroup(p *os.Process, s syscall.Signal) {
	// Before the signal too: if it ends the leader while others are stopped, the kernel sends them SIGHUP.
	syscall.Kill(-p.Pid, syscall.SIGCONT)
	syscall.Kill(-p.Pid, s)
	syscall.Kill(-p.Pid, syscall.SIGCONT)
}

// wake lets a stopped process continue.
func wake(pid int) { syscall.Kill(pid, syscall.SIGCONT) }

func stopGroup(pid int) { syscall.Kill(-pid, syscall.SIGSTOP) }
func wakeGroup(pid int) { syscall.Kill(-pid, syscall.SIGCONT) }

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
