// Package limiter is the table of the limiters that pace a crawl: an axis of the sweep, as the designs are.
//
// A rate and a bucket size come in, a crawl.Limiter goes out; package cell makes one for every crawl. Worst judges what a
// limiter let through. All buckets begin empty, so that n pages at r pages a second take n/r seconds.
package limiter

import (
	"crawlbench/internal/crawl"
)

// Kind is one way to limit.
type Kind struct {
	Name, Doc string
	// New returns a limiter of rate pages a second, above 0, with a bucket of burst pages, at least 1, which begins empty.
	New func(rate float64, burst int) crawl.Limiter
}

// Default is the limiter of a scenario that names none.
const Default = "bucket"

// All returns the limiters, in the order in which results show them.
func All() []Kind {
	return []Kind{
		{"bucket", "golang.org/x/time/rate: a token bucket behind a lock, waits are reserved", newBucket},
		{"ticker", "time.Ticker: a page a tick, a tick that finds nobody is lost beyond one, no burst", newTicker},
		{"gcra", "generic cell rate algorithm: one word, moved by compare-and-swap, waits are reserved", newGCRA},
		{"paced", "a bucket that is drawn from by the lease, with a queue: precise, fair, and nothing is ever reserved", newPaced},
	}
}

// Names returns the names of All.
func Names() []string {
	var list []string
	for _, k := range All() {
		list = append(list, k.Name)
	}
	return list
}

// New returns a limiter of the kind of that name, "" for the default; nil if there is none. See Kind.
func New(name string, rate float64, burst int) crawl.Limiter {
	if name == "" {
		name = Default
	}
	for _, k := range All() {
		if k.Name == name {
			return k.New(rate, burst)
		}
	}
	return nil
}
