package conform

import (
	"context"
	"sync"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/limiter"
)

// again crawls sites one after the other, and concurrently.
func again(t *Report, c subject) {
	s := random(100, 4, 6)
	s.latency = constant(time.Millisecond)
	o := crawl.Options{Workers: 4}
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Millisecond+time.Microsecond)
	c.crawl(ctx, s, o) // a cancelled crawl leaves nothing behind either
	stop()
	right(t, c, s, o)
	right(t, c, s, o)
	others(t, c)
	failed := random(100, 4, 6)
	failed.latency = func(p page) time.Duration { return time.Duration(1+p%5) * time.Millisecond }
	failed.fails = failing(errPlanted, func(p page) bool { return p%5 == 2 })
	for _, stagger := range []time.Duration{0, 1700 * time.Microsecond} {
		for _, o := range []crawl.Options{o, {Workers: 4, MaxPages: 30}, {Workers: 1}} {
			for _, form := range []string{"", "paced", "bucket"} {
				if beside(t, c, []*site{s, failed}, o, form, stagger); t.Failed() {
					return // the others would fail too
				}
			}
		}
	}
	for _, stagger := range []time.Duration{0, 1700 * time.Microsecond} {
		twice(t, c, failed, crawl.Options{Workers: 4}, stagger)
	}
}

// beside makes concurrent crawls that start stagger apart, each with its own site, budget and limiter.
// Each must be as correct and as fast as alone, and the cancellation of one must not affect the others.
func beside(t *Report, c subject, sites []*site, o crawl.Options, form string, stagger time.Duration) {
	var pool sync.WaitGroup
	for nth := range 4 {
		pool.Go(func() {
			time.Sleep(time.Duration(nth) * stagger)
			trial := &trial{site: new(site), o: c.clamp(o), form: form}
			*trial.site = *sites[nth%2]
			if o.MaxPages > 0 {
				trial.o.MaxPages += nth
			}
			out, m, early := trial.crawlBy(context.Background(), c.beside)
			if err := trial.wrong(out, m, early); err != nil {
				t.Errorf("with concurrent crawls: %v (%s%s, started %v apart)", err, dials(trial.o), limitedBy(form),
					stagger)
			}
		})
	}
	pool.Go(func() {
		const at = 5500 * time.Microsecond
		ctx, stop := context.WithTimeout(context.Background(), at)
		defer stop()
		o := c.clamp(crawl.Options{Workers: 3})
		if err := sites[0].ended(c.beside(ctx, sites[0], o), o, at, context.DeadlineExceeded); err != nil {
			t.Errorf("with concurrent crawls and a deadline after %v: %v (%s)", at, err, dials(o))
		}
	})
	pool.Wait()
}

func limitedBy(form string) string {
	if form == "" {
		return ""
	}
	return ", limiter " + form
}

// twice makes two concurrent crawls of the same Web. Each must fetch all of it.
func twice(t *Report, c subject, s *site, o crawl.Options, stagger time.Duration) {
	o = c.clamp(o)
	outs := c.together(context.Background(), s, o, stagger)
	for _, out := range outs {
		if out.err != nil {
			t.Errorf("two crawls of one Web, started %v apart: it returned the error %q, want none (%s)", stagger,
				out.err, dials(o))
		}
	}
	count, failed := outs[0].count, outs[0].failed // the crawls share one log
	level, _ := s.reach(failed)
	pages, errors := 0, 0
	for p, l := range level {
		want := 0
		if l >= 0 {
			want = 2
			pages++
			if failed[p] {
				errors++
			}
		}
		if count[p] != want {
			t.Errorf("two crawls of one Web, started %v apart, fetched %s %d times, want %d: once each (%s)", stagger,
				outs[0].name(page(p)), count[p], want, dials(o))
			return
		}
	}
	for _, out := range outs {
		if want := (crawl.Result{Pages: pages, Errors: errors}); out.did != want {
			t.Errorf("two crawls of one Web, started %v apart: one reports %d pages and %d errors, want %d and %d (%s)",
				stagger, out.did.Pages, out.did.Errors, pages, errors, dials(o))
		}
	}
}

// others crawls sites with the same pages but different links, one after the other, as one Web. What one
// crawl has learnt is wrong in the next.
func others(t *Report, c subject) {
	ring := func(step int) *site { // 90 pages, each of which links to those one and two steps away
		s := blank(90)
		for p := range s.links {
			s.links[p] = []page{page((p + step) % 90), page((p + 2*step) % 90), 0}
		}
		return s
	}
	half := ring(2) // half of its pages cannot be reached
	failed := ring(1)
	failed.fails = failing(errPlanted, func(p page) bool { return p%4 == 3 })
	elsewhere := ring(2)
	elsewhere.seeds = []page{1}
	sites := []*site{ring(1), ring(7), half, ring(1), failed, ring(1), elsewhere, half, ring(1)}
	for _, o := range []crawl.Options{{Workers: 3}, {Workers: 1, MaxPages: 20}, {Workers: 9, SizeHint: 90},
		{Workers: 3, Limiter: limiter.New("paced", 1000, 1)}, {Workers: 3}} {
		for i, out := range c.crawls(context.Background(), sites, o) {
			if err := sites[i].wrong(out, o); err != nil {
				t.Fatalf("crawl %d of sites with the same pages but different links: %v (%s)", i+1, err, dials(o))
			}
		}
	}
}
