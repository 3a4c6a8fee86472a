package lesson

import (
	"context"
	"fmt"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plan"
)

func whenItMatters() Lesson {
	return Lesson{
		Title: "when none of this matters",
		Question: "On a site that answers at once, chunked, without a lock in the visited set, fetches several times " +
			"as many pages as mutexmap, with eight workers. Now each page takes 10 ms to arrive, which is fast for " +
			"the open web. How much of the lead remains?",
		Choices: []string{
			"most of it: a lock is a lock",
			"almost nothing: less than 10 %",
		},
		Taught: 1,
		Why: "A worker that waits 10 ms for a page spends a microsecond on the visited set: one part in ten thousand. " +
			"Workers that wait for the network hardly ever meet at the lock. With eight workers, the crawl fetches 800 " +
			"pages a second, whatever the crawler. So measure the cost of your own pages first; then choose the crawler " +
			"that is easiest to read and to get right, unless your pages are in memory.",
		Next: "\"crawlbench run matter\" finds the cost above which all crawlers are equivalent.",
		run: func(ctx context.Context, l *Lab) (Result, error) {
			a, err := l.measure(ctx, `
crawlers = ["mutexmap", "chunked"]
workers  = [8]
cost     = ["none", "latency 10ms"]
rounds   = 8
sample   = "150ms"
[[graph]]
name   = "rmat13"
kind   = "rmat"
scale  = 13
degree = 12
`)
			if err != nil {
				return Result{}, err
			}
			var lock, free [2]*diagnose.Cell // by cost
			for _, t := range a.Tables {
				i := 0
				if t.Cost != (plan.Cost{}) {
					i = 1
				}
				lock[i], free[i] = t.Cell("mutexmap", 8), t.Cell("chunked", 8)
			}
			for i := range lock {
				if !lock[i].Sound() || !free[i].Sound() {
					return Result{Choice: Unsure, Measured: "A crawler was not measured."}, nil
				}
			}
			at0, at10 := times(free[0], lock[0]), times(free[1], lock[1])
			r := Result{Unsure, "  pages that answer at once\n" + speeds(lock[0], free[0]) +
				"  pages that take 10 ms\n" + speeds(lock[1], free[1]), fmt.Sprintf(
				"chunked has %s the throughput of mutexmap where pages answer at once, and %s where they take 10 ms."+method,
				at0, at10)}
			switch {
			case at0.lo > 1.5 && side(at10, 1.1) == 1:
				r.Choice = 1
			case at10.lo > 1.1:
				r.Choice = 0
			}
			return r, nil
		},
	}
}
