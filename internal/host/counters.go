package host

import (
	"bufio"
	"os"
	"strconv"
	"strings"
)

// Counters count what happens to this process: context switches and migrations, which the kernel counts, and what the
// processor counts where the kernel lets a process read that.
type Counters struct {
	// Missing is why there are no hardware counters; nil if there are.
	Missing   error
	processor []event
}

// Read returns the counts since the process started, or since OpenCounters, by name.
func (c *Counters) Read() map[string]float64 {
	counts := map[string]float64{}
	if voluntary, preempted, ok := switches(); ok {
		counts["context switches"] = float64(voluntary + preempted)
		counts["preemptions"] = float64(preempted)
	}
	if n, ok := migrations(); ok {
		counts["migrations"] = n
	}
	for _, e := range c.processor {
		counts[e.name] += e.read()
	}
	return counts
}

// migrations returns how often the current threads of this process moved to another processor, and whether the kernel
// tells.
func migrations() (sum float64, known bool) {
	const tasks = "/proc/self/task/"
	threads, _ := os.ReadDir(tasks)
	for _, t := range threads {
		f, err := os.Open(tasks + t.Name() + "/sched")
		if err != nil {
			continue
		}
		for s := bufio.NewScanner(f); s.Scan(); {
			if name, value, _ := strings.Cut(s.Text(), ":"); strings.TrimSpace(name) == "se.nr_migrations" {
				n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
				sum, known = sum+n, known || err == nil
			}
		}
		f.Close()
	}
	return sum, known
}
