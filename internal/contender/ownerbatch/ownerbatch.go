// Package ownerbatch is owner with batches: one goroutine owns the visited set and the frontier and shares nothing, but
// workers get several pages at a time from it and send back the links of all of them in one message.
//
// The owner still looks at every link by itself. What batches save is the channels, of which each crossing costs more than
// a page does: message coalescing, as distributed breadth-first searches do it (Yoo et al., SC 2005). Ids are kept in a
// bitset, URLs in a map.
package ownerbatch

import (
	"context"
	"sync"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/visited"
)

// Contender returns the design.
func Contender() crawl.Contender {
	return crawl.Contender{
		Name: "ownerbatch", Doc: "owner that hands out and takes back pages by the batch; bitset for ids, map for URLs",
		ByID: over(visited.NewBits), ByURL: over(newMap),
	}
}

// A batch holds so many pages at most, and no more than keep a worker away for about so long: with a slow site, it is one
// page, so that no page waits behind another while there are workers to fetch it.
const (
	largest = 128
	away    = 40 * time.Microsecond
)

// batch goes out with pages and comes back with their links.
type batch[K comparable] struct {
	pages []K
	links [][]K // of the pages whose fetch did not fail
	did   crawl.Result
	took  time.Duration
	stop  error // ends the crawl
}

func over[K comparable](newSet crawl.NewVisited[K]) crawl.Func[K] {
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
	queue  []K // from head on
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

// run hands out pages and takes back links until no work is outstanding. There are as many batches as workers, hence
// neither channel is ever full, and no batch waits for a worker.
func (o *owner[K]) run(ctx context.Context) {
	batches := len(o.idle)
	if err := ctx.Err(); err != nil {
		o.fail(err)
	}
	for {
		o.give()
		if len(o.idle) == batches {
			return
		}
		o.take(<-o.done)
	}
}

// give hands out what is queued, as far as there are idle workers, to all of them alike.
func (o *owner[K]) give() {
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

// take books a batch that came back.
func (o *owner[K]) take(b *batch[K]) {
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
	case b.took > away:
		o.size = max(1, o.size/2)
	case b.took < away/2 && len(b.pages) == o.size:
		o.size = min(largest, 2*o.size)
	}
}

// enqueue queues the pages that are new, as far as the budget goes.
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

// fail drops what is queued; the workers come back with what they have. The first reason counts.
func (o *owner[K]) fail(err error) {
	o.queue, o.head = nil, 0
	if o.err == nil {
		o.err = err
	}
}

// seen is a set that one goroutine owns.
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
