package child

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// procAttributes puts a child into its own process group, so that the terminal's ^C does not reach
// it, and makes the kernel kill it when this process ends, even if this process is killed.
func procAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// becomeSubreaper makes orphaned descendants children of this process, so that they are found even
// in another session.
func becomeSubreaper() { unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

// noChildren reports whether this process has no children, living or dead, with one system call.
func noChildren() bool {
	return unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil) == unix.ECHILD
}
