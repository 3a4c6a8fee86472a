package lesson

import (
	"context"
	"strings"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawler/mutexmap"
)

func goroutineLeak() Lesson {
	return Lesson{
		Title: "goroutine leaks",
		Question: "A crawler starts a goroutine that looks at its progress every second, fetches every page exactly once, and " +
			"returns the right result. It never stops that goroutine. How does its measurement end?",
		Choices: []string{
			"with a number: all pages were right",
			"with a failure: a goroutine was left when it returned",
		},
		Taught: 1,
		Why: "A goroutine that nobody stops keeps its stack and everything that it refers to, here the whole crawl, until " +
			"the process ends; in a service that crawls again and again, memory grows with each crawl. The garbage " +
			"collector does not end goroutines. So every goroutine needs an owner that waits for it, and a test that " +
			"counts them: crawlbench compares the goroutines after each crawl with those before it.",
		Next: "In your own tests, testing/synctest fails if a goroutine remains in the bubble; bench.Conform does the same for crawlers.",
		run: func(ctx context.Context, l *Lab) (Result, error) {
			a, err := l.measure(ctx, `
crawlers = ["mutexmap", "lesson.leaver"]
workers  = [2]
rounds   = 1
sample   = "20ms"
[[graph]]
name   = "rmat8"
kind   = "rmat"
scale  = 8
degree = 12
`)
			if err != nil {
				return Result{}, err
			}
			if _, err := cell(a, "mutexmap", 2); err != nil {
				return Result{Choice: Unsure, Measured: "The correct twin failed too: " + err.Error() + "."}, nil
			}
			picture := "  mutexmap                      measured\n"
			if len(a.Failures) == 0 {
				return Result{0, picture + "  mutexmap with the goroutine   measured\n", "Nothing was found."}, nil
			}
			f := a.Failures[0].Failure
			r := Result{Unsure, picture + "  mutexmap with the goroutine   failed: " + f.Class + "\n",
				"The failure: " + f.Message + "."}
			if strings.Contains(f.Message, "goroutine") {
				r.Choice = 1
			}
			return r, nil
		},
	}
}

// leaver returns a crawler that leaves a goroutine behind.
func leaver() crawl.Crawler {
	return crawl.Crawler{Name: "lesson.leaver", Doc: "never stops a goroutine that it starts", ByID: leaving}
}

func leaving(ctx context.Context, web crawl.Web[uint32], seeds []uint32, o crawl.Options) (crawl.Result, error) {
	go func() {
		for range time.Tick(time.Second) {
			_ = len(seeds) // what a progress line would read
		}
	}()
	return mutexmap.Crawler().ByID(ctx, web, seeds, o)
}
