// Package engine is the crawler around a visited set: a pool of workers that exchange chunks of
// pages and detect when the crawl is complete. Crawlers that differ only in their visited set share
// it, so that comparing them compares the sets. It costs a few nanoseconds per page.
//
// A worker takes pages from one chunk and adds the pages that it finds to another; it takes a
// contended lock only once per chunk. Only while another worker is idle does it share its pages
// earlier: see pool.
package engine

import (
	"context"
	"sync"

	"crawlbench/internal/crawl"
)

// FromVisited makes a crawler from a visited set. A nil constructor means that the set does not
// support that kind of key.
func FromVisited(name, doc string, byID crawl.NewVisited[uint32], byURL crawl.NewVisited[string]) crawl.Crawler {
	return crawler(name, doc, byID, byURL, false)
}

// Prefetching is FromVisited with workers that tell the Web which pages they fetch next, if it is a
// crawl.Prefetcher.
func Prefetching(name, doc string, byID crawl.NewVisited[uint32], byURL crawl.NewVisited[string]) crawl.Crawler {
	return crawler(name, doc, byID, byURL, true)
}

func crawler(
	name, doc string, byID crawl.NewVisited[uint32], byURL crawl.NewVisited[string], prefetch bool,
) crawl.Crawler {
	c := crawl.Crawler{Name: name, Doc: doc, OnEngine: true}
	if byID != nil {
		c.ByID = newCrawler(byID, prefetch)
	}
	if byURL != nil {
		c.ByURL = newCrawler(byURL, prefetch)
	}
	return c
}

// newCrawler returns a crawler over the sets that newSet makes. If it were inlined, its goroutines
// would have a different name in the profiles of each crawler.
//
//go:noinline
func newCrawler[K comparable](newSet crawl.NewVisited[K], prefetch bool) crawl.Func[K] {
	return func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result, error) {
		if err := ctx.Err(); err != nil {
			return crawl.Result{}, err
		}
		set := newSet(o.SizeHint)
		p := newPool[K](o.Workers, o.MaxPages)
		p.start(set.AddNew(nil, seeds))
		release := p.endWith(ctx)

		limiter := crawl.InTurn(o.Limiter)
		var prefetcher crawl.Prefetcher[K]
		if prefetch {
			prefetcher, _ = web.(crawl.Prefetcher[K])
		}
		var running sync.WaitGroup
		for i := range p.workers {
			running.Go(func() { p.workers[i].run(ctx, p, web, set, limiter, prefetcher) })
		}
		running.Wait()
		release()
		if c, ok := set.(crawl.Counter); ok && o.Count != nil {
			c.Counts(o.Count)
		}
		return p.result()
	}
}
