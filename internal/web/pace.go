package web

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/limiter"
)

// pace notes when fetches asked a limiter, and when it let them through.
type pace struct {
	begin time.Time
	next  atomic.Int64
	waits []turn
}

// turn is a wait that ended; times are since pace.begin.
type turn struct{ asked, granted time.Duration }

func newPace(fetches int) *pace {
	return &pace{waits: make([]turn, fetches)}
}

// note books one grant. Grants beyond the fetches expected are not timed: the judge rejects such a crawl anyway.
func (p *pace) note(asked time.Duration) {
	if i := p.next.Add(1) - 1; i < int64(len(p.waits)) {
		p.waits[i] = turn{asked, time.Since(p.begin)}
	}
}

// watched is a limiter that counts whom it let through.
type watched struct {
	judge   *judge
	limiter crawl.Limiter
}

func (w watched) Wait(ctx context.Context) error {
	asked := time.Since(w.judge.pace.begin)
	err := w.limiter.Wait(ctx)
	if err == nil {
		w.judge.grant()
		w.judge.pace.note(asked)
	}
	return err
}

// grant counts a wait that let through, and notes how many there are that no fetch has used yet.
func (j *judge) grant() {
	held := j.granted.Add(1) - j.begun.Load()
	for most := j.hoard.Load(); held > most && !j.hoard.CompareAndSwap(most, held); most = j.hoard.Load() {
	}
}

// Pace is what a limiter did in a crawl.
type Pace struct {
	Achieved float64 // pages a second
	// Worst is what it let through in the worst window over what rate and burst allow in it, and Window how long that is:
	// see limiter.Worst.
	Worst  float64
	Window time.Duration
	// Passed is how many that asked later were let through before it, of a wait that 99 of 100 do better than. It is 0 where
	// all are served in the order in which they come, and as large as you like where some starve. Which worker a wait is of
	// the site cannot know.
	Passed int
}

// Pace returns how the limiter of the crawl since Begin kept a rate of so many pages a second with a bucket of burst
// pages. All is 0 without a limiter.
func (s *Site) Pace(rate float64, burst int) Pace {
	p := s.judge.pace
	if p == nil {
		return Pace{}
	}
	waits := p.waits[:min(int(p.next.Load()), len(p.waits))]
	slices.SortFunc(waits, func(a, b turn) int { return cmp.Compare(a.granted, b.granted) })
	at := make([]time.Duration, len(waits))
	for i, w := range waits {
		at[i] = w.granted
	}
	var did Pace
	if n := len(at); n > 0 && at[n-1] > 0 {
		did.Achieved = float64(n) / at[n-1].Seconds()
	}
	did.Worst, did.Window = limiter.Worst(at, rate, burst)
	if over := passed(waits); len(over) > 0 {
		slices.Sort(over)
		did.Passed = over[(len(over)-1)*99/100]
	}
	return did
}

// passed returns for each of the waits, which are in the order of their grants, how many of those that asked later were
// granted earlier. It counts with a Fenwick tree (A new data structure for cumulative frequency tables, 1994) over the
// order of asking.
func passed(waits []turn) []int {
	order := make([]int, len(waits)) // waits by the time at which they asked
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(waits[a].asked, waits[b].asked) })
	rank := make([]int, len(waits))
	for r, i := range order {
		rank[i] = r
	}
	over := make([]int, len(waits))
	tree := make([]int, len(waits)+1)
	for i := range waits {
		earlier := 0 // of the i granted so far those that asked before this one
		for at := rank[i] + 1; at > 0; at -= at & -at {
			earlier += tree[at]
		}
		over[i] = i - earlier
		for at := rank[i] + 1; at < len(tree); at += at & -at {
			tree[at]++
		}
	}
	return over
}
