package conform

import (
	"syscall"

	"golang.org/x/sys/windows"
)

// ignoredSignal is a signal that nobody sends: Windows has no harmless one.
const ignoredSignal = syscall.SIGTERM

// nap sleeps a millisecond of real time, also where time.Sleep is virtual.
func nap() { windows.SleepEx(1, false) }
