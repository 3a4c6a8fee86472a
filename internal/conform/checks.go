package conform

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/pprof"
	"time"

	"crawlbench/internal/crawl"
)

// Check is one property that a crawler must have.
type Check struct {
	Name, Doc string
	run       func(t *Report, c subject)
}

// Checks returns the suite.
func Checks() []Check {
	return []Check{
		{"storm", "fetch each page once, and MaxPages of them, when many workers find the same links at the same time",
			really(storm)},
		{"shapes", "crawl chains, stars, trees and dense graphs, a page with 100,000 links, a site of 100,000 pages, with any size hint", virtually(shapes)},
		{"seeds", "take a seed given twice for one page, a thousand seeds, and none", virtually(seeds)},
		{"collide", "tell keys apart that are similar or collide under common hashes", virtually(collide)},
		{"options", "keep every promise under all combinations of three options: site, workers, seeds, budget, hint, failures, latency, limiter", combined(options)},
		{"width", "have as many fetches in flight as there are workers, also after failures, and end with the last answer: makespans are exact", virtually(width)},
		{"slow", "wait for a page that takes a day, and fetch those behind it", virtually(slow)},
		{"limit", "wait on the limiter once before each fetch and never for a duplicate; keep the rate in every span of time, and the width with it", virtually(limit)},
		{"refusal", "end with the limiter's error when that refuses", virtually(refusal)},
		{"cancel", "return at the instant of the cancellation, with the context's error, whatever it is at", cancel},
		{"errors", "count a failed page, whichever it is, and go on, however many fail", virtually(failures)},
		{"again", "remember nothing from one crawl to the next, and share nothing with crawls beside it",
			virtually(again)},
		{"bare", "need no more than the contract says: any Web, context.Background(), a *rate.Limiter, errors that cannot be compared", virtually(bare)},
		{"many", "keep no memory of a crawl, be right in the 65,537th of a process, and tell two million ids apart",
			really(many)},
		{"panic", "not swallow a panic of Fetch", really(panics)},
		{"memory", "take memory for pages and not for links", really(memory)},
	}
}

// rest is how long crawls in virtual time are watched after their return: longer than a timer of a
// day takes. Dozens of them in
// a row are within the 400 days that our limiters last.
const rest = 50 * time.Hour

// virtually runs a check in virtual time. A crawl that cannot go on is found at once, as a deadlock; a goroutine left
// behind too.
func virtually(f func(t *Report, c subject)) func(t *Report, c subject) {
	return unchanged(func(t *Report, c subject) {
		c.rest = rest
		err := bubble(t, func(t *Report) error {
			f(t, c)
			unlabelled(t, c)
			return nil
		})
		if s, ok := err.(*stuck); ok {
			t.say(s.kind, "%v%s%s", err, *t.doing, s.where)
			t.T.FailNow()
		}
	})
}

// combined runs a check that makes bubbles of virtual time of its own.
func combined(f func(t *Report, c subject)) func(t *Report, c subject) {
	return unchanged(func(t *Report, c subject) {
		c.rest = rest
		f(t, c)
	})
}

// really runs a check in real time, and looks for goroutines left behind.
func really(f func(t *Report, c subject)) func(t *Report, c subject) {
	return unchanged(func(t *Report, c subject) {
		before := runtime.NumGoroutine()
		f(t, c)
		unlabelled(t, c)
		for wait := time.Microsecond; runtime.NumGoroutine() > before && wait < time.Second; wait *= 2 {
			time.Sleep(wait) // it may be on its way out
		}
		left := runtime.NumGoroutine() - before
		// What no live goroutine can wake is left for ever. The profile is of Go 1.27, or of
		// GOEXPERIMENT=goroutineleakprofile.
		if p := pprof.Lookup("goroutineleak"); p != nil && left <= 0 && p.WriteTo(io.Discard, 0) == nil {
			left = p.Count()
		}
		if left > 0 {
			t.say(Leak, "%d goroutines were left when it returned%s", left, where(""))
			t.T.FailNow()
		}
	})
}

// unlabelled fails the test if this goroutine has labels, which a crawl has left.
func unlabelled(t *Report, c subject) {
	if !c.labels && labelled() {
		t.Error("a goroutine has labels for profiles (pprof.SetGoroutineLabels) after the check, and had none before: pprof.Do takes them back")
	}
}

// leftBehind is also what package testing/synctest says of a bubble.
const leftBehind = "blocked goroutines remain"

// unchanged runs a check, and compares what belongs to the whole process before and after.
func unchanged(f func(t *Report, c subject)) func(t *Report, c subject) {
	return func(t *Report, c subject) {
		runtime.GC() // starts goroutines of the collector's, which are not the crawler's
		before := now()
		c.labels = labelled()
		f(t, c)
		for _, change := range before.changed(now()) {
			t.Error(change)
		}
	}
}

// right fails the test unless the crawl of s under o is right.
func right(t *Report, c subject, s *site, o crawl.Options) outcome {
	t.Helper()
	o = c.clamp(o)
	*t.doing = fmt.Sprintf(" (a site of %d pages, %s)", len(s.links), dials(o))
	out := c.crawl(context.Background(), s, o)
	err := s.wrong(out, o)
	if err == nil && c.rest > 0 && o.Limiter == nil {
		err = s.prompt(out, o, nil)
	}
	if err != nil {
		t.Fatalf("%v%s", err, *t.doing)
	}
	*t.doing = ""
	return out
}
