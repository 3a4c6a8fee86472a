// Package ownerbatch is owner with batches: one goroutine owns the visited set and the frontier and
// shares nothing; workers get several pages at a time from it, and send back the links of all of
// them in one message.
//
// The owner still looks at every link. Batches save channel operations, each of which costs more
// than a page: message coalescing, as in distributed breadth-first search (Yoo et al., SC 2005).
// Ids are kept in a bitset, URLs in a map.
package ownerbatch

import (
	"context"
	"sync"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/visited"
)

// Crawler returns the crawler.
func Crawler() crawl.Crawler {
	return crawl.Crawler{
		Name: "ownerbatch", Doc: "owner that sends and receives pages in batches; bitset for ids, map for URLs",
		ByID: newCrawler(visited.NewBits), ByURL: newCrawler(newMap),
	}
}

// A batch has at most maxBatch pages, and so few that a worker needs about maxBatchTime at most.
// With a slow site a batch is one page, so that no page waits behind another while there are idle
// workers.
const (
	maxBatch     = 128
	maxBatchTime = 40 * time.Microsecond
)

// batch goes to a worker with pages and returns with their links.
type batch[K comparable] struct {
	pages []K
	links [][]K // of the pages whose fetch succeeded
	did   crawl.Result
	took  time.Duration
	stop  error // ends the crawl
}

func newCrawler[K comparable](newSet crawl.NewVisited[K]) crawl.Func[K] {
	return func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result, error) {
		workers := o.Workers
		own := owner[K]{
			set: newSet(o.SizeHint), budget: o.MaxPages, size: 1,
			todo: make(chan *batch[K], workers), done: make(chan *batch[K], workers),
		}
		for range workers {
			own.idle = append(own.idle, &batch[K]{})
		}
		limiter := crawl.InTurn(o.Limiter)
		var pool sync.WaitGroup
		for range workers {
			pool.Go(func() {
				for b := range own.todo {
					b.fetch(ctx, web, limiter)
					own.done <- b
				}
			})
		}
		own.enqueue(seeds)
		own.run(ctx)
		close(own.todo)
		pool.Wait()
		return own.did, own.err
	}
}

// fetch fetches the pages of b.
func (b *batch[K]) fetch(ctx context.Context, web crawl.Web[K], limiter crawl.Limiter) {
	b.links, b.did, b.stop = b.links[:0], crawl.Result{}, nil
	start := time.Now()
	for _, page := range b.pages {
		if b.stop = ctx.Err(); b.stop != nil {
			return
		}
		if limiter != nil {
			if b.stop = limiter.Wait(ctx); b.stop != nil {
				return
			}
		}
		links, err := web.Fetch(ctx, page)
		b.did.Pages++
		if err == nil {
			b.links = append(b.links, links)
			continue
		}
		b.did.Errors++
		if b.stop = ctx.Err(); b.stop != nil {
			return
		}
	}
	b.took = time.Since(start)
}

// owner is the state that only the owning goroutine touches, and the channels to the workers.
type owner[K comparable] struct {
	set    crawl.Visited[K]
	queue  []K // starts at head
	head   int
	queued int // pages ever queued
	budget int // as crawl.Options.MaxPages
	size   int // of the batches
	idle   []*batch[K]
	todo   chan *batch[K]
	done   chan *batch[K]
	did    crawl.Result
	err    error
}

// run sends batches and receives them back until no work is outstanding. There are as many batches
// as workers, so neither channel is ever full, and no batch waits for a worker.
func (o *owner[K]) run(ctx context.Context) {
	batches := len(o.idle)
	if err := ctx.Err(); err != nil {
		o.fail(err)
	}
	for {
		o.handOut()
		if len(o.idle) == batches {
			return
		}
		o.collect(<-o.done)
	}
}

// handOut distributes the queued pages evenly over the idle workers.
func (o *owner[K]) handOut() {
	for len(o.idle) > 0 && o.head < len(o.queue) {
		left := len(o.queue) - o.head
		n := min(o.size, (left+len(o.idle)-1)/len(o.idle))
		last := len(o.idle) - 1
		b := o.idle[last]
		o.idle = o.idle[:last]
		b.pages = append(b.pages[:0], o.queue[o.head:o.head+n]...)
		o.head += n
		o.todo <- b
	}
	if o.head == len(o.queue) {
		o.queue, o.head = o.queue[:0], 0
	}
}

// collect processes a batch that came back.
func (o *owner[K]) collect(b *batch[K]) {
	o.idle = append(o.idle, b)
	o.did.Pages += b.did.Pages
	o.did.Errors += b.did.Errors
	if b.stop != nil {
		o.fail(b.stop)
	}
	if o.err != nil {
		return
	}
	for _, links := range b.links {
		o.enqueue(links)
	}
	switch {
	case b.took > maxBatchTime:
		o.size = max(1, o.size/2)
	case b.took < maxBatchTime/2 && len(b.pages) == o.size:
		o.size = min(maxBatch, 2*o.size)
	}
}

// enqueue queues the new pages, within the budget.
func (o *owner[K]) enqueue(pages []K) {
	had := len(o.queue)
	o.queue = o.set.AddNew(o.queue, pages)
	found := len(o.queue) - had
	if o.budget > 0 {
		found = min(found, o.budget-o.queued)
		o.queue = o.queue[:had+found]
	}
	o.queued += found
}

// fail drops the queue; the workers return what they have. The first error is kept.
func (o *owner[K]) fail(err error) {
	o.queue, o.head = nil, 0
	if o.err == nil {
		o.err = err
	}
}

// seen is a set used by one goroutine only.
type seen map[string]struct{}

func newMap(sizeHint int) crawl.Visited[string] { return make(seen, max(0, sizeHint)) }

func (s seen) AddNew(dst, links []string) []string {
	for _, link := range links {
		if _, ok := s[link]; !ok {
			s[link] = struct{}{}
			dst = append(dst, link)
		}
	}
	return dst
}
