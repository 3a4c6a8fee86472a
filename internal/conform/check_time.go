package conform

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/limiter"
	"crawlbench/internal/plain"
)

const turn = 10 * time.Millisecond

// width makes each fetch take one turn. A root and n leaves take w workers exactly 1 + ceil(n/w) turns.
func width(t *Report, c subject) {
	widths := []int{1, 2, 7, 8, 9, 64, 300, 1000}
	if m := c.maxWorkers; m > 0 {
		widths = append(slices.DeleteFunc(widths, func(n int) bool { return n >= m }), m)
	}
	for _, workers := range widths {
		const leaves = 2100
		turns := func(n int) time.Duration { return time.Duration((n+workers-1)/workers) * turn }
		s := star(leaves, 1)
		s.latency = constant(turn)
		out := right(t, c, s, crawl.Options{Workers: workers})
		if want := turn + turns(leaves); out.took != want || out.peak != workers {
			t.Fatalf("with %d workers, a star of %d pages took %v and had %d fetches in flight, want %v and %d", workers,
				leaves, out.took, out.peak, want, workers)
		}
		// A fetch that fails takes as long, and its worker continues.
		s.fails = func(_ page, nth int) error {
			if 2 <= nth && nth <= leaves/2 {
				return errPlanted
			}
			return nil
		}
		out = right(t, c, s, crawl.Options{Workers: workers})
		if want := turn + turns(leaves); out.took != want || out.peak != workers {
			t.Fatalf("with %d workers, a star of %d pages, half of which failed, took %v and had %d fetches in flight, want %v and %d",
				workers, leaves, out.took, out.peak, want, workers)
		}
		const budget = 1400
		s.fails = nil
		out = right(t, c, s, crawl.Options{Workers: workers, MaxPages: budget})
		if want := turn + turns(budget-1); out.took != want {
			t.Fatalf("with %d workers and MaxPages %d, a star took %v, want %v", workers, budget, out.took, want)
		}
	}
	// A chain of 100 that ends in a star of 40: workers that were idle for a while must become busy.
	workers := c.clamp(crawl.Options{Workers: 4}).Workers
	s := chain(100)
	for p := range page(40) {
		s.links[99] = append(s.links[99], 100+p)
		s.links = append(s.links, nil)
	}
	s.latency = constant(turn)
	want := 100*turn + time.Duration((40+workers-1)/workers)*turn
	if out := right(t, c, s, crawl.Options{Workers: workers}); out.took != want {
		t.Fatalf("a chain of 100 followed by a star of 40 took %v with %d workers, want %v", out.took, workers, want)
	}
	uneven(t, c)
}

// uneven makes pages of one host take 1 to 100 ms, and some fail. No makespan is known for that, but a
// worker must never be idle while there is a page for it.
func uneven(t *Report, c subject) {
	host := naming{}
	for p := range 400 {
		host.urls = append(host.urls, fmt.Sprintf("https://h.example/%d", p))
	}
	for _, workers := range []int{2, 5, 16, 100} {
		for _, s := range []*site{star(300, 1), tree(400, 3), tree(400, 9), random(400, 3, 2), dense(60)} {
			s.keys = host
			s.latency = func(p page) time.Duration { return time.Duration(1+p*37%100) * time.Millisecond }
			right(t, c, s, crawl.Options{Workers: workers})
			right(t, c, s, crawl.Options{Workers: workers, MaxPages: len(s.links) / 2})
			s.fails = failing(&failure{}, func(p page) bool { return p%4 == 3 })
			right(t, c, s, crawl.Options{Workers: workers})
		}
	}
}

// forms are the kinds of limiter: one that reserves, see crawl.InTurn, and one that does not.
var forms = [...]string{"bucket", "paced"}

func limit(t *Report, c subject) {
	for _, form := range forms {
		for _, workers := range []int{1, 8} {
			for _, latency := range []time.Duration{0, 30 * time.Millisecond, 200 * time.Millisecond} {
				limited(t, c, form, 100, workers, latency)
			}
		}
		limited(t, c, form, 2000, 100, 400*time.Millisecond) // the latency limits, not the limiter
		patient(t, c, form)
	}
}

// patient makes each page wait two hours on the limiter.
func patient(t *Report, c subject, form string) {
	const wait, pages = 2 * time.Hour, 6
	s := star(pages-1, 1)
	for _, workers := range []int{1, 3} {
		m := &meter{Limiter: limiter.New(form, 1/wait.Seconds(), 1)}
		o := c.clamp(crawl.Options{Workers: workers, Limiter: crawl.Like(m, m.Limiter)})
		out := right(t, c, s, o)
		if n := m.granted.Load(); n != pages || out.took < (pages-1)*wait || out.took > pages*wait {
			t.Fatalf("with a limiter of one page per %v, it waited %d times for %d pages and took %v, want %d times and %v (%s)",
				wait, n, pages, out.took, pages, pages*wait, dials(o))
		}
	}
}

// limited crawls at a rate. Without latency only the rate limits the throughput, with latency the lower
// of the two limits: 8 workers reach 267 pages/s at 30 ms per page, and 40 pages/s at 200 ms.
func limited(t *Report, c subject, form string, perSecond, workers int, latency time.Duration) {
	const burst, pages = 5, 205
	interval := time.Second / time.Duration(perSecond)
	s := star(pages-1, 3)
	s.links[1] = []page{2, 3, 4, 0}
	m := &meter{Limiter: limiter.New(form, float64(perSecond), burst)}
	var early atomic.Int64
	s.visited = func(_ page, nth int) {
		if int64(nth) > m.granted.Load() {
			early.Add(1)
		}
	}
	o := c.clamp(crawl.Options{Workers: workers, Limiter: crawl.Like(m, m.Limiter)})
	workers = o.Workers
	slack := 0
	if latency > 0 {
		s.latency, slack = constant(latency), workers
	}
	out := right(t, c, s, o)
	if n := m.granted.Load(); n != pages || early.Load() > 0 {
		t.Fatalf("with %d workers, it waited on the limiter %d times for %d pages, and %d fetches began before their wait had ended", workers, n, pages, early.Load())
	}
	if err := checkRate(out.starts, float64(perSecond), burst, slack); err != nil {
		t.Fatalf("with %d workers and %v per page: %v", workers, latency, err)
	}
	if err := s.prompt(out, o, m.waits); err != nil {
		t.Fatalf("with %d workers, %v per page and %d pages/s: %v", workers, latency, perSecond, err)
	}
	byRate, byWidth := pages*interval, pages*latency/time.Duration(workers)
	least := max(byRate-(burst-1)*interval, byWidth)
	most := max(byRate, byWidth) + 2*latency + interval
	if latency == 0 {
		least, most = byRate, byRate
	}
	if out.took < least || out.took > most {
		t.Fatalf("with %d workers, %d pages of %v at %d/s took %v, want %v to %v: rate and workers are independent", workers, pages, latency, perSecond, out.took, least, most)
	}
}

// refusing is a limiter that returns an error after a number of waits, once or from then on.
type refusing struct {
	after int64
	once  bool
	err   error

	n  atomic.Int64
	at atomic.Pointer[time.Time] // of the first error
}

func (r *refusing) Wait(context.Context) error {
	n := r.n.Add(1)
	if n <= r.after || r.once && n > r.after+1 {
		return nil
	}
	now := time.Now()
	r.at.CompareAndSwap(nil, &now)
	return r.err
}

// refusal makes a limiter return an error, once or from then on. The error may wrap that of a context,
// although the crawl's context has not ended.
func refusal(t *Report, c subject) {
	const leaves = 1000
	for nth, after := range []int64{0, 1, 2, 50, leaves, 0, 1, 50, leaves} {
		for _, workers := range []int{1, 4, 64} {
			s := star(leaves, 1)
			s.latency = constant(time.Millisecond)
			l := &refusing{after: after, once: nth > 4, err: errPlanted}
			switch nth % 3 {
			case 1:
				// like the error of x/time/rate for a wait that is too long
				l.err = fmt.Errorf("%w: %w", errPlanted, context.DeadlineExceeded)
			case 2:
				l.err = fmt.Errorf("%w: %w", errPlanted, context.Canceled)
			}
			var more atomic.Int64
			s.visited = func(page, int) {
				if l.at.Load() != nil {
					more.Add(1)
				}
			}
			o := c.clamp(crawl.Options{Workers: workers, Limiter: l})
			out := c.crawl(context.Background(), s, o)
			if err := s.refused(out, o, l, int(more.Load())); err != nil {
				how := "an error from then on"
				if l.once {
					how = "one error"
				}
				t.Fatalf("the limiter granted %s and then returned %s: %v (%s)", plain.Count(int(after), "wait"), how, err, dials(o))
			}
			o.Limiter = &refusing{after: 2 * leaves}
			s.visited = nil
			right(t, c, s, o) // the error is not remembered
		}
	}
}

// refused verifies a crawl whose limiter returned an error, after which more fetches began.
func (s *site) refused(out outcome, o crawl.Options, l *refusing, more int) error {
	// The number of waits is verified by the check limit.
	if err := s.inOrder(out, o); err != nil {
		return err
	}
	at := l.at.Load()
	switch {
	case !errors.Is(out.err, errPlanted):
		return fmt.Errorf("it returned the error %v, want the limiter's, %q", out.err, l.err)
	case at == nil:
		return nil
	case more > o.Workers:
		return fmt.Errorf("it began %d more fetches, want at most one per worker", more)
	case out.took != max(at.Sub(out.start), out.last):
		return fmt.Errorf("it returned after %v, want %v: at once, or when the last fetch in flight ends", out.took,
			max(at.Sub(out.start), out.last))
	}
	return nil
}
