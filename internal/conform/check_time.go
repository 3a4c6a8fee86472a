package conform

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/limiter"
)

const turn = 10 * time.Millisecond

// width lets pages take a turn each: n leaves over w workers, after a root, take exactly 1 + n/w turns, rounded up.
func width(t *Report, c subject) {
	for _, workers := range []int{1, 2, 7, 8, 9, 64, 300, 1000} {
		if !c.takes(workers) {
			continue
		}
		const leaves = 2100
		turns := func(n int) time.Duration { return time.Duration((n+workers-1)/workers) * turn }
		s := star(leaves, 1)
		s.latency = constant(turn)
		out := right(t, c, s, crawl.Options{Workers: workers})
		if want := turn + turns(leaves); out.took != want || out.peak != workers {
			t.Fatalf("with %d workers a star of %d pages took %v and had %d fetches in flight, want %v and %d", workers, leaves, out.took, out.peak, want, workers)
		}
		// A fetch that fails takes as long, and its worker is there afterwards.
		s.fails = func(_ page, nth int) error {
			if 2 <= nth && nth <= leaves/2 {
				return errPlanted
			}
			return nil
		}
		out = right(t, c, s, crawl.Options{Workers: workers})
		if want := turn + turns(leaves); out.took != want || out.peak != workers {
			t.Fatalf("with %d workers a star of %d pages, half of which failed, took %v and had %d fetches in flight, want %v and %d",
				workers, leaves, out.took, out.peak, want, workers)
		}
		const budget = 1400
		s.fails = nil
		out = right(t, c, s, crawl.Options{Workers: workers, MaxPages: budget})
		if want := turn + turns(budget-1); out.took != want {
			t.Fatalf("with %d workers and MaxPages %d a star took %v, want %v", workers, budget, out.took, want)
		}
	}
	// A chain of 100 that ends in a star of 40: workers that had nothing to do for a while are there when there is.
	const workers = 4
	if !c.takes(workers) {
		return
	}
	s := chain(100)
	for p := range page(40) {
		s.links[99] = append(s.links[99], 100+p)
		s.links = append(s.links, nil)
	}
	s.latency = constant(turn)
	if out := right(t, c, s, crawl.Options{Workers: workers}); out.took != 110*turn {
		t.Fatalf("a chain of 100 and then a star of 40 took %v with %d workers, want %v", out.took, workers, 110*turn)
	}
}

// forms are the limiters that a crawl must get along with: one that reserves, see crawl.InTurn, and one that does not.
var forms = [...]string{"bucket", "paced"}

func limit(t *Report, c subject) {
	for _, form := range forms {
		for _, workers := range []int{1, 8} {
			limited(t, c, form, workers, 0)
			for _, latency := range []time.Duration{30 * time.Millisecond, 200 * time.Millisecond} {
				limited(t, c, form, workers, latency)
			}
		}
	}
}

// limited crawls at 100 pages/s. Without latency the rate alone decides how long that takes. With latency it takes as long
// as the slower of the two dials makes it: 8 workers reach 267 pages/s at 30 ms a page, and 40 at 200 ms.
func limited(t *Report, c subject, form string, workers int, latency time.Duration) {
	const perSecond, burst, pages = 100, 5, 205
	const interval = time.Second / perSecond
	s := star(pages-1, 3)
	s.links[1] = []page{2, 3, 4, 0}
	m := &meter{Limiter: limiter.New(form, perSecond, burst)}
	early := 0
	s.visited = func(_ page, nth int) {
		if int64(nth) > m.granted.Load() {
			early++
		}
	}
	slack := 0
	if latency > 0 {
		s.latency, slack = constant(latency), workers
	}
	o := crawl.Options{Workers: workers, Limiter: crawl.Like(m, m.Limiter)}
	out := right(t, c, s, o)
	if n := m.granted.Load(); n != pages || early > 0 {
		t.Fatalf("with %d workers it waited on the limiter %d times for %d pages, of which %d were fetched before their wait had ended", workers, n, pages, early)
	}
	if err := paced(out.starts, perSecond, burst, slack); err != nil {
		t.Fatalf("with %d workers, %v a page: %v", workers, latency, err)
	}
	if c.maxWorkers > 0 {
		workers = min(workers, c.maxWorkers)
	}
	byRate, byWidth := pages*interval, pages*latency/time.Duration(workers)
	least := max(byRate-(burst-1)*interval, byWidth)
	most := max(byRate, byWidth) + 2*latency + interval
	if latency == 0 {
		least, most = byRate, byRate
	}
	if out.took < least || out.took > most {
		t.Fatalf("with %d workers %d pages of %v at %d/s took %v, want %v to %v: rate and workers are dials of their own", workers, pages, latency, perSecond, out.took, least, most)
	}
}

// refusing lets so many through and then none.
type refusing struct {
	left atomic.Int64
	err  error
}

func (r *refusing) Wait(context.Context) error {
	if r.left.Add(-1) < 0 {
		return r.err
	}
	return nil
}

func refusal(t *Report, c subject) {
	for nth, after := range []int64{0, 1, 2, 50, 1000} {
		for _, workers := range []int{1, 4, 64} {
			s := star(1000, 1)
			s.latency = constant(time.Millisecond)
			l := &refusing{err: errPlanted}
			if nth%2 == 1 {
				l.err = fmt.Errorf("%w: %w", errPlanted, context.DeadlineExceeded) // as x/time/rate says of a wait that is too long
			}
			l.left.Store(after)
			o := crawl.Options{Workers: workers, Limiter: l}
			out := c.crawl(context.Background(), s, o)
			// How many it let through for how many pages is for the check of the limit.
			if err := s.inOrder(out, o); err != nil {
				t.Fatalf("the limiter refused after %d pages: %v (%s)", after, err, dials(o))
			}
			if !errors.Is(out.err, errPlanted) {
				t.Fatalf("the limiter refused after %d pages: it returned the error %v, want the limiter's (%s)", after, out.err, dials(o))
			}
			if c.maxWorkers > 0 {
				workers = min(workers, c.maxWorkers)
			}
			if n := int(after)/workers + 3; out.took > time.Duration(n)*time.Millisecond {
				t.Fatalf("the limiter refused after %d pages: it returned after %v (%s)", after, out.took, dials(o))
			}
		}
	}
}
