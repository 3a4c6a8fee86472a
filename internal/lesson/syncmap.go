package lesson

import (
	"fmt"

	"crawlbench/internal/diagnose"
)

func syncMap() Lesson {
	return Lesson{
		Title: "what sync.Map costs, and when it pays",
		Question: "sync.Map reads without a lock. As a visited set, how much memory does it allocate for each page, " +
			"compared with a plain map behind a sync.Mutex? Guess the speeds with one and with eight workers too.",
		Choices: []string{"at most half as much", "about as much, within a factor of 2", "more than twice as much"},
		Taught:  2,
		Why: "sync.Map stores keys and values as interfaces: each new page is an allocation and a node in a trie, and each " +
			"lookup follows pointers. An uncontended mutex costs a few nanoseconds, so with one worker the plain map " +
			"is faster. The documentation of sync.Map names the case that it is made for: keys that are written once " +
			"and read many times by many goroutines. Where the mutex is contended, it can win back what it costs: " +
			"compare the two with eight workers.",
		Next: "Measure your own keys: \"crawlbench run urls\" does it with URLs.",
		run: measured(`
crawlers = ["mutexmap", "syncmap"]
workers  = [1, 8]
`+inMemory, []cellOf{{"mutexmap", 1}, {"syncmap", 1}, {"mutexmap", 8}, {"syncmap", 8}}, func(cells []*diagnose.Cell) Result {
			lock, sync, lock8, sync8 := cells[0], cells[1], cells[2], cells[3]
			r := Result{1, speeds(lock, sync, lock8, sync8) + bars([]bar{
				{"mutexmap allocates", lock.Bytes, fmt.Sprintf("%.0f bytes a page", lock.Bytes)},
				{"syncmap allocates", sync.Bytes, fmt.Sprintf("%.0f bytes a page", sync.Bytes)},
			}), fmt.Sprintf("syncmap allocates %.1f times as much per page. It has %s the throughput of mutexmap with one worker and %s with eight."+method,
				sync.Bytes/lock.Bytes, times(sync, lock).String(), times(sync8, lock8).String())}
			switch x := sync.Bytes / lock.Bytes; {
			case x > 2:
				r.Choice = 2
			case x <= 0.5:
				r.Choice = 0
			}
			return r
		}),
	}
}
