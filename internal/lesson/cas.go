package lesson

import (
	"fmt"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/stat"
)

func compareAndSwap() Lesson {
	return Lesson{
		Title: "compare-and-swap and its retries",
		Question: "Workers claim pages by compare-and-swap on the words of a bitset, 64 pages a word. If another worker " +
			"changes the word in between, the operation fails and is repeated. Eight workers crawl a graph with hubs. Of " +
			"100 pages claimed, how many need a second try?",
		Choices: []string{"less than one", "1 to 10", "more than 10"},
		Taught:  0,
		Why: "An attempt fails only if two cores change the same word within a few nanoseconds. There are as many words " +
			"as pages / 64, and most links are known already, which a plain load finds out. Retries are rare unless all " +
			"workers write one word, such as a shared counter. What compare-and-swap costs instead is the cache line, " +
			"which must travel to the core that writes it, and neither a block nor a mutex profile shows that.",
		Next: "Look at \"cas-retries\" under Why in a report: a crawler can count events of its own with Options.Count.",
		run: measured(`
crawlers = ["cas"]
workers  = [2, 8]
rounds   = 4
sample   = "100ms"
[[graph]]
name   = "rmat13"
kind   = "rmat"
scale  = 13
degree = 12
`, []cellOf{{"cas", 8}}, func(cells []*diagnose.Cell) Result {
			c := cells[0]
			var each []float64 // retries per 100 pages, by sample
			for _, rec := range c.Records {
				each = append(each, 100*rec.Sample.Counts["cas-retries"]/rec.Sample.Values["pages/op"])
			}
			tries := stat.Quantile(each, 0.5)
			choice := 2
			if tries < 1 {
				choice = 0
			} else if tries <= 10 {
				choice = 1
			}
			return Result{choice, bars([]bar{{"pages claimed", 100, "100"}, {"tries repeated", tries,
				fmt.Sprintf("%.2g", tries)}}), fmt.Sprintf("For 100 pages, %.2g attempts were repeated (median of %d samples).",
				tries, len(each))}
		}),
	}
}
