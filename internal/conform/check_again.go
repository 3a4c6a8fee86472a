package conform

import (
	"context"
	"sync"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/limiter"
)

// again crawls one site after the other, and at once.
func again(t *Report, c subject) {
	s := random(100, 4, 6)
	s.latency = constant(time.Millisecond)
	o := crawl.Options{Workers: 4}
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Millisecond+time.Microsecond)
	c.crawl(ctx, s, o) // a crawl that did not come to its end leaves nothing either
	stop()
	right(t, c, s, o)
	right(t, c, s, o)
	others(t, c)
	failing := random(100, 4, 6)
	failing.latency = s.latency
	failing.fails = func(p page, _ int) error {
		if p%5 == 2 {
			return errPlanted
		}
		return nil
	}
	for _, o := range []crawl.Options{o, {Workers: 4, MaxPages: 30}, {Workers: 1}} {
		var pool sync.WaitGroup
		for nth := range 4 {
			pool.Go(func() {
				s := []*site{s, failing}[nth%2]
				if err := s.wrong(c.beside(context.Background(), s, o), o); err != nil {
					t.Errorf("beside other crawls: %v (%s)", err, dials(o))
				}
			})
		}
		pool.Wait()
	}
}

// others crawls sites that have the same pages and other links, as one Web, under one set of options after the other. What
// one crawl has learnt is wrong in the next.
func others(t *Report, c subject) {
	ring := func(step int) *site { // 90 pages, of which each links to those some steps on
		s := blank(90)
		for p := range s.links {
			s.links[p] = []page{page((p + step) % 90), page((p + 2*step) % 90), 0}
		}
		return s
	}
	half := ring(2) // of which half the pages cannot be reached
	failed := ring(1)
	failed.fails = failing(errPlanted, func(p page) bool { return p%4 == 3 })
	elsewhere := ring(2)
	elsewhere.seeds = []page{1}
	sites := []*site{ring(1), ring(7), half, ring(1), failed, ring(1), elsewhere, half, ring(1)}
	for _, o := range []crawl.Options{{Workers: 3}, {Workers: 1, MaxPages: 20}, {Workers: 9, SizeHint: 90}, {Workers: 3, Limiter: limiter.New("paced", 1000, 1)}, {Workers: 3}} {
		for i, out := range c.crawls(context.Background(), sites, o) {
			if err := sites[i].wrong(out, o); err != nil {
				t.Fatalf("crawl %d of sites that have the same pages and other links: %v (%s)", i+1, err, dials(o))
			}
		}
	}
}
