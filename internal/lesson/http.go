package lesson

import (
	"context"
	"fmt"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plan"
)

func realPages() Lesson {
	return Lesson{
		Title: "a faster set, and real pages",
		Question: "In memory, with dense numbers and eight workers, chunked fetches more than ten times as many " +
			"pages as spawn: chunked claims a bit in a bitset, and spawn starts a goroutine for each page and takes a lock " +
			"for each link. Now the pages are HTML with URLs and come over HTTP. How much of the lead remains, in " +
			"processor time of the crawler?",
		Choices: []string{
			"most of it: a goroutine and a lock still cost what they cost",
			"less than twice the pages for the same processor time",
		},
		Taught: 1,
		Why: "A goroutine and its locks cost some microseconds a page. A page over HTTP costs tens of microseconds " +
			"before the crawler sees a single link: a request is written, headers and a body are read, the HTML is " +
			"split into tags, and each link is resolved. No visited set changes that. These things do: reusing " +
			"connections, reading bodies to their end, a tokenizer instead of a tree, and not fetching twice.",
		Next: "\"crawlbench run http\" measures more crawlers, and says how much of a page's cost a crawler can change at all.",
		run: func(ctx context.Context, l *Lab) (Result, error) {
			a, err := l.measure(ctx, `
crawlers  = ["spawn", "chunked"]
workers   = [8]
keys      = ["id", "url"]
transport = ["memory", "http"]
rounds    = 5
sample    = "60ms"
[[graph]]
name  = "hosts3k"
kind  = "hosts"
pages = 3000
hosts = 30
`)
			if err != nil {
				return Result{}, err
			}
			where := func(keys string, over plan.Transport) (slow, fast *diagnose.Cell) {
				for _, t := range a.Tables {
					if t.Keys == keys && t.Transport == over {
						slow, fast = t.Cell("spawn", 8), t.Cell("chunked", 8)
					}
				}
				return slow, fast
			}
			var picture string
			var lead [3]ratio
			var page *diagnose.Cell
			for i, at := range []struct {
				name, keys string
				over       plan.Transport
			}{{"in memory, by number", "id", plan.Memory}, {"in memory, by URL", "url", plan.Memory},
				{"over HTTP, for each second of processor time", "url", plan.HTTP}} {
				slow, fast := where(at.keys, at.over)
				if slow == nil || fast == nil || !slow.Sound() || !fast.Sound() {
					return Result{Choice: Unsure, Measured: "A crawler was not measured."}, nil
				}
				picture += "  " + at.name + "\n" + speeds(slow, fast)
				lead[i], page = times(fast, slow), fast
			}
			r := Result{Unsure, picture, fmt.Sprintf("chunked has %s the throughput of spawn in memory by number, %s by URL, "+
				"and %s over HTTP, where a page takes %.0f µs of its processor time and %.0f µs of the site's."+method, lead[0],
				lead[1], lead[2], 1e6/page.Summary.Center, 1e6*page.SiteCPU)}
			switch {
			case lead[0].lo > 4 && lead[2].hi < 2:
				r.Choice = 1
			case lead[2].lo > 2:
				r.Choice = 0
			}
			return r, nil
		},
	}
}
