package web

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/limiter"
)

// grantLog records when fetches asked the limiter, and when it granted them.
type grantLog struct {
	begin time.Time
	next  atomic.Int64
	waits []Wait
}

// Wait is a wait that the limiter granted, by its times since the crawl began.
type Wait struct{ Asked, Granted time.Duration }

// record records one grant. Grants beyond the expected fetches are not timed: such a crawl is
// incorrect anyway.
func (p *grantLog) record(asked time.Duration) {
	if i := p.next.Add(1) - 1; i < int64(len(p.waits)) {
		p.waits[i] = Wait{asked, time.Since(p.begin)}
	}
}

// watchedLimiter is a limiter that records its grants.
type watchedLimiter struct {
	verifier *verifier
	limiter  crawl.Limiter
}

func (w watchedLimiter) Wait(ctx context.Context) error {
	asked := time.Since(w.verifier.grants.begin)
	err := w.limiter.Wait(ctx)
	if err == nil {
		w.verifier.grant()
		w.verifier.grants.record(asked)
	}
	return err
}

// grant counts a granted wait, and updates the maximum of granted waits that no fetch has used yet.
func (v *verifier) grant() {
	held := v.granted.Add(1) - v.begun.Load()
	for most := v.maxUnused.Load(); held > most && !v.maxUnused.CompareAndSwap(most, held); most = v.maxUnused.Load() {
	}
}

// Pace describes how a limiter paced a crawl.
type Pace struct {
	Achieved float64 // pages/s
	// Worst is the ratio of the grants in the worst window to what rate and burst allow in it, and
	// Window the length of that window: see limiter.Worst.
	Worst  float64
	Window time.Duration
	// Unfairness is the unfairness: the 99th percentile, over all waits, of the number of later waits
	// granted before it. It is 0 if the limiter serves in the order of arrival, and grows without
	// limit if some waits starve. The site does not know which worker a wait belongs to.
	Unfairness int
}

// Pace returns how the limiter of the crawl since Begin kept the given rate in pages/s with a
// bucket of burst pages. It returns the zero Pace without a limiter.
func (s *Site) Pace(rate float64, burst int) Pace {
	_, waits := s.Waits()
	return PaceOf(waits, limiter.Shortest, rate, burst)
}

// Waits returns the waits of the crawl since Begin, and when it began; none without a limiter.
func (s *Site) Waits() (begin time.Time, waits []Wait) {
	p := s.verifier.grants
	if p == nil {
		return time.Time{}, nil
	}
	return p.begin, p.waits[:min(int(p.next.Load()), len(p.waits))]
}

// PaceOf returns how a limiter that granted waits, which it sorts, kept a rate with a bucket of burst pages, in windows
// of at least the given length.
func PaceOf(waits []Wait, shortest time.Duration, rate float64, burst int) Pace {
	slices.SortFunc(waits, func(a, b Wait) int { return cmp.Compare(a.Granted, b.Granted) })
	at := make([]time.Duration, len(waits))
	for i, w := range waits {
		at[i] = w.Granted
	}
	var did Pace
	if n := len(at); n > 0 && at[n-1] > 0 {
		did.Achieved = float64(n) / at[n-1].Seconds()
	}
	did.Worst, did.Window = limiter.WorstFrom(shortest, at, rate, burst)
	if counts := overtakes(waits); len(counts) > 0 {
		slices.Sort(counts)
		did.Unfairness = counts[(len(counts)-1)*99/100]
	}
	return did
}

// overtakes returns for each of the waits, given in the order of their grants, how many waits that
// asked later were granted earlier. It counts with a Fenwick tree (Fenwick, A new data structure
// for cumulative frequency tables, 1994) over the order of asking.
func overtakes(waits []Wait) []int {
	order := make([]int, len(waits)) // waits in the order of asking
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(waits[a].Asked, waits[b].Asked) })
	rank := make([]int, len(waits))
	for r, i := range order {
		rank[i] = r
	}
	counts := make([]int, len(waits))
	tree := make([]int, len(waits)+1)
	for i := range waits {
		earlier := 0 // of the i waits granted so far, those that asked before this one
		for at := rank[i] + 1; at > 0; at -= at & -at {
			earlier += tree[at]
		}
		counts[i] = i - earlier
		for at := rank[i] + 1; at < len(tree); at += at & -at {
			tree[at]++
		}
	}
	return counts
}
