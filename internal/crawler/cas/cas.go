// Package cas claims pages by atomic compare-and-swap, ids in a bitset and URLs in a hash table
// that only grows, and passes them between workers through a channel, one page at a time.
//
// It removes the lock around the visited set but not the one around the frontier: a channel is a
// queue behind a lock. Compare with chunked, which uses the same sets. Neither block nor mutex
// profile shows contention on the sets; it appears as processor time: retries, and cache lines that
// move between cores.
package cas

import (
	"context"
	"sync"
	"sync/atomic"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/engine"
	"crawlbench/internal/crawl/visited"
)

// Crawler returns the crawler.
func Crawler() crawl.Crawler {
	return crawl.Crawler{
		Name: "cas", Doc: "atomic compare-and-swap: bitset for ids, lock-free hash table for URLs; channel as frontier",
		ByID: newCrawler(visited.NewBits), ByURL: newCrawler(visited.NewTable),
	}
}

// minChannelCap is the capacity of the channel without a size hint.
const minChannelCap = 1024

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

func newCrawler[K comparable](newSet crawl.NewVisited[K]) crawl.Func[K] {
	return func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result, error) {
		if err := ctx.Err(); err != nil {
			return crawl.Result{}, err
		}
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		c := &crawler[K]{
			web: web, set: newSet(o.SizeHint), limiter: crawl.InTurn(o.Limiter), cancel: cancel,
			pages: make(chan K, max(minChannelCap, o.SizeHint)), budget: engine.NewBudget(o.MaxPages),
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

// admit returns the pages that the budget admits.
func (c *crawler[K]) admit(pages []K) []K { return pages[:c.budget.Admit(len(pages))] }

// work fetches pages until the crawl ends. overflow holds pages that have yet to be sent, or did
// not fit into the channel.
func (c *crawler[K]) work(ctx context.Context, overflow []K) {
	var did crawl.Result
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.did.Pages += did.Pages
		c.did.Errors += did.Errors
	}()
	var found []K
	for {
		overflow = c.send(overflow)
		page, ok := c.take(ctx, &overflow)
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
		overflow = append(overflow, found...)
	}
}

// send sends pages, and returns those that do not fit into the channel: a worker that waited for
// room could wait for itself.
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
func (c *crawler[K]) take(ctx context.Context, overflow *[]K) (page K, ok bool) {
	if ctx.Err() != nil {
		return page, false
	}
	select { // with a single case, which is much cheaper than the select below
	case page, ok = <-c.pages:
		return page, ok
	default:
	}
	if n := len(*overflow); n > 0 {
		page, *overflow = (*overflow)[n-1], (*overflow)[:n-1]
		return page, true
	}
	select {
	case page, ok = <-c.pages:
		return page, ok
	case <-ctx.Done():
		return page, false
	}
}
