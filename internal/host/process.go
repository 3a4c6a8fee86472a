package host

import (
	"os"
	"strconv"
	"strings"
	"time"
)

// Process identifies a process. A PID alone does not: it is reused sooner or later, and after every
// boot.
type Process struct {
	PID int `json:"pid"`
	// Boot is the kernel's boot ID, and Start the start time in clock ticks after boot. Zero values
	// mean unknown, as on systems without /proc.
	Boot  string `json:"boot,omitempty"`
	Start uint64 `json:"start,omitempty"`
}

// ThisProcess returns the calling process.
func ThisProcess() Process {
	pid := os.Getpid()
	return Process{PID: pid, Boot: bootID(), Start: startTime(pid)}
}

// Alive reports whether the process exists, as far as this machine and this PID namespace can tell.
func (p Process) Alive() bool {
	if p.PID <= 0 || p.Boot != bootID() || p.Start != startTime(p.PID) {
		return false
	}
	return exists(p.PID)
}

func bootID() string { return firstLine("/proc/sys/kernel/random/boot_id") }

// startTime returns the start time of a process in clock ticks after boot, or 0 if it is unknown.
func startTime(pid int) uint64 {
	stat := firstLine("/proc/" + strconv.Itoa(pid) + "/stat")
	// The second field is the program's name in parentheses, which may contain blanks and
	// parentheses; see proc(5).
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	const starttime = 22 - 3 // the field's number minus that of the first field after the name
	if len(fields) <= starttime {
		return 0
	}
	ticks, _ := strconv.ParseUint(fields[starttime], 10, 64)
	return ticks
}

// CPUTime returns the processor time of this process, as Usage does.
func CPUTime() time.Duration {
	cpu, _ := Usage()
	return cpu
}
