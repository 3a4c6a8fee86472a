// Package owner shares memory by communicating: one goroutine owns the visited map, the frontier
// and the count of outstanding pages; workers receive pages from it through a channel and send back
// what they found. There is no mutex.
//
// It is the final exercise of many Go courses. The owner looks at every link of the crawl, and
// every page crosses two channels, so the owner is the bottleneck.
package owner

import (
	"context"
	"sync"

	"crawlbench/internal/crawl"
)

// Crawler returns the crawler.
func Crawler() crawl.Crawler {
	return crawl.Crawler{
		Name: "owner", Doc: "one goroutine owns map and frontier, workers communicate with it by channel",
		ByID: run[uint32], ByURL: run[string],
	}
}

// report is what a worker sends back for one page. A non-nil stop ends the crawl.
type report[K comparable] struct {
	links           []K
	fetched, failed bool
	stop            error
}

func run[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result, error) {
	workers := o.Workers
	pages := make(chan K)
	reports := make(chan report[K], workers)
	limiter := crawl.InTurn(o.Limiter)
	var pool sync.WaitGroup
	for range workers {
		pool.Go(func() {
			for page := range pages {
				reports <- visit(ctx, web, page, limiter)
			}
		})
	}
	own := owner[K]{seen: make(map[K]struct{}, o.SizeHint), budget: o.MaxPages}
	own.enqueue(seeds)
	own.run(ctx, pages, reports)
	close(pages)
	pool.Wait()
	return own.did, own.err
}

func visit[K comparable](ctx context.Context, web crawl.Web[K], page K, limiter crawl.Limiter) report[K] {
	if limiter != nil {
		if err := limiter.Wait(ctx); err != nil {
			return report[K]{stop: err}
		}
	}
	links, err := web.Fetch(ctx, page)
	if err != nil {
		return report[K]{fetched: true, failed: true, stop: ctx.Err()}
	}
	return report[K]{links: links, fetched: true}
}

// owner is the state that only the owning goroutine touches.
type owner[K comparable] struct {
	seen   map[K]struct{}
	queue  []K
	busy   int // pages at the workers; the outstanding work is these plus the queue
	budget int // as crawl.Options.MaxPages
	did    crawl.Result
	err    error
}

// run hands out pages and takes reports until no work is outstanding.
func (o *owner[K]) run(ctx context.Context, pages chan<- K, reports <-chan report[K]) {
	done := ctx.Done()
	if err := ctx.Err(); err != nil {
		o.fail(err)
	}
	for len(o.queue)+o.busy > 0 {
		var out chan<- K // nil, which blocks for ever, while the queue is empty
		var next K
		if len(o.queue) > 0 {
			out, next = pages, o.queue[0]
		}
		select {
		case out <- next:
			o.queue = o.queue[1:]
			o.busy++
		case r := <-reports:
			o.busy--
			o.handle(r)
		case <-done:
			o.fail(ctx.Err())
			done = nil
		}
	}
}

// handle processes a report.
func (o *owner[K]) handle(r report[K]) {
	if r.fetched {
		o.did.Pages++
	}
	if r.failed {
		o.did.Errors++
	}
	if r.stop != nil {
		o.fail(r.stop)
	}
	if o.err == nil {
		o.enqueue(r.links)
	}
}

// enqueue queues the new pages, within the budget.
func (o *owner[K]) enqueue(pages []K) {
	for _, page := range pages {
		if _, ok := o.seen[page]; ok || o.budget > 0 && len(o.seen) == o.budget {
			continue
		}
		o.seen[page] = struct{}{}
		o.queue = append(o.queue, page)
	}
}

// fail drops the queue; the workers finish what they have. The first error is kept.
func (o *owner[K]) fail(err error) {
	o.queue = nil
	if o.err == nil {
		o.err = err
	}
}
