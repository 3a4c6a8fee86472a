// Package engine is the crawler around a visited set: a pool of workers that hand each other chunks of pages, and know
// when there can be no more. Designs that differ in their visited set only share it, so that comparing them compares the
// sets; it costs a few nanoseconds a page.
//
// A worker takes pages from a chunk of its own and puts those that it finds into another, and takes no lock that others
// want but once a chunk. Only when somebody starves does it share before: see pool.
package engine

import (
	"context"
	"sync"

	"crawlbench/internal/crawl"
)

// FromVisited makes a contender of a visited set. A nil constructor means that the set does not hold that kind of key.
func FromVisited(name, doc string, byID crawl.NewVisited[uint32], byURL crawl.NewVisited[string]) crawl.Contender {
	return contender(name, doc, byID, byURL, false)
}

// ReadAhead is FromVisited with workers that tell a Web which they fetch next, where it wants to know: see crawl.Ahead.
func ReadAhead(name, doc string, byID crawl.NewVisited[uint32], byURL crawl.NewVisited[string]) crawl.Contender {
	return contender(name, doc, byID, byURL, true)
}

func contender(name, doc string, byID crawl.NewVisited[uint32], byURL crawl.NewVisited[string], ahead bool) crawl.Contender {
	c := crawl.Contender{Name: name, Doc: doc, OnEngine: true}
	if byID != nil {
		c.ByID = over(byID, ahead)
	}
	if byURL != nil {
		c.ByURL = over(byURL, ahead)
	}
	return c
}

// over is the crawler over the sets that newSet makes. Inlined, its goroutines would bear another name in the profiles of
// every design.
//
//go:noinline
func over[K comparable](newSet crawl.NewVisited[K], ahead bool) crawl.Func[K] {
	return func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result, error) {
		if err := ctx.Err(); err != nil {
			return crawl.Result{}, err
		}
		set := newSet(o.SizeHint)
		p := newPool[K](o.Workers, o.MaxPages)
		p.start(set.AddNew(nil, seeds))
		release := p.endWith(ctx)

		limiter := crawl.InTurn(o.Limiter)
		var reader crawl.Ahead[K]
		if ahead {
			reader, _ = web.(crawl.Ahead[K])
		}
		var running sync.WaitGroup
		for i := range p.workers {
			running.Go(func() { p.workers[i].run(ctx, p, web, set, limiter, reader) })
		}
		running.Wait()
		release()
		if c, ok := set.(crawl.Counter); ok && o.Count != nil {
			c.Counts(o.Count)
		}
		return p.result()
	}
}
