// Package host describes the machine that runs the benchmark, so that runs on different machines are not
// compared, and reads its free memory and its load.
package host

import (
	"bufio"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// Fingerprint returns the properties that identify this machine, by name: os, arch, cpu, cores,
// memory, kernel, governor, hypervisor. Unknown ones are omitted.
func Fingerprint() map[string]string {
	f := map[string]string{
		"os":    runtime.GOOS,
		"arch":  runtime.GOARCH,
		"cores": strconv.Itoa(runtime.NumCPU()),
	}
	put := func(key, value string) {
		if value != "" {
			f[key] = value
		}
	}
	put("cpu", field("/proc/cpuinfo", "model name"))
	put("memory", field("/proc/meminfo", "MemTotal"))
	put("governor", firstLine("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"))
	if strings.Contains(" "+field("/proc/cpuinfo", "flags")+" ", " hypervisor ") {
		put("hypervisor", "yes")
	}
	put("kernel", kernel())
	for key, value := range hardware() { // of systems without /proc
		put(key, value)
	}
	return f
}

// Differ returns the names of the properties that differ, among those on which timings depend.
func Differ(a, b map[string]string) (differ []string) {
	for _, key := range []string{"os", "arch", "cpu", "cores"} {
		if a[key] != b[key] {
			differ = append(differ, key)
		}
	}
	return differ
}

// FreeMemory returns how many bytes a new process can use before the machine swaps, or its control
// group or the limits of ulimit stop it. It returns 0 if that is unknown.
func FreeMemory() int64 {
	free := kilobytes(field("/proc/meminfo", "MemAvailable"))
	limit, errLimit := strconv.ParseInt(firstLine("/sys/fs/cgroup/memory.max"), 10, 64)
	used, errUsed := strconv.ParseInt(firstLine("/sys/fs/cgroup/memory.current"), 10, 64)
	if errLimit == nil && errUsed == nil && (free == 0 || limit-used < free) {
		free = limit - used
	}
	for used, limit := range memoryLimits() {
		if left := limit - kilobytes(field("/proc/self/status", used)); free == 0 || left < free {
			free = left
		}
	}
	if free < 0 {
		return 1 // none is free, which differs from unknown
	}
	return free
}

// PeakMemory returns the largest resident set size of this process, in bytes. Getrusage is not
// suitable: in a child it also counts the parent's memory before exec (mm_hiwater_rss at exec,
// fs/exec.c).
func PeakMemory() int64 { return kilobytes(field("/proc/self/status", "VmHWM")) }

// Steal returns the processor time in seconds, summed over the processors, that the hypervisor gave
// to other guests.
func Steal() float64 {
	fields := strings.Fields(firstLine("/proc/stat"))
	if len(fields) < 9 {
		return 0
	}
	ticks, _ := strconv.ParseFloat(fields[8], 64)
	return ticks / 100 // USER_HZ
}

// Busy returns the processor time in seconds, summed over the processors, that has been used by
// anybody, including other guests of the hypervisor.
func Busy() float64 {
	fields := strings.Fields(firstLine("/proc/stat"))
	sum := 0.0
	for _, i := range []int{1, 2, 3, 6, 7, 8} { // user, nice, system; idle and iowait are skipped; irq, softirq, steal
		if i < len(fields) {
			ticks, _ := strconv.ParseFloat(fields[i], 64)
			sum += ticks / 100 // USER_HZ
		}
	}
	return sum
}

// Pressure returns for how many seconds some task on the machine has waited for a processor.
func Pressure() float64 {
	_, total, _ := strings.Cut(firstLine("/proc/pressure/cpu"), "total=")
	us, _ := strconv.ParseFloat(total, 64)
	return us / 1e6
}

// RunDelay returns for how many seconds the current threads of this process were runnable and
// waited for a processor. A process that wakes its threads often causes most of this delay itself.
func RunDelay() float64 {
	const tasks = "/proc/self/task/"
	threads, _ := os.ReadDir(tasks)
	sum := 0.0
	for _, t := range threads {
		if fields := strings.Fields(firstLine(tasks + t.Name() + "/schedstat")); len(fields) > 1 {
			ns, _ := strconv.ParseFloat(fields[1], 64)
			sum += ns / 1e9
		}
	}
	return sum
}

// Throttled returns for how many seconds the control group was throttled because it had used up its
// quota.
func Throttled() float64 {
	f, err := os.Open("/sys/fs/cgroup/cpu.stat")
	if err != nil {
		return 0
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if us, ok := strings.CutPrefix(s.Text(), "throttled_usec "); ok {
			x, _ := strconv.ParseFloat(us, 64)
			return x / 1e6
		}
	}
	return 0
}

func kilobytes(s string) int64 {
	n, err := strconv.ParseInt(strings.TrimSuffix(s, " kB"), 10, 64)
	if err != nil {
		return 0
	}
	return n << 10
}

// firstLine returns the first line of a file, or "" if there is none.
func firstLine(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	s.Scan()
	return strings.TrimSpace(s.Text())
}

// field returns the value after "key:" in a file with such lines, or "" if there is none.
func field(path, key string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if k, v, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return ""
}
