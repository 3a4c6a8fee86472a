package conform

import (
	"syscall"
	"time"

	"golang.org/x/sys/windows"
)

// ignoredSignal is a signal that nobody sends: Windows has no harmless one.
const ignoredSignal = syscall.SIGTERM

// nap sleeps for d of real time, at least a millisecond, also where time.Sleep is virtual.
func nap(d time.Duration) { windows.SleepEx(uint32(max(1, d.Milliseconds())), false) }
