package child

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// attributes gives a child a process group of its own, which keeps the terminal's ^C from it, and
// lets it die with this process, even if that is killed.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// adopt makes orphans among the descendants of this process its children, so that they are found
// whatever session they have gone to.
func adopt() { unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

// childless reports whether this process has no children, living or dead, at the cost of one call.
func childless() bool {
	return unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil) == unix.ECHILD
}
