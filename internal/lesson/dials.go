package lesson

import (
	"fmt"

	"crawlbench/internal/diagnose"
)

func twoDials() Lesson {
	return Lesson{
		Title: "workers and rate are two dials",
		Question: "Each page takes 10 ms to answer, and a limiter admits 200 pages a second. One worker becomes eight. What " +
			"happens to the throughput?",
		Choices: []string{
			"it stays: the limiter decides",
			"it doubles, and then the limiter decides",
			"it grows eightfold: that many pages are in flight",
		},
		Taught: 1,
		Why: "One worker that waits 10 ms for each page fetches at most 100 a second. Two would reach the 200 that the " +
			"limiter admits; the other six have nothing to add. By Little's law, the pages in flight are rate x " +
			"latency: 200/s x 10 ms = 2. The rate is a promise to the site, the number of workers is what it takes to " +
			"keep it: set the rate first, then as many workers as rate x latency, with some to spare for slow pages.",
		Next: "\"crawlbench run rate\" sweeps both dials.",
		run: measured(`
crawlers = ["mutexmap"]
workers  = [1, 8]
rate     = [200]
rounds   = 6
sample   = "400ms"
[fetch]
latency = "constant"
median  = "10ms"
[[graph]]
name   = "rmat10"
kind   = "rmat"
scale  = 10
degree = 12
`, []cellOf{{"mutexmap", 1}, {"mutexmap", 8}}, func(cells []*diagnose.Cell) Result {
			one, many := cells[0], cells[1]
			p := times(many, one)
			r := Result{Unsure, speeds(one, many), fmt.Sprintf("Eight workers have %s the throughput of one."+method, p.String())}
			switch {
			case p.hi < 1.25:
				r.Choice = 0
			case p.lo > 1.25 && p.hi < 4:
				r.Choice = 1
			case p.lo > 4:
				r.Choice = 2
			}
			return r
		}),
	}
}
