// Package engine is the crawler around a visited set: a pool of workers over one frontier, with an outstanding-work
// counter to end it. Designs that differ in their visited set only share it, so that comparing them compares the sets.
package engine

import (
	"context"
	"sync"

	"crawlbench/internal/crawl"
)

// FromVisited makes a contender of a visited set. A nil constructor means that the set does not hold that kind of key.
func FromVisited(name, doc string, byID crawl.NewVisited[uint32], byURL crawl.NewVisited[string]) crawl.Contender {
	c := crawl.Contender{Name: name, Doc: doc}
	if byID != nil {
		c.ByID = over(byID)
	}
	if byURL != nil {
		c.ByURL = over(byURL)
	}
	return c
}

// over is the crawler over the sets that newSet makes. Inlined, its goroutines would bear another name in the profiles of
// every design.
//
//go:noinline
func over[K comparable](newSet crawl.NewVisited[K]) crawl.Func[K] {
	return func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result, error) {
		if err := ctx.Err(); err != nil {
			return crawl.Result{}, err
		}
		set := newSet(o.SizeHint)
		f := newFrontier(set.AddNew(nil, seeds), o.MaxPages)
		release := f.endWith(ctx)

		limiter := crawl.InTurn(o.Limiter)
		var pool sync.WaitGroup
		for range max(1, o.Workers) {
			pool.Go(func() { work(ctx, web, set, f, limiter) })
		}
		pool.Wait()
		release()
		if c, ok := set.(crawl.Counter); ok && o.Count != nil {
			c.Counts(o.Count)
		}
		return f.result, f.err
	}
}

// work fetches pages until the frontier ends.
func work[K comparable](ctx context.Context, web crawl.Web[K], set crawl.Visited[K], f *frontier[K], limiter crawl.Limiter) {
	var did crawl.Result
	defer func() { f.add(did) }()
	var found []K
	for page, ok := f.take(); ok; page, ok = f.swap(found) {
		if limiter != nil {
			if err := limiter.Wait(ctx); err != nil {
				f.end(err)
				return
			}
		}
		links, err := web.Fetch(ctx, page)
		did.Pages++
		if err != nil {
			did.Errors++
			links = nil
			if ctx.Err() != nil {
				f.end(ctx.Err())
				return
			}
		}
		found = set.AddNew(found[:0], links)
	}
}
