// Package limiter lists the rate limiters for crawls; like the crawler, the limiter can be swept.
//
// Given a rate and a bucket size, a Kind makes a crawl.Limiter; package measure makes one for every
// crawl. Worst measures by how much a limiter exceeded its rate. All buckets begin empty, so that n
// pages at r pages/s take n/r seconds.
package limiter

import (
	"cmp"
	"crawlbench/internal/crawl"
)

// Kind is a kind of rate limiter.
type Kind struct {
	Name, Doc string
	// New returns a limiter with the given rate in pages/s, above 0, and an empty bucket of burst
	// pages, at least 1.
	New func(rate float64, burst int) crawl.Limiter
}

// Default is the limiter of a scenario that does not choose one.
const Default = "bucket"

// All returns the limiters, in the order in which results show them.
func All() []Kind {
	return []Kind{
		{"bucket", "golang.org/x/time/rate: a token bucket behind a lock, waits are reserved", newBucket},
		{"ticker", "time.Ticker: one page per tick, unused ticks beyond one are lost, no burst", newTicker},
		{"gcra", "generic cell rate algorithm: one word, updated by compare-and-swap, waits are reserved", newGCRA},
		{"paced", "a token bucket with leases and a queue: precise, fair, non-reserving", newPaced},
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

// With returns All and more limiters, in the form in which programs register theirs.
func With(more []crawl.LimiterKind) []crawl.LimiterKind {
	var list []crawl.LimiterKind
	for _, k := range All() {
		list = append(list, crawl.LimiterKind{Name: k.Name, Doc: k.Doc,
			New: func(rate float64, burst int, _ *crawl.Fleet) (crawl.Limiter, error) {
				return k.New(rate, burst), nil
			}})
	}
	return append(list, more...)
}

// New returns a limiter of the kind with that name, "" for Default, or nil if there is no such
// kind. See Kind.
func New(name string, rate float64, burst int) crawl.Limiter {
	name = cmp.Or(name, Default)
	for _, k := range All() {
		if k.Name == name {
			return k.New(rate, burst)
		}
	}
	return nil
}
