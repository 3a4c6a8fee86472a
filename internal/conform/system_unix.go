//go:build unix

package conform

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ignoredSignal is a signal that ends no process.
const ignoredSignal = syscall.SIGWINCH

// nap sleeps for d of real time, also where time.Sleep is virtual.
func nap(d time.Duration) {
	t := unix.NsecToTimeval(int64(d))
	unix.Select(0, nil, nil, nil, &t)
}
