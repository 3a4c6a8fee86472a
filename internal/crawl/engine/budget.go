package engine

import "sync/atomic"

// Budget is the number of pages that a crawl may still admit.
type Budget struct {
	limited bool
	left    atomic.Int64
}

// NewBudget returns the budget of a crawl of at most maxPages pages; as in crawl.Options, 0 means
// no limit.
func NewBudget(maxPages int) *Budget {
	b := &Budget{limited: maxPages > 0}
	b.left.Store(int64(maxPages))
	return b
}

// Admit takes n pages from the budget, or as many as are left, and returns how many.
func (b *Budget) Admit(n int) int {
	if !b.limited || n == 0 {
		return n
	}
	return int(max(0, min(int64(n), b.left.Add(int64(-n))+int64(n))))
}
