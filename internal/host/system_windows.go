package host

import (
	"fmt"
	"time"

	"golang.org/x/sys/windows"
)

// Usage returns the processor time of this process, user and system. How often it was preempted is
// unknown.
func Usage() (cpu time.Duration, preempted int64) {
	var created, exited, system, user windows.Filetime
	if windows.GetProcessTimes(windows.CurrentProcess(), &created, &exited, &system, &user) != nil {
		return 0, 0
	}
	elapsed := func(f windows.Filetime) time.Duration { // in units of 100 ns
		return time.Duration(int64(f.HighDateTime)<<32|int64(f.LowDateTime)) * 100
	}
	return elapsed(system) + elapsed(user), 0
}

// kernel returns the version of the system.
func kernel() string {
	v := windows.RtlGetVersion()
	return fmt.Sprintf("%d.%d.%d", v.MajorVersion, v.MinorVersion, v.BuildNumber)
}

func memoryLimits() map[string]int64 { return nil }

// exists reports whether a process has this PID.
func exists(pid int) bool {
	p, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid))
	if err != nil {
		return err == windows.ERROR_ACCESS_DENIED
	}
	defer windows.CloseHandle(p)
	var code uint32
	const stillActive = 259
	return windows.GetExitCodeProcess(p, &code) == nil && code == stillActive
}

// switches returns false: Windows does not count context switches for a process.
func switches() (voluntary, preempted int64, known bool) { return 0, 0, false }
