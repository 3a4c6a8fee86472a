package web

import (
	"math/bits"
	"slices"
	"time"

	"crawlbench/internal/graph"
	"crawlbench/internal/plain"
)

// Unite verifies a crawl that several processes share, from what each has fetched: a page is fetched exactly once by
// one of them, and all that can be reached, or budget of them, are. budget 0 means all. That nothing else was fetched,
// and nothing twice by one process, is verified in each process. It returns nil if there are no violations.
func Unite(reach graph.Reach, budget int, fetched [][]uint64) Violations {
	var found Violations
	var distinct, twice, missing int
	var again, missed []uint32
	for i, want := range reach.Set {
		var once, more uint64
		for _, set := range fetched {
			twice += bits.OnesCount64(once & set[i])
			more |= once & set[i]
			once |= set[i]
		}
		distinct += bits.OnesCount64(once)
		missing += bits.OnesCount64(want &^ once)
		again = appendExamples(again, i, more)
		missed = appendExamples(missed, i, want&^once)
	}
	if twice > 0 {
		found.addf("%s of pages that another process had fetched (page %s)", plain.Count(twice, "fetch"), join(again))
	}
	switch {
	case budget > 0 && budget < reach.Pages:
		if distinct != budget {
			found.addf("%d pages were fetched by all processes, the budget is %d", distinct, budget)
		}
	case missing > 0:
		found.addf("%d of %d reachable pages were not fetched by any process (page %s)", missing, reach.Pages, join(missed))
	}
	return found
}

// Shares returns what the least served of several processes got, divided by what the most served got: the waits that
// were granted until the first process had its last one, after which the others have the rate to themselves.
func Shares(waits [][]Wait) float64 {
	first := last(waits[0])
	for _, list := range waits[1:] {
		first = min(first, last(list))
	}
	var counts []float64
	for _, list := range waits {
		n := 0
		for _, w := range list {
			if w.Granted <= first {
				n++
			}
		}
		counts = append(counts, float64(n))
	}
	return LeastToMost(counts)
}

// last returns when the last wait was granted.
func last(list []Wait) (at time.Duration) {
	for _, w := range list {
		at = max(at, w.Granted)
	}
	return at
}

// LeastToMost returns the least of some amounts divided by the greatest; 1 if all are 0.
func LeastToMost(amounts []float64) float64 {
	most := slices.Max(amounts)
	if most == 0 {
		return 1
	}
	return slices.Min(amounts) / most
}
