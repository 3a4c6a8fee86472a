package engine

import (
	"context"
	"sync"

	"crawlbench/internal/crawl"
)

// worker fetches pages. It holds its own lock except while it waits for the limiter or the site;
// during that time idle workers may steal its pages, so that a slow page does not delay the others.
type worker[K comparable] struct {
	mu      sync.Mutex
	current []K // pages to fetch, from the last to the first
	next    []K // pages found, to fetch afterwards
	did     crawl.Result
	_       [56]byte // keeps neighbours in the pool's list off the same cache line
}

// group is the number of pages for which a worker prefetches at a time: while one group is fetched, the
// next is near and the one after it far.
const group = 16

// run fetches pages until the crawl ends.
func (w *worker[K]) run(
	ctx context.Context, p *pool[K], web crawl.Web[K], set crawl.Visited[K], limiter crawl.Limiter,
	prefetcher crawl.Prefetcher[K],
) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		if len(w.current) == 0 {
			if !p.refill(w) {
				return
			}
			if prefetcher != nil {
				prefetcher.Prefetch(w.tail(0), w.tail(1))
			}
		}
		if prefetcher != nil && len(w.current)%group == 0 {
			prefetcher.Prefetch(w.tail(1), w.tail(2))
		}
		page := w.current[len(w.current)-1]
		w.current = w.current[:len(w.current)-1]
		hasMore := w.pending() > 0

		w.mu.Unlock()
		links, ok := w.visit(ctx, p, web, page, limiter, hasMore)
		w.mu.Lock()
		if !ok {
			return
		}
		had := len(w.next)
		w.next = set.AddNew(w.next, links)
		w.next = w.next[:had+p.budget.Admit(len(w.next)-had)]
		if len(w.next) >= chunk {
			p.publish(w)
		}
	}
}

// visit fetches page, and reports whether to continue. It is called without the lock; hasMore says
// that w has other pages.
func (w *worker[K]) visit(
	ctx context.Context, p *pool[K], web crawl.Web[K], page K, limiter crawl.Limiter, hasMore bool,
) (links []K, ok bool) {
	// A worker that became idle while the lock was held could not steal; hence this check after the
	// lock is released.
	if s := p.waiters.Load(); s < 0 || s > 0 && hasMore && !p.distribute(w) {
		return nil, false
	}
	if limiter != nil {
		if err := limiter.Wait(ctx); err != nil {
			p.end(err)
			return nil, false
		}
	}
	links, err := web.Fetch(ctx, page)
	w.did.Pages++
	if err != nil {
		w.did.Errors++
		if ctx.Err() != nil {
			p.end(ctx.Err())
			return nil, false
		}
		return nil, true
	}
	return links, true
}

// tail returns the n-th group from the end of the current pages, counting from 0; it is shorter, or
// empty, if there are not enough pages.
func (w *worker[K]) tail(n int) []K {
	to := max(0, len(w.current)-n*group)
	return w.current[max(0, to-group):to]
}

// pending returns how many pages w has besides the one that it fetches.
func (w *worker[K]) pending() int { return len(w.current) + len(w.next) }

// moveLast moves the last n pages of w, or all if there are fewer, to the end of dst. The caller
// holds w's lock.
func (w *worker[K]) moveLast(dst []K, n int) []K {
	for _, list := range []*[]K{&w.next, &w.current} {
		at := max(0, len(*list)-n)
		n -= len(*list) - at
		dst = append(dst, (*list)[at:]...)
		*list = (*list)[:at]
	}
	return dst
}
