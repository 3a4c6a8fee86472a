package server

import "syscall"

// attributes puts a process into its own process group, so that the terminal's ^C does not reach it, and makes the
// kernel kill it when this process ends, even if this process is killed.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// janitorAttributes lets a janitor outlive this process.
func janitorAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
