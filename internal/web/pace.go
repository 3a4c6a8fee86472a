package web

import (
	"slices"
	"sync/atomic"
	"time"
)

// pace notes when a limiter let a fetch through.
type pace struct {
	begin time.Time
	next  atomic.Int64
	at    []time.Duration // since begin
}

func newPace(fetches int) *pace {
	return &pace{begin: time.Now(), at: make([]time.Duration, fetches)}
}

// note books one grant. Grants beyond the fetches expected are not timed: the judge rejects such a crawl anyway.
func (p *pace) note() {
	if i := p.next.Add(1) - 1; i < int64(len(p.at)) {
		p.at[i] = time.Since(p.begin)
	}
}

// window is the length over which the densest grants are sought.
const window = 10 * time.Millisecond

// Pace returns how the limiter of the crawl since Begin kept a rate of so many pages a second with a bucket of burst
// pages: the pages a second that it let through, and the largest number of pages in any 10 ms over the number allowed.
// Both are 0 without a limiter.
func (s *Site) Pace(rate float64, burst int) (achieved, worst float64) {
	p := s.judge.pace
	if p == nil {
		return 0, 0
	}
	at := p.at[:min(int(p.next.Load()), len(p.at))]
	slices.Sort(at)
	if n := len(at); n > 0 && at[n-1] > 0 {
		achieved = float64(n) / at[n-1].Seconds()
	}
	allowed := rate*window.Seconds() + float64(burst)
	first := 0
	for last := range at {
		for at[last]-at[first] > window {
			first++
		}
		worst = max(worst, float64(last-first+1)/allowed)
	}
	return achieved, worst
}
