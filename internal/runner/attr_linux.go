package runner

import "syscall"

// attributes gives a child a process group of its own, which keeps the terminal's ^C from it, and lets it die with this
// process, even if that is killed.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
