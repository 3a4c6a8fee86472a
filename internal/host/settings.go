package host

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// KernelSettings returns the settings of this process that the kernel keeps, by name: the resource limits, the umask,
// the ignored signals and how the threads are scheduled. It returns nothing except on Linux.
func KernelSettings() map[string]string {
	settings := map[string]string{}
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		if name == "Umask" || name == "SigIgn" {
			settings[name] = strings.TrimSpace(value)
		}
	}
	limits, _ := os.ReadFile("/proc/self/limits")
	for line := range strings.Lines(string(limits)) {
		if name, value, ok := strings.Cut(line, "  "); ok {
			settings[name] = strings.Join(strings.Fields(value), " ")
		}
	}
	for name, values := range threadSettings() {
		settings[name] = strings.Join(values, " and ")
		if name == affinity && len(values) == 1 { // whoever administers the machine may change it, for all of them
			settings[name] = "one for all threads"
		}
	}
	return settings
}

const affinity = "processor affinity"

// threadSettings returns the settings by which the kernel schedules the threads, which have them from the thread that
// started them: all values that occur, by name.
func threadSettings() map[string][]string {
	const tasks = "/proc/self/task"
	settings := map[string][]string{}
	add := func(name, value string) {
		if !slices.Contains(settings[name], value) {
			settings[name] = append(settings[name], value)
			slices.Sort(settings[name])
		}
	}
	threads, _ := os.ReadDir(tasks)
	for _, t := range threads {
		stat, _ := os.ReadFile(filepath.Join(tasks, t.Name(), "stat"))
		// The name of the program, in parentheses, may have spaces. After it come the fields from the third on.
		if fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:])); len(fields) > 38 {
			add("nice value", fields[16])
			add("scheduling policy", fields[38])
		}
		status, _ := os.ReadFile(filepath.Join(tasks, t.Name(), "status"))
		for line := range strings.Lines(string(status)) {
			if value, ok := strings.CutPrefix(line, "Cpus_allowed_list:"); ok {
				add(affinity, strings.TrimSpace(value))
			}
		}
	}
	return settings
}
