package report

import (
	"fmt"
	"slices"

	"crawlbench/internal/diagnose"
)

const (
	countersTitle = "Counters"
	countersAbout = "Where instructions grow with the workers, a page is more work, such as loops that wait and attempts that are repeated. Where only cycles grow, instructions wait, for a cache line or for the memory."
)

// counterNames are the counters in the order in which results show them: those of the processor, then the kernel's.
var counterNames = [...]string{
	"cycles", "instructions", "cache misses", "context switches", "preemptions", "migrations",
}

// counters returns the table of what was counted per page, with the counters that some cell has.
func counters(t *diagnose.Table) Table {
	out := Table{About: "Events per page while the CPU profile was taken.", Head: []string{"crawler", "workers"}}
	counted := func(name string) bool {
		for c := range t.Cells() {
			if _, ok := c.Counters()[name]; ok {
				return true
			}
		}
		return false
	}
	names := slices.DeleteFunc(slices.Clone(counterNames[:]), func(name string) bool { return !counted(name) })
	out.Head = append(out.Head, names...)
	if slices.Contains(names, "instructions") {
		out.About += " " + countersAbout
	}
	for c := range t.Cells() {
		counts := c.Counters()
		if len(counts) == 0 {
			continue
		}
		row := []string{c.Impl, fmt.Sprint(c.Workers)}
		for _, name := range names {
			text := ""
			if n, ok := counts[name]; ok {
				text = events(n)
			}
			row = append(row, text)
		}
		out.add(row...)
	}
	return out
}

// events formats a number of events per page: three digits, or two of a few.
func events(n float64) string {
	if n >= 100 {
		return SI(n)
	}
	return perPage(n)
}

// countedFacts returns what was counted per page of a cell, beside one worker's if that is known.
func countedFacts(c *diagnose.Cell) (list [][2]string) {
	counts := c.Counters()
	for _, name := range counterNames {
		n, ok := counts[name]
		if !ok {
			continue
		}
		text := events(n) + " per page"
		if c.Loss != nil {
			if one, ok := c.Loss.One.Counters()[name]; ok {
				text += fmt.Sprintf(", %s with one worker", events(one))
			}
		}
		list = append(list, [2]string{name, text})
	}
	return list
}

// work says how many instructions a page takes more than with one worker, and how many cycles; nil if it is unknown.
func work(l *diagnose.Loss) []string {
	if l == nil {
		return nil
	}
	times, cycles, known := l.Instructions()
	if !known {
		return nil
	}
	text := fmt.Sprintf("a page takes %.2fx the instructions that it takes with one worker, in %.2fx the cycles", times,
		cycles)
	one, ok := l.One.Counters()["cache misses"]
	if many, also := l.Many.Counters()["cache misses"]; ok && also {
		text += fmt.Sprintf(", with %s cache misses instead of %s", events(many), events(one))
	}
	return []string{text}
}

// uncounted says why there are no hardware counters; "" if there are, or no CPU profile asked for them.
func uncounted(a *diagnose.Analysis) string {
	for c := range a.Cells() {
		if c.Usage != nil && c.Usage.Counting != "" {
			return fmt.Sprintf("cycles, instructions and cache misses are unknown, as the kernel does not offer them (%s); it counts context switches and migrations",
				c.Usage.Counting)
		}
	}
	return ""
}
