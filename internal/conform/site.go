// Package conform checks that a crawler keeps the contract of package crawl: a suite of checks, each with an exact oracle
// and each shown to bite by a deliberately broken crawler of package mutant.
//
// A contender goes in, a verdict for every check comes out. Each check runs in a process of its own, so that a deadlock,
// a leak, a panic or an endless loop is that check's verdict and not the end of the suite.
package conform

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"crawlbench/internal/crawl"
)

// page numbers the pages of a site, whatever key the crawler knows them by.
type page = uint32

// site is what a check lets a crawler crawl. Pages without links are leaves; the crawl starts at page 0.
type site struct {
	links   map[page][]page
	latency func(page) time.Duration // nil: none
	fails   func(page) bool          // nil: none fails
	visited func(p page, nth int)    // called at the beginning of each fetch; nil: nobody cares
	seeds   []page                   // nil: page 0
	hostile bool                     // keys that collide under bad hashes
}

// errPlanted is the error of a page that fails.
var errPlanted = errors.New("planted failure")

// outcome is what a crawl did.
type outcome struct {
	did   crawl.Result
	err   error
	count map[page]int
	// starts are the times at which fetches began, in order.
	starts   []time.Time
	peak     int // most fetches at once
	inflight int // fetches that had not ended when the crawler returned
	unknown  int // fetches of keys that no page has
}

// subject is a contender with one kind of key.
type subject struct {
	name       string
	maxWorkers int
	crawl      func(ctx context.Context, s *site, o crawl.Options) outcome
}

// subjects returns the contender's subjects by kind of key.
func subjects(c crawl.Contender) map[string]subject {
	m := map[string]subject{}
	if c.ByID != nil {
		m["id"] = subject{c.Name, c.MaxWorkers, adapt(c.ByID, idOf)}
	}
	if c.ByURL != nil {
		m["url"] = subject{c.Name, c.MaxWorkers, adapt(c.ByURL, urlOf)}
	}
	return m
}

// adapt runs f on a site under the keys that name gives to pages.
func adapt[K comparable](f crawl.Func[K], name func(p page, hostile bool) K) func(context.Context, *site, crawl.Options) outcome {
	return func(ctx context.Context, s *site, o crawl.Options) outcome {
		w := &web[K]{site: s, pages: map[K]page{}, links: map[page][]K{}, count: map[page]int{}}
		known := map[page]bool{}
		key := func(p page) K { // anew for every link: those to the same page have texts of their own
			k := name(p, s.hostile)
			if !known[p] {
				known[p] = true
				w.pages[k] = p
			}
			return k
		}
		for p, links := range s.links {
			key(p)
			keys := make([]K, len(links))
			for i, q := range links {
				keys[i] = key(q)
			}
			w.links[p] = keys
		}
		var seeds []K
		for _, p := range s.start() {
			seeds = append(seeds, key(p))
		}
		did, err := f(ctx, w, seeds, o)
		w.mu.Lock()
		defer w.mu.Unlock()
		return outcome{did: did, err: err, count: w.count, starts: w.starts, peak: w.peak, inflight: w.inflight, unknown: w.unknown}
	}
}

func (s *site) start() []page {
	if s.seeds == nil {
		return []page{0}
	}
	return s.seeds
}

// web is a site under keys of one kind.
type web[K comparable] struct {
	site  *site
	pages map[K]page
	links map[page][]K

	mu                      sync.Mutex
	count                   map[page]int
	starts                  []time.Time
	inflight, peak, unknown int
}

func (w *web[K]) Fetch(ctx context.Context, key K) ([]K, error) {
	p, ok := w.pages[key]
	w.mu.Lock()
	if !ok {
		w.unknown++
		w.mu.Unlock()
		return nil, fmt.Errorf("no page %v", key)
	}
	w.count[p]++
	w.starts = append(w.starts, time.Now())
	nth := len(w.starts)
	w.inflight++
	w.peak = max(w.peak, w.inflight)
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		w.inflight--
		w.mu.Unlock()
	}()
	if w.site.visited != nil {
		w.site.visited(p, nth)
	}
	if w.site.latency != nil {
		timer := time.NewTimer(w.site.latency(p))
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if w.site.fails != nil && w.site.fails(p) {
		return nil, errPlanted
	}
	return w.links[p], nil
}

// reach is the sequential oracle: the pages that a crawl has to fetch.
func (s *site) reach() map[page]bool {
	seen := map[page]bool{}
	queue := []page{}
	add := func(p page) {
		if !seen[p] {
			seen[p] = true
			queue = append(queue, p)
		}
	}
	for _, p := range s.start() {
		add(p)
	}
	for ; len(queue) > 0; queue = queue[1:] {
		if s.fails == nil || !s.fails(queue[0]) {
			for _, q := range s.links[queue[0]] {
				add(q)
			}
		}
	}
	return seen
}

// wrong returns what is wrong with a crawl of s that was let run to its end.
func (s *site) wrong(out outcome, o crawl.Options) error {
	reach := s.reach()
	want, failed := len(reach), 0
	if o.MaxPages > 0 {
		want = min(want, o.MaxPages)
	}
	for p, n := range out.count {
		if n != 1 {
			return fmt.Errorf("page %d was fetched %d times", p, n)
		}
		if !reach[p] {
			return fmt.Errorf("page %d was fetched, to which no link leads", p)
		}
		if s.fails != nil && s.fails(p) {
			failed++
		}
	}
	switch {
	case out.err != nil:
		return fmt.Errorf("it returned the error %q", out.err)
	case out.unknown > 0:
		return fmt.Errorf("%d fetches were of keys that no page has", out.unknown)
	case len(out.count) != want:
		return fmt.Errorf("%d pages were fetched, want %d", len(out.count), want)
	case out.did.Pages != want || out.did.Errors != failed:
		return fmt.Errorf("it reports %d pages and %d errors, there were %d and %d", out.did.Pages, out.did.Errors, want, failed)
	case out.peak > max(1, o.Workers):
		return fmt.Errorf("%d fetches were in flight at once with %d workers", out.peak, o.Workers)
	case out.inflight > 0:
		return fmt.Errorf("it returned with %d fetches in flight", out.inflight)
	}
	return nil
}
