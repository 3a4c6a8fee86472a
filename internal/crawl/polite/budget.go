package polite

import "sync"

// budget is the number of pages that a crawl may fetch. It is taken when a fetch begins and not when a page is
// found: robots.txt may forbid the page. A nil budget has no limit.
type budget struct {
	mu      sync.Mutex
	changed sync.Cond
	left    int // fetches that may begin
	open    int // fetches that have not been completed
	stopped bool
}

func newBudget(pages int) *budget {
	if pages == 0 {
		return nil
	}
	b := &budget{left: pages, open: pages}
	b.changed.L = &b.mu
	return b
}

// take takes a page. If there is none left, it waits for a refund, and returns false at the end of the crawl.
func (b *budget) take() bool {
	if b == nil {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.left == 0 && !b.stopped {
		b.changed.Wait()
	}
	if b.stopped {
		return false
	}
	b.left--
	return true
}

// refund gives back the page of a fetch that was refused.
func (b *budget) refund() {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left++
	b.changed.Signal()
}

// done completes a fetch, and reports whether it was the last one.
func (b *budget) done() bool {
	if b == nil {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open--
	return b.open == 0
}

func (b *budget) stop() {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stopped = true
	b.changed.Broadcast()
}
