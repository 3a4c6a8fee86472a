//go:build !linux

package child

import "syscall"

// attributes gives a child a process group of its own, which keeps the terminal's ^C from it. Only
// Linux can end it with this process: elsewhere a child outlives the kill of its parent by at most
// one sample.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// adopt needs Linux: elsewhere only the process group of a child is found.
func adopt() {}

func childless() bool { return true }
