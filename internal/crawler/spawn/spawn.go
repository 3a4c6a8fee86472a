// Package spawn starts a goroutine for every page, limits concurrent fetches with a semaphore, and
// counts outstanding pages with a sync.WaitGroup.
//
// Most Go crawlers in use work like this. It needs no frontier: the scheduler's run queue is the
// frontier, at the cost of a stack for every waiting page.
package spawn

import (
	"context"
	"sync"

	"crawlbench/internal/crawl"
)

// Crawler returns the crawler.
func Crawler() crawl.Crawler {
	return crawl.Crawler{
		Name: "spawn", Doc: "a goroutine per page behind a semaphore, sync.WaitGroup as the counter",
		ByID: run[uint32], ByURL: run[string],
	}
}

func run[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	c := &crawler[K]{
		web: web, limiter: crawl.InTurn(o.Limiter), budget: o.MaxPages, cancel: cancel,
		slots: make(chan struct{}, o.Workers),
		seen:  make(map[K]struct{}, o.SizeHint),
	}
	c.spawn(ctx, seeds)
	c.pending.Wait()
	if c.incomplete {
		return c.did, context.Cause(ctx)
	}
	return c.did, nil
}

type crawler[K comparable] struct {
	web     crawl.Web[K]
	limiter crawl.Limiter
	budget  int                     // as crawl.Options.MaxPages
	cancel  context.CancelCauseFunc // ends the crawl
	slots   chan struct{}           // the semaphore: one element for each fetch in flight
	pending sync.WaitGroup          // the outstanding pages

	mu         sync.Mutex
	seen       map[K]struct{}
	did        crawl.Result
	incomplete bool // a page was not fetched because ctx had ended
}

// spawn starts a goroutine for each new page. A caller that is one of these goroutines keeps the
// count above zero.
func (c *crawler[K]) spawn(ctx context.Context, pages []K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, page := range pages {
		if _, ok := c.seen[page]; ok || c.budget > 0 && len(c.seen) == c.budget {
			continue
		}
		c.seen[page] = struct{}{}
		c.pending.Go(func() {
			links, err := c.visit(ctx, page)
			if err == nil {
				c.spawn(ctx, links)
			}
		})
	}
}

// visit fetches page when a slot is free.
func (c *crawler[K]) visit(ctx context.Context, page K) ([]K, error) {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
	}
	err := ctx.Err() // select chooses at random when a slot is free and ctx has ended
	if err == nil && c.limiter != nil {
		if err = c.limiter.Wait(ctx); err != nil {
			c.cancel(err)
		}
	}
	if err != nil {
		c.count(func() { c.incomplete = true })
		return nil, err
	}
	links, err := c.web.Fetch(ctx, page)
	c.count(func() {
		c.did.Pages++
		if err != nil {
			c.did.Errors++
			c.incomplete = c.incomplete || ctx.Err() != nil
		}
	})
	return links, err
}

func (c *crawler[K]) count(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
}
