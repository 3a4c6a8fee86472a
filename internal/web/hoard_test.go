package web

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/limiter"
	"crawlbench/internal/graph"
)

// Waits on the limiter are used one by one: a crawler that collects them fetches in bursts,
// whatever the limiter does.
func TestHoardedWaitsAreFound(t *testing.T) {
	const pages, workers = 300, 4
	g := build(t, graph.Spec{Kind: "star", Pages: pages})
	type crawler func(ctx context.Context, w crawl.Web[uint32], l crawl.Limiter, pages []uint32)
	each := func(ctx context.Context, w crawl.Web[uint32], n int, jobs <-chan uint32, before func()) *sync.WaitGroup {
		var pool sync.WaitGroup
		for range n {
			pool.Go(func() {
				for p := range jobs {
					before()
					w.Fetch(ctx, p)
				}
			})
		}
		return &pool
	}
	waitThenHand := func(room int) crawler {
		return func(ctx context.Context, w crawl.Web[uint32], l crawl.Limiter, pages []uint32) {
			jobs := make(chan uint32, room)
			pool := each(ctx, w, workers, jobs, func() {})
			for _, p := range pages {
				l.Wait(ctx)
				jobs <- p
			}
			close(jobs)
			pool.Wait()
		}
	}
	for _, test := range []struct {
		name  string
		wrong bool
		crawl crawler
	}{
		{"each worker waits", false, func(ctx context.Context, w crawl.Web[uint32], l crawl.Limiter, pages []uint32) {
			jobs := make(chan uint32, len(pages))
			for _, p := range pages {
				jobs <- p
			}
			close(jobs)
			each(ctx, w, workers, jobs, func() { l.Wait(ctx) }).Wait()
		}},
		{"one waits for all and hands over", false, waitThenHand(0)},
		{"one waits for all, and a queue has room for twice the workers", true, waitThenHand(2 * workers)},
		{"a goroutine per page waits, and then for a slot", true,
			func(ctx context.Context, w crawl.Web[uint32], l crawl.Limiter, pages []uint32) {
				slots := make(chan bool, workers)
				var pool sync.WaitGroup
				for _, p := range pages {
					pool.Go(func() {
						l.Wait(ctx)
						slots <- true
						w.Fetch(ctx, p)
						<-slots
					})
				}
				pool.Wait()
			}},
		{"a goroutine per page waits for a slot, and then", false,
			func(ctx context.Context, w crawl.Web[uint32], l crawl.Limiter, pages []uint32) {
				slots := make(chan bool, workers)
				var pool sync.WaitGroup
				for _, p := range pages {
					pool.Go(func() {
						slots <- true
						l.Wait(ctx)
						w.Fetch(ctx, p)
						<-slots
					})
				}
				pool.Wait()
			}},
		{"all waits first", true, func(ctx context.Context, w crawl.Web[uint32], l crawl.Limiter, pages []uint32) {
			for range pages {
				l.Wait(ctx)
			}
			for _, p := range pages {
				w.Fetch(ctx, p)
			}
		}},
		{"ten at a time", true, func(ctx context.Context, w crawl.Web[uint32], l crawl.Limiter, pages []uint32) {
			for len(pages) > 0 {
				n := min(10, len(pages))
				for range n {
					l.Wait(ctx)
				}
				for _, p := range pages[:n] {
					w.Fetch(ctx, p)
				}
				pages = pages[n:]
			}
		}},
	} {
		for _, kind := range limiter.Names() {
			synctest.Test(t, func(t *testing.T) {
				// Workers are slower than the limiter, so unused waits accumulate.
				s := New(g, graph.Walk(g, nil), graph.Behaviour{Latency: graph.Latency{Model: "constant",
					Median: 10 * time.Millisecond}}, 0)
				l := s.Begin(Rules{Workers: workers,
					Limiter: func() crawl.Limiter { return limiter.New(kind, 1000, 1) }})()
				l.Wait(t.Context())
				first, _ := s.IDs().Fetch(t.Context(), g.Start)
				test.crawl(t.Context(), s.IDs(), l, first)
				err := s.End(crawl.Result{Pages: pages}, nil)
				found := err != nil && strings.Contains(err.Error(),
					"waits on the limiter that no fetch had used yet, want at most 5 with 4 workers")
				if found != test.wrong || !found && err != nil {
					t.Errorf("%s, %s: %v", test.name, kind, err)
				}
			})
		}
	}
}
