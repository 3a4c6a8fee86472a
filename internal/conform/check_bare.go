package conform

import (
	"context"
	"errors"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/limiter"
)

// bare calls the crawler as its users do, with no more than the contract promises: a Web that is or is
// not a crawl.Prefetcher, context.Background(), a *rate.Limiter, and errors that cannot be compared.
func bare(t *Report, c subject) {
	watchPolling(t, c)
	for _, as := range []webForm{{}, {bare: true}, {plain: true}, {bare: true, plain: true}} {
		c.form = &as
		for _, workers := range []int{1, 4} {
			if c.maxWorkers > 0 {
				workers = min(workers, c.maxWorkers)
			}
			for _, pages := range []int{1, 60} {
				s := star(pages, 2)
				s.latency = constant(time.Millisecond)
				s.fails = failing(several{errPlanted, "and more"}, func(p page) bool { return p%3 == 1 })
				right(t, c, s, crawl.Options{Workers: workers})
				right(t, c, s, crawl.Options{Workers: workers, MaxPages: pages})
			}
			hourly(t, c, workers)
			hourlyCut(t, c, workers)
		}
	}
}

// hourly crawls with a *rate.Limiter of one page an hour.
func hourly(t *Report, c subject, workers int) {
	const pages = 5
	s := star(pages-1, 1)
	out := right(t, c, s, crawl.Options{Workers: workers, Limiter: limiter.New("bucket", 1.0/3600, 1)})
	if off := out.took - pages*time.Hour; off.Abs() > time.Second {
		t.Fatalf("with a *rate.Limiter of one page an hour and %d workers, %d pages took %v, want %v", workers, pages,
			out.took, pages*time.Hour)
	}
}

// hourlyCut cancels such a crawl while it waits on the limiter.
func hourlyCut(t *Report, c subject, workers int) {
	const at = 90 * time.Minute
	s := star(4, 1)
	ctx, stop := context.WithCancel(context.Background())
	timer := time.AfterFunc(at, stop)
	defer timer.Stop()
	o := crawl.Options{Workers: workers, Limiter: limiter.New("bucket", 1.0/3600, 1)}
	out := c.crawl(ctx, s, o)
	if err := s.inOrder(out, o); err != nil {
		t.Fatalf("cancelled in a wait on a *rate.Limiter: %v (%s)", err, dials(o))
	}
	if !errors.Is(out.err, context.Canceled) || out.took != at {
		t.Fatalf("cancelled after %v in a wait on a *rate.Limiter: it returned after %v with the error %v, "+
			"want after %v with %v (%s)", at, out.took, out.err, at, context.Canceled, dials(o))
	}
}

// several is an error that cannot be compared. Using it as the key of a map panics.
type several []any

func (several) Error() string { return "several things are wrong" }
