package lesson

import (
	"fmt"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/profile/breakdown"
)

func readTrace() Lesson {
	return Lesson{
		Title: "reading a trace",
		Question: "Every page of a site links to one page only, the next one, and takes 2 ms to answer. Eight workers crawl " +
			"it. An execution trace shows what each worker does at every moment. What do they do for most of the time?",
		Choices: []string{
			"they wait for the network",
			"they are idle: there is no page for them",
			"they are blocked on the lock of the frontier",
		},
		Taught: 1,
		Why: "The next page is known only when the one before it has been fetched, so one worker waits for the network and " +
			"the other seven for work. No profile of locks or of the processor shows this; the trace does, since it " +
			"records every wait and what ended it. The time breakdown sums it up: workers x wall time, split by state. " +
			"The longest path of the graph bounds a crawl, whatever the crawler and the number of workers.",
		Next: "Reports have this breakdown for each crawler, under Time breakdown; \"go tool trace\" shows single events.",
		run: measured(`
crawlers = ["mutexmap"]
workers  = [8]
rounds   = 1
sample   = "60ms"
[fetch]
latency = "constant"
median  = "2ms"
[[graph]]
name  = "chain"
kind  = "chain"
pages = 60
[profiles]
kinds  = ["wall"]
length = "300ms"
`, []cellOf{{"mutexmap", 8}}, func(cells []*diagnose.Cell) Result {
			c := cells[0]
			if c.Traces == nil {
				return Result{Choice: Unsure, Measured: "There is no trace."}
			}
			var list []bar
			for _, s := range breakdown.States() {
				if share := c.Traces.Scaled(s); share >= 0.005 {
					list = append(list, bar{string(s), share, fmt.Sprintf("%.0f %%", 100*share)})
				}
			}
			r := Result{Choice: Unsure, Picture: bars(list)}
			for i, s := range []breakdown.State{breakdown.Network, breakdown.Idle, breakdown.Lock} {
				if share := c.Traces.Scaled(s); share > 0.5 {
					r.Choice, r.Measured = i, fmt.Sprintf("%.0f %% of the workers' time: %s.", 100*share, s)
				}
			}
			if r.Choice == Unsure {
				r.Measured = "No state has more than half of the workers' time."
			}
			return r
		}),
	}
}
