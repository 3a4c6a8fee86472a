package conform

import (
	"context"
	"fmt"
	"sync/atomic"

	"crawlbench/internal/crawl"
)

// countingWeb is a Web that only counts the fetches of each page. It is for crawls that are too large, or too
// many, for a web.
type countingWeb[K comparable] struct {
	pages map[K]page // nil if the keys are the numbers of the pages
	links [][]K
	count []atomic.Int32
}

// prepareCounted returns a function that prepares a site for f and returns a function that crawls and verifies it.
func prepareCounted[K comparable](f crawl.Func[K], maxWorkers int,
	name func(naming, page) K) func(s *site) func(crawl.Options) error {
	return func(s *site) func(crawl.Options) error {
		n := len(s.links)
		w := &countingWeb[K]{links: make([][]K, n), count: make([]atomic.Int32, n)}
		if _, ids := any(name(s.keys, 0)).(uint32); !ids {
			w.pages = make(map[K]page, n)
		}
		for p, links := range s.links {
			if w.pages != nil {
				w.pages[name(s.keys, page(p))] = page(p)
			}
			for _, q := range links {
				w.links[p] = append(w.links[p], name(s.keys, q))
			}
		}
		var seeds []K
		for _, p := range s.start() {
			seeds = append(seeds, name(s.keys, p))
		}
		level, _ := s.reach(make([]bool, n))
		want := 0
		for _, l := range level {
			if l >= 0 {
				want++
			}
		}
		return func(o crawl.Options) error {
			if maxWorkers > 0 {
				o.Workers = min(o.Workers, maxWorkers)
			}
			o.Count = func(string, int) {} // makes the engine call Counter.Counts at the end of the crawl
			did, err := f(context.Background(), w, seeds, o)
			if err != nil {
				return fmt.Errorf("it returned the error %q, want none", err)
			}
			for p := range w.count {
				if is, due := int(w.count[p].Swap(0)), min(1, level[p]+1); is != due {
					return fmt.Errorf("page %v was fetched %d times, want %d", name(s.keys, page(p)), is, due)
				}
			}
			if did.Pages != want || did.Errors != 0 {
				return fmt.Errorf("it reports %d pages and %d errors, want %d and 0", did.Pages, did.Errors, want)
			}
			return nil
		}
	}
}

func (w *countingWeb[K]) Fetch(_ context.Context, key K) ([]K, error) {
	var p page
	if w.pages == nil {
		p, _ = any(key).(uint32)
	} else {
		p = w.pages[key]
	}
	w.count[p].Add(1)
	return w.links[p], nil
}
