//go:build unix

package host

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// Usage returns the processor time of this process, user and system, which other processes do not add to, and how often
// it was preempted.
func Usage() (cpu time.Duration, preempted int64) {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0, 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), int64(u.Nivcsw)
}

// kernel returns the release of the kernel.
func kernel() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Release[:])
}

// memoryLimits returns the limits of ulimit in bytes, by the name of what they limit in
// /proc/self/status.
func memoryLimits() map[string]int64 {
	limits := map[string]int64{}
	for resource, used := range map[int]string{unix.RLIMIT_AS: "VmSize", unix.RLIMIT_DATA: "VmData"} {
		var limit unix.Rlimit
		if err := unix.Getrlimit(resource, &limit); err == nil && uint64(limit.Cur) <= 1<<62 {
			limits[used] = int64(limit.Cur)
		}
	}
	return limits
}

// exists reports whether a process has this PID.
func exists(pid int) bool {
	err := unix.Kill(pid, 0)
	return err == nil || errors.Is(err, unix.EPERM)
}

// switches returns how often this process gave up a processor, how often it was preempted, and whether that is known.
func switches() (voluntary, preempted int64, known bool) {
	var u unix.Rusage
	err := unix.Getrusage(unix.RUSAGE_SELF, &u)
	return int64(u.Nvcsw), int64(u.Nivcsw), err == nil
}
