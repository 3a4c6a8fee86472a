//go:build unix

package conform

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// ignoredSignal is a signal that ends no process.
const ignoredSignal = syscall.SIGWINCH

// nap sleeps a millisecond of real time, also where time.Sleep is virtual.
func nap() { unix.Poll(nil, 1) }
