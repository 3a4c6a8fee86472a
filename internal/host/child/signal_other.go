//go:build !unix

package child

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
)

// Supported returns an error: a child gets open files and a process group, and is asked for its
// goroutines with a signal, which needs a Unix system.
func Supported() error {
	return fmt.Errorf("crawlbench cannot start crawls in child processes on %s: want Linux, macOS or FreeBSD"+
		" (on Windows, WSL is such a system); in this process, \"go test -bench\" with bench.Benchmark measures: %w",
		runtime.GOOS, errors.ErrUnsupported)
}

func procAttributes() *syscall.SysProcAttr        { return nil }
func requestDump(pid int)                         {}
func kill(pid int)                                {}
func killGroup(pid int)                           {}
func groupExists(pid int) bool                    { return false }
func signalGroup(p *os.Process, s syscall.Signal) { p.Signal(s) }
func killProcess(pid int)                         {}
func wake(pid int)                                {}
func stopGroup(pid int)                           {}
func wakeGroup(pid int)                           {}
func limitData(bytes int64) error                 { return Supported() }
