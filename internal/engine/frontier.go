package engine

import (
	"context"
	"sync"

	"crawlbench/internal/crawl"
)

// frontier holds the pages to fetch, first in first out, and knows when there can be no more.
type frontier[K comparable] struct {
	mu          sync.Mutex
	changed     sync.Cond // a page came in, or the crawl ended
	pages       []K       // those from head on are still to be fetched
	head        int
	waiting     int // workers in changed.Wait
	outstanding int // pages queued or being fetched; at 0 the crawl is complete
	room        int // pages that the budget still lets in; negative: no budget
	ended       bool
	err         error
	result      crawl.Result
}

// newFrontier starts a frontier with seeds. maxPages 0 means no budget.
func newFrontier[K comparable](seeds []K, maxPages int) *frontier[K] {
	f := &frontier[K]{room: maxPages}
	if maxPages <= 0 {
		f.room = -1
	}
	f.changed.L = &f.mu
	f.push(seeds)
	f.ended = f.outstanding == 0
	return f
}

// take waits for a page to fetch. It returns false when the crawl is over.
func (f *frontier[K]) take() (K, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.pop()
}

// swap hands in the new pages that a fetched page led to and takes the next page, in one turn of the lock.
func (f *frontier[K]) swap(found []K) (K, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.push(found)
	f.outstanding--
	if f.outstanding == 0 {
		f.stop(nil)
	}
	return f.pop()
}

// push queues pages as far as the budget goes. The caller holds the lock.
func (f *frontier[K]) push(pages []K) {
	if f.room >= 0 {
		pages = pages[:min(len(pages), f.room)]
		f.room -= len(pages)
	}
	f.pages = append(f.pages, pages...)
	f.outstanding += len(pages)
	for range min(len(pages), f.waiting) {
		f.changed.Signal()
	}
}

// pop takes the oldest page, or waits for one. The caller holds the lock.
func (f *frontier[K]) pop() (page K, ok bool) {
	for !f.ended && f.head == len(f.pages) {
		f.pages, f.head = f.pages[:0], 0
		f.waiting++
		f.changed.Wait()
		f.waiting--
	}
	if f.ended {
		return page, false
	}
	page = f.pages[f.head]
	f.head++
	return page, true
}

// end ends the crawl before its time, because of err.
func (f *frontier[K]) end(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stop(err)
}

// stop wakes everybody to leave. The first reason counts. The caller holds the lock.
func (f *frontier[K]) stop(err error) {
	if !f.ended {
		f.ended, f.err = true, err
		f.changed.Broadcast()
	}
}

// endWith ends the crawl with ctx. The returned function undoes that, and leaves no goroutine behind.
func (f *frontier[K]) endWith(ctx context.Context) (release func()) {
	ran := make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		defer close(ran)
		f.end(ctx.Err())
	})
	return func() {
		if !cancel() {
			<-ran
		}
	}
}

// add counts what a worker did.
func (f *frontier[K]) add(did crawl.Result) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.result.Pages += did.Pages
	f.result.Errors += did.Errors
}
