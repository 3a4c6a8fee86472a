// Package cas claims pages by atomic compare-and-swap, ids in a bitset and URLs in a hash table that only grows, and hands
// them from worker to worker by a channel, a page at a time.
//
// It is what one writes who has found the lock around the visited set and not yet the one around the frontier: a channel
// is a queue behind a lock. Compare with chunked, which has the same sets. Neither block nor mutex profile sees the sets
// wait; what contention they have shows as processor time: retries, and cache lines that travel between cores.
package cas

import (
	"context"
	"sync"
	"sync/atomic"

	"crawlbench/internal/crawl"
	"crawlbench/internal/engine"
	"crawlbench/internal/visited"
)

// Contender returns the design.
func Contender() crawl.Contender {
	return crawl.Contender{
		Name: "cas", Doc: "atomic compare-and-swap: bitset for ids, lock-free hash table for URLs; a channel as the frontier",
		ByID: over(visited.NewBits), ByURL: over(visited.NewTable),
	}
}

// leastRoom is the room of the channel without a size hint.
const leastRoom = 1024

type crawler[K comparable] struct {
	web     crawl.Web[K]
	set     crawl.Visited[K]
	limiter crawl.Limiter
	cancel  context.CancelCauseFunc // ends the crawl
	pages   chan K                  // closed when no page is outstanding

	outstanding atomic.Int64
	budget      *engine.Budget

	mu  sync.Mutex
	did crawl.Result
}

func over[K comparable](newSet crawl.NewVisited[K]) crawl.Func[K] {
	return func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result, error) {
		if err := ctx.Err(); err != nil {
			return crawl.Result{}, err
		}
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		c := &crawler[K]{
			web: web, set: newSet(o.SizeHint), limiter: crawl.InTurn(o.Limiter), cancel: cancel,
			pages: make(chan K, max(leastRoom, o.SizeHint)), budget: engine.NewBudget(o.MaxPages),
		}
		first := c.admit(c.set.AddNew(nil, seeds))
		c.outstanding.Store(int64(len(first)))
		if len(first) == 0 {
			return crawl.Result{}, nil
		}
		var pool sync.WaitGroup
		for i := range o.Workers {
			pool.Go(func() {
				if i == 0 {
					c.work(ctx, first)
				} else {
					c.work(ctx, nil)
				}
			})
		}
		pool.Wait()
		if counter, ok := c.set.(crawl.Counter); ok && o.Count != nil {
			counter.Counts(o.Count)
		}
		if c.outstanding.Load() > 0 {
			return c.did, context.Cause(ctx)
		}
		return c.did, nil
	}
}

// admit returns those of pages that the budget lets in.
func (c *crawler[K]) admit(pages []K) []K { return pages[:c.budget.Admit(len(pages))] }

// work fetches pages until the crawl ends. spare are pages that have yet to go into the channel, or do not fit in.
func (c *crawler[K]) work(ctx context.Context, spare []K) {
	var did crawl.Result
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.did.Pages += did.Pages
		c.did.Errors += did.Errors
	}()
	var found []K
	for {
		spare = c.send(spare)
		page, ok := c.take(ctx, &spare)
		if !ok {
			return
		}
		if c.limiter != nil {
			if err := c.limiter.Wait(ctx); err != nil {
				c.cancel(err)
				return
			}
		}
		links, err := c.web.Fetch(ctx, page)
		did.Pages++
		if err != nil {
			did.Errors++
			links = nil
			if ctx.Err() != nil {
				return
			}
		}
		found = c.admit(c.set.AddNew(found[:0], links))
		if c.outstanding.Add(int64(len(found)-1)) == 0 {
			close(c.pages)
		}
		spare = append(spare, found...)
	}
}

// send puts pages into the channel, and returns those that do not fit in: to wait until they do could be to wait for
// oneself.
func (c *crawler[K]) send(pages []K) []K {
	for n := len(pages); n > 0; n-- {
		select {
		case c.pages <- pages[n-1]:
		default:
			return pages[:n]
		}
	}
	return pages[:0]
}

// take waits for a page to fetch. It returns false when the crawl is over.
func (c *crawler[K]) take(ctx context.Context, spare *[]K) (page K, ok bool) {
	if ctx.Err() != nil {
		return page, false
	}
	select { // of one case: a good deal cheaper than the one below
	case page, ok = <-c.pages:
		return page, ok
	default:
	}
	if n := len(*spare); n > 0 {
		page, *spare = (*spare)[n-1], (*spare)[:n-1]
		return page, true
	}
	select {
	case page, ok = <-c.pages:
		return page, ok
	case <-ctx.Done():
		return page, false
	}
}
