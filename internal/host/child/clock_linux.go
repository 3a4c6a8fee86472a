package child

import (
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime returns the processor time of a living process, to the nanosecond where /proc counts in
// hundredths of a second; 0 after its end. The clock of a process is encoded as the kernel's
// include/linux/posix-timers_types.h says: its number, inverted, and CPUCLOCK_SCHED.
func cpuTime(pid int) time.Duration {
	const sched = 2
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|sched), &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}
