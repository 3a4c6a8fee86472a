//go:build unix && !linux

package server

import "syscall"

// attributes puts a process into its own process group, so that the terminal's ^C does not reach it. Only Linux can
// end it together with this process: elsewhere a server outlives one that is killed.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// janitorAttributes lets a janitor outlive this process.
func janitorAttributes() *syscall.SysProcAttr { return attributes() }
