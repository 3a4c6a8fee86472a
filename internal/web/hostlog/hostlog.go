// Package hostlog verifies from a log of fetches that a crawl was polite, and measures how much time it lost.
//
// From a Site, the Rules of the crawl and the Log that the site wrote, it computes Faults, each with a count and the
// first example, and Measures: the makespan and a proven lower bound of it, the unforced idleness, and the time to 90 %
// of the pages of all hosts but the largest. It does not depend on how the crawl was made.
package hostlog

import (
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
)

// Site is what is crawled.
type Site struct {
	Graph   *graph.Graph
	Host    []uint32 // by page
	Seeds   []uint32
	Latency []time.Duration // by page
	// Fails reports whether the fetch of a page fails, so that its links are not seen. Nil means never.
	Fails func(page uint32) bool
	// Forbidden reports whether robots.txt forbids a page. Nil means never.
	Forbidden func(page uint32) bool
}

func (s *Site) fails(page uint32) bool { return s.Fails != nil && s.Fails(page) }

func (s *Site) forbidden(page uint32) bool { return s.Forbidden != nil && s.Forbidden(page) }

// hosts returns the number of hosts.
func (s *Site) hosts() int {
	most := -1
	for _, h := range s.Host {
		most = max(most, int(h))
	}
	return most + 1
}

// reach returns the pages that a crawl must fetch.
func (s *Site) reach() []bool {
	reached := make([]bool, s.Graph.Pages())
	var list []uint32
	add := func(pages []uint32) {
		for _, p := range pages {
			if !reached[p] && !s.forbidden(p) {
				reached[p] = true
				list = append(list, p)
			}
		}
	}
	add(s.Seeds)
	for ; len(list) > 0; add(nil) {
		p := list[len(list)-1]
		list = list[:len(list)-1]
		if !s.fails(p) {
			add(s.Graph.Out(p))
		}
	}
	return reached
}

// Rules are the rules that a crawl had to keep.
type Rules struct {
	Workers int
	Policy  crawl.Policy
	// Tolerance is how much too early a fetch may begin: 2 ns in virtual time, where x/time/rate is 1 ns early, and
	// what the clocks of the two sides need on sockets.
	Tolerance time.Duration
	// Lag says that time passes between the end of a fetch in the log and the moment at which the crawler has read
	// the answer, as it does everywhere but in virtual time. Until then other workers cannot know of a pause in it.
	Lag bool
}

// Virtual is the tolerance in virtual time.
const Virtual = 2 * time.Nanosecond

// Fetch is an entry of a log. Times are since the beginning of the crawl.
type Fetch struct {
	Host, Page uint32
	Start, End time.Duration
	// Robots says that it was the host's robots.txt that was fetched.
	Robots bool
	// Refused says that the host asked to slow down, for Rest. The page was not handed out.
	Refused bool
	Rest    time.Duration
	// Delay is the Crawl-delay in a robots.txt.
	Delay time.Duration
	// Aborted says that the crawler gave up, at some time before End.
	Aborted bool
}

// Log is a site's record of a crawl.
type Log []Fetch
