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
		{"storm", "fetch each page once, and exactly MaxPages pages, when many workers find the same links at the same time",
			inRealTime(storm)},
		{"shapes", "crawl chains, stars, trees and dense graphs, a page with 100,000 links and a site of 100,000 pages, with any size hint",
			inVirtualTime(shapes)},
		{"seeds", "handle duplicate seeds, thousands of seeds, and none", inVirtualTime(seeds)},
		{"collide", "distinguish keys that are similar or collide under common hashes", inVirtualTime(collide)},
		{"options", "keep the contract under all combinations of three options: site, workers, seeds, links, budget, size hint, failures, latency, limiter",
			inOwnBubbles(options)},
		{"width", "keep as many fetches in flight as there are workers, also after failures, and end with the last fetch: makespans are exact",
			inVirtualTime(width)},
		{"slow", "wait for a page that takes a day, and fetch the pages behind it", inVirtualTime(slow)},
		{"limit", "wait on the limiter exactly once before each fetch, and keep both the rate and the number of fetches in flight",
			inVirtualTime(limit)},
		{"refusal", "end with the limiter's error if it returns one", inVirtualTime(refusal)},
		{"cancel", "return at the instant of cancellation with the context's error, whatever it is doing", cancel},
		{"errors", "count failed pages and continue, whichever and however many fail", inVirtualTime(failures)},
		{"again", "remember nothing from one crawl to the next, and share nothing with concurrent crawls",
			inVirtualTime(again)},
		{"bare", "assume no more than the contract says: any Web, context.Background(), a *rate.Limiter, errors that cannot be compared",
			inVirtualTime(bare)},
		{"many", "keep no memory after a crawl, be correct in the 65,537th crawl of a process, and distinguish 1.5 million ids",
			inRealTime(many)},
		{"panic", "not swallow a panic of Fetch", inRealTime(panics)},
		{"memory", "use memory in proportion to pages, not to links", inRealTime(memory)},
	}
}

// PoliteChecks returns the checks of crawlers that are Polite.
func PoliteChecks() []Check {
	return []Check{
		{"gap", "keep the gap between the end of a fetch and the next one of its host, with few and many workers, short and long fetches, and failures",
			inVirtualTime(gap)},
		{"start", "keep the gap between the starts of fetches if the policy says so", inVirtualTime(fromStart)},
		{"late", "keep the gap when fetches begin late, because workers are too few or because of a limiter",
			inVirtualTime(late)},
		{"pingpong", "remember a host's clock when its queue is empty", inVirtualTime(pingPong)},
		{"places", "keep PerHost, with and without a gap, and use all of it", inVirtualTime(places)},
		{"slowdown", "wait for the pause that a host asks for, for that host only, and fetch the page again, at most Attempts times",
			inVirtualTime(slowDown)},
		{"robots", "ask for robots.txt once per host, before its first page, and keep what it says", inVirtualTime(robots)},
		{"hostkey", "know a host by its scheme, name and port, however they are written, or by its server",
			inVirtualTime(hostKey)},
		{"hurry", "return at the instant of cancellation in a gap and in a pause", inVirtualTime(hurry)},
		{"forget", "use little memory for hosts that are done", inVirtualTime(forget)},
		{"idle", "leave no worker idle while a host could be asked, unless the crawler is Wasteful", inVirtualTime(unforced)},
	}
}

// checksOverHTTP returns the checks of crawlers by URL whose pages come over HTTP.
func checksOverHTTP() []Check {
	return []Check{
		{"http", "crawl HTML over HTTP: redirects, charsets, gzip, slow bodies, failures, a budget, a rate, a deadline; politely if the crawler is Polite",
			inVirtualTime(overHTTP)},
	}
}

// checksOf returns the checks of a crawler.
func checksOf(c crawl.Crawler) []Check {
	if c.Polite {
		return append(Checks(), PoliteChecks()...)
	}
	return Checks()
}

// rest is how long a crawl in virtual time is watched after its return. It is longer than a timer of a
// day. Dozens of them in a row stay within the 400 days that package limiter supports.
const rest = 50 * time.Hour

// inVirtualTime runs a check in virtual time, in which a deadlock or a leftover goroutine is found at once.
func inVirtualTime(f func(t *Report, c subject)) func(t *Report, c subject) {
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

// inOwnBubbles runs a check that makes its own bubbles of virtual time.
func inOwnBubbles(f func(t *Report, c subject)) func(t *Report, c subject) {
	return unchanged(func(t *Report, c subject) {
		c.rest = rest
		f(t, c)
	})
}

// inRealTime runs a check in real time and looks for leftover goroutines.
func inRealTime(f func(t *Report, c subject)) func(t *Report, c subject) {
	return unchanged(func(t *Report, c subject) {
		before := runtime.NumGoroutine()
		f(t, c)
		unlabelled(t, c)
		for wait := time.Microsecond; runtime.NumGoroutine() > before && wait < time.Second; wait *= 2 {
			time.Sleep(wait) // it may be exiting
		}
		left := runtime.NumGoroutine() - before
		// This profile shows goroutines that nothing can wake. It needs Go 1.27, or
		// GOEXPERIMENT=goroutineleakprofile.
		if p := pprof.Lookup("goroutineleak"); p != nil && left <= 0 && p.WriteTo(io.Discard, 0) == nil {
			left = p.Count()
		}
		if left > 0 {
			t.say(Leak, "%d goroutines were left behind when it returned%s", left, where(""))
			t.T.FailNow()
		}
	})
}

// unlabelled reports a failure if a crawl has left pprof labels on a goroutine.
func unlabelled(t *Report, c subject) {
	if !c.labels && labelled() {
		t.Error("a goroutine has pprof labels after the check and had none before: use pprof.Do, which restores them")
	}
}

// leftBehind is part of the message of package testing/synctest.
const leftBehind = "blocked goroutines remain"

// unchanged runs a check and compares the state of the process before and after it.
func unchanged(f func(t *Report, c subject)) func(t *Report, c subject) {
	return func(t *Report, c subject) {
		runtime.GC() // starts the collector's goroutines, which would count as the crawler's
		before := now()
		c.labels = labelled()
		f(t, c)
		for _, change := range before.changed(now()) {
			t.Error(change)
		}
	}
}

// right crawls s under o and fails the check unless the crawl is correct.
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
