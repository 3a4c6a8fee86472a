package host

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Process names a process. A number alone is given to another process sooner or later, and anew after every boot.
type Process struct {
	PID int `json:"pid"`
	// Boot is the kernel's name of the boot, and Start the clock ticks from then to the process's start. Zero values: not
	// known, as on systems without /proc.
	Boot  string `json:"boot,omitempty"`
	Start uint64 `json:"start,omitempty"`
}

// ThisProcess returns the process that calls.
func ThisProcess() Process {
	pid := os.Getpid()
	return Process{PID: pid, Boot: boot(), Start: started(pid)}
}

// Alive reports whether the process is there, as far as this machine and this PID namespace can tell.
func (p Process) Alive() bool {
	if p.PID <= 0 || p.Boot != boot() || p.Start != started(p.PID) {
		return false
	}
	err := unix.Kill(p.PID, 0)
	return err == nil || errors.Is(err, unix.EPERM)
}

func boot() string { return line("/proc/sys/kernel/random/boot_id") }

// started returns the start time of a process in clock ticks from the boot, 0 if that cannot be found out.
func started(pid int) uint64 {
	stat := line("/proc/" + strconv.Itoa(pid) + "/stat")
	// The second field is the program's name in parentheses, which may hold blanks and parentheses; see proc(5).
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	const starttime = 22 - 3 // the field's number, less that of the first behind the name
	if len(fields) <= starttime {
		return 0
	}
	ticks, _ := strconv.ParseUint(fields[starttime], 10, 64)
	return ticks
}

// Usage returns the processor time of this process, user and system, which other processes do not add to, and how often
// it was preempted.
func Usage() (cpu time.Duration, preempted int64) {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0, 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), int64(u.Nivcsw)
}

// CPUTime returns the processor time of this process, as Usage does.
func CPUTime() time.Duration {
	cpu, _ := Usage()
	return cpu
}
