package lesson

import (
	"fmt"

	"crawlbench/internal/diagnose"
)

func ownerSaturates() Lesson {
	return Lesson{
		Title: "share by communicating, and the owner that saturates",
		Question: "One goroutine owns the visited set. Workers send it the links of each page, and it answers with the new " +
			"ones, so nothing is locked. The site answers at once. What do eight workers gain over one?",
		Choices: []string{
			"at least twice the throughput, with two cores or more",
			"less than that: the owner is one goroutine, and all pages pass through it",
		},
		Taught: 1,
		Why: "The owner handles one message at a time, so the throughput is at most one over the time that it spends on a " +
			"page, however many workers ask. A lock around the same map has the same bound: communicating changes who " +
			"runs the critical section, not that it is serial. An owner pays where its work is small compared with what " +
			"workers do between two messages, and where order or deadlines matter.",
		Next: "\"crawlbench run limits\" compares owner with ownerbatch, which sends fewer and larger messages.",
		run: measured(`
crawlers = ["owner"]
workers  = [1, 2, 8]
`+inMemory, []cellOf{{"owner", 1}, {"owner", 2}, {"owner", 8}}, func(cells []*diagnose.Cell) Result {
			one, two, many := cells[0], cells[1], cells[2]
			p := times(many, one)
			r := Result{Unsure, speeds(one, two, many),
				fmt.Sprintf("Eight workers have %s the throughput of one."+method, p.String())}
			switch {
			case p.hi < 2:
				r.Choice = 1
			case p.lo >= 2:
				r.Choice = 0
			}
			return r
		}),
	}
}
