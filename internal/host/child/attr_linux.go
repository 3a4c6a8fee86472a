package child

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// procAttributes puts a child into its own process group, so that the terminal's ^C does not reach
// it, and makes the kernel kill it when this process ends, even if this process is killed.
func procAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// CanPause says whether a child can be stopped while it waits: a stopped child must not outlive this process.
const CanPause = true

// hasStopped reports, once, that all threads of a child have stopped, or that it has ended.
func hasStopped(pid int) bool {
	var info unix.Siginfo
	return unix.Waitid(unix.P_PID, pid, &info, unix.WSTOPPED|unix.WNOHANG, nil) != nil || info.Signo != 0
}

// readNow reads what has arrived at a socket, and returns 0 if there is nothing. The scheduler of Go does not notice.
func readNow(fd int, part []byte) int {
	n, _, err := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&part[0])),
		uintptr(len(part)), unix.MSG_DONTWAIT, 0, 0)
	if err != 0 {
		return 0
	}
	return int(n)
}

// becomeSubreaper makes orphaned descendants children of this process, so that they are found even
// in another session.
func becomeSubreaper() { unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

// noChildren reports whether this process has no children, living or dead, with one system call.
func noChildren() bool {
	return unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil) == unix.ECHILD
}
