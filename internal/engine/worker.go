package engine

import (
	"context"
	"sync"

	"crawlbench/internal/crawl"
)

// worker fetches pages. It holds its own lock but while it waits for the limiter or the site; then whoever starves may
// take of its pages, so that a slow page keeps nobody from those behind it.
type worker[K comparable] struct {
	mu   sync.Mutex
	now  []K // pages to fetch, from the last
	next []K // pages found, to fetch thereafter
	did  crawl.Result
	_    [56]byte // neighbours in the pool's list do not share a cache line
}

// Read-ahead goes by groups of pages: while one is fetched, the next is near and the one after it far.
const group = 16

// run fetches pages until the crawl ends.
func (w *worker[K]) run(ctx context.Context, p *pool[K], web crawl.Web[K], set crawl.Visited[K], limiter crawl.Limiter, reader crawl.Ahead[K]) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		if len(w.now) == 0 {
			if !p.refill(w) {
				return
			}
			if reader != nil {
				reader.Ahead(w.tail(0), w.tail(1))
			}
		}
		if reader != nil && len(w.now)%group == 0 {
			reader.Ahead(w.tail(1), w.tail(2))
		}
		page := w.now[len(w.now)-1]
		w.now = w.now[:len(w.now)-1]
		more := w.pages() > 0

		w.mu.Unlock()
		links, ok := w.visit(ctx, p, web, page, limiter, more)
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

// visit fetches page, and reports whether to go on. It is called without the lock; more says that w has other pages.
func (w *worker[K]) visit(ctx context.Context, p *pool[K], web crawl.Web[K], page K, limiter crawl.Limiter, more bool) (links []K, ok bool) {
	// Who began to starve while the lock was held could not rob; hence the question after it is free, and not before.
	if s := p.signal.Load(); s < 0 || s > 0 && more && !p.share(w) {
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

// tail returns the n-th group from the end of what is to be fetched now, the last being the 0th; shorter, or empty, where
// there is no more.
func (w *worker[K]) tail(n int) []K {
	to := max(0, len(w.now)-n*group)
	return w.now[max(0, to-group):to]
}

// pages returns how many pages w has beside the one that it fetches.
func (w *worker[K]) pages() int { return len(w.now) + len(w.next) }

// part moves the last n pages of w, or all, to the end of dst. The caller holds w's lock.
func (w *worker[K]) part(dst []K, n int) []K {
	for _, list := range []*[]K{&w.next, &w.now} {
		at := max(0, len(*list)-n)
		n -= len(*list) - at
		dst = append(dst, (*list)[at:]...)
		*list = (*list)[:at]
	}
	return dst
}
