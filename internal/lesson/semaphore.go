package lesson

import (
	"context"
	"fmt"
)

func semaphore() Lesson {
	return Lesson{
		Title: "a semaphore's size, and the bottleneck",
		Question: "A semaphore admits one fetch at a time, or sixteen. On one processor, two sites take 2 ms for each page: " +
			"one lets the crawler wait for the network, the other keeps the processor busy, as parsing does. Which crawl " +
			"becomes many times faster with sixteen?",
		Choices: []string{
			"the one that waits for the network",
			"the one that keeps the processor busy",
			"both: sixteen pages are in flight",
		},
		Taught: 0,
		Why: "A semaphore bounds how many things happen at once, but what they need sets the useful size. Waits overlap " +
			"without limit; work needs a processor, and one has one. Past the size at which some resource is busy all " +
			"the time, a larger semaphore makes a longer queue in front of it, more memory and slower single pages, and " +
			"no more throughput. Find the bottleneck first, then size the semaphore for it.",
		Next: "\"crawlbench run latency\" goes up to 128 workers, and its time breakdown names what they wait for.",
		run: func(ctx context.Context, l *Lab) (Result, error) {
			const common = `
crawlers   = ["spawn"]
workers    = [1, 16]
gomaxprocs = [1]
rounds     = 6
sample     = "60ms"
[[graph]]
name   = "rmat5"
kind   = "rmat"
scale  = 5
degree = 12
[fetch]
`
			waits, err := l.cells(ctx, common+"latency = \"constant\"\nmedian = \"2ms\"\n", cellOf{"spawn", 1}, cellOf{"spawn", 16})
			if err != nil {
				return Result{}, err
			}
			wait1, wait16 := waits[0], waits[1]
			works, err := l.cells(ctx, common+"cpu = \"2ms\"\n", cellOf{"spawn", 1}, cellOf{"spawn", 16})
			if err != nil {
				return Result{}, err
			}
			work1, work16 := works[0], works[1]
			wait, work := times(wait16, wait1), times(work16, work1)
			r := Result{Unsure, "  waiting for the network\n" + speeds(wait1, wait16) +
				"  keeping the processor busy\n" + speeds(work1, work16), fmt.Sprintf("With sixteen, the crawl that waits has %s the throughput, and the one that works %s."+method,
				wait.String(), work.String())}
			const many = 2.5
			switch {
			case wait.lo > many && work.hi < many:
				r.Choice = 0
			case work.lo > many && wait.hi < many:
				r.Choice = 1
			case work.lo > many && wait.lo > many:
				r.Choice = 2
			}
			return r, nil
		},
	}
}
