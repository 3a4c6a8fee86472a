package lesson

import "crawlbench/internal/diagnose"

func sequentialFirst() Lesson {
	return Lesson{
		Title: "first, one goroutine",
		Question: "A site in memory answers at once. Which crawler fetches more pages a second: one goroutine with a map " +
			"and no lock (sequential), or a goroutine for each page, eight at a time (spawn)?",
		Choices: []string{
			"one goroutine: there is nothing to wait for",
			"they are equal, within a factor of 1.5",
			"eight at a time: there is more than one core",
		},
		Taught: 0,
		Why: "A goroutine pays when something is waited for, or when its work is larger than what it costs to hand it " +
			"over. Here a page is some hundred nanoseconds of work, and starting a goroutine, taking a place in the " +
			"semaphore and a lock costs more. Always measure the sequential program first: without it, nobody notices " +
			"that eight workers have only won back what concurrency costs.",
		Next: "\"crawlbench run quick\" measures seven crawlers like this; the last lesson shows when the difference stops mattering.",
		run: measured(`
crawlers = ["sequential", "spawn"]
workers  = [1, 8]
`+inMemory, []cellOf{{"sequential", 1}, {"spawn", 8}}, func(cells []*diagnose.Cell) Result {
			alone, many := cells[0], cells[1]
			p := times(many, alone)
			return Result{side(p, 1.5), speeds(alone, many),
				"spawn with 8 workers has " + p.String() + " the throughput of sequential." + method}
		}),
	}
}
