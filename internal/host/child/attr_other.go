//go:build unix && !linux

package child

import "syscall"

// procAttributes puts a child into its own process group, so that the terminal's ^C does not reach
// it. Only Linux can end it together with this process: elsewhere a child outlives a killed parent
// by at most one sample.
func procAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func requestDump(pid int) { syscall.Kill(pid, syscall.SIGQUIT) }
