// Package stealing gives each worker a deque of pages. A worker pushes and pops at one end of its
// own deque; without pages, it steals at the other end of another worker's. The visited set is the
// lock-free one of package visited.
//
// Parallel runtimes, including Go's, schedule tasks like this: Blumofe and Leiserson, "Scheduling
// multithreaded computations by work stealing", J. ACM 46 (1999), with the deques of Chase and Lev.
// Pages move only when a worker needs them; a worker that finds nothing to steal sleeps until a
// page is pushed.
package stealing

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
		Name: "stealing", Doc: "a work-stealing deque per worker (Chase-Lev), lock-free set as in cas",
		ByID: newCrawler(visited.NewBits), ByURL: newCrawler(visited.NewTable),
	}
}

// blockPages is the number of pages that are allocated at once.
const blockPages = 512

type crawler[K comparable] struct {
	web     crawl.Web[K]
	set     crawl.Visited[K]
	limiter crawl.Limiter
	budget  *engine.Budget
	deques  []deque[K]

	_        [64]byte
	sleepers atomic.Int64 // sleeping workers that nobody has woken; negative when the crawl is over
	_        [56]byte

	mu     sync.Mutex
	pushed sync.Cond // a page was pushed, or the crawl ended
	awake  int
	ended  bool
	err    error
	did    crawl.Result
}

func newCrawler[K comparable](newSet crawl.NewVisited[K]) crawl.Func[K] {
	return func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result, error) {
		if err := ctx.Err(); err != nil {
			return crawl.Result{}, err
		}
		workers := o.Workers
		c := &crawler[K]{
			web: web, set: newSet(o.SizeHint), limiter: crawl.InTurn(o.Limiter), budget: engine.NewBudget(o.MaxPages),
			deques: make([]deque[K], workers), awake: workers,
		}
		c.pushed.L = &c.mu
		first := c.set.AddNew(nil, seeds)
		for i := range c.budget.Admit(len(first)) {
			c.deques[i%workers].push(&first[i])
		}
		ran := make(chan struct{})
		undo := context.AfterFunc(ctx, func() {
			defer close(ran)
			c.end(ctx.Err())
		})
		var pool sync.WaitGroup
		for i := range workers {
			pool.Go(func() { c.work(ctx, i) })
		}
		pool.Wait()
		if !undo() {
			<-ran
		}
		if counter, ok := c.set.(crawl.Counter); ok && o.Count != nil {
			counter.Counts(o.Count)
		}
		return c.did, c.err
	}
}

// work fetches pages until the crawl ends.
func (c *crawler[K]) work(ctx context.Context, self int) {
	var did crawl.Result
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.did.Pages += did.Pages
		c.did.Errors += did.Errors
	}()
	own := &c.deques[self]
	var block []K // holds the pages that the deque points to: it is never moved, and replaced when full
	for page := c.take(self); page != nil; page = c.take(self) {
		if c.limiter != nil {
			if err := c.limiter.Wait(ctx); err != nil {
				c.end(err)
				return
			}
		}
		links, err := c.web.Fetch(ctx, *page)
		did.Pages++
		if err != nil {
			did.Errors++
			if ctx.Err() != nil {
				c.end(ctx.Err())
				return
			}
			continue
		}
		if cap(block)-len(block) < blockPages/2 {
			block = make([]K, 0, blockPages)
		}
		had := len(block)
		block = c.set.AddNew(block, links)
		block = block[:had+c.budget.Admit(len(block)-had)]
		for i := had; i < len(block); i++ {
			own.push(&block[i])
		}
		if found := len(block) - had; found > 0 && c.sleepers.Load() > 0 {
			c.wake(found)
		}
	}
}

// take pops a page, or steals one, or sleeps until there is one. It returns nil when the crawl is
// over.
func (c *crawler[K]) take(self int) *K {
	for c.sleepers.Load() >= 0 {
		if page := c.deques[self].pop(); page != nil {
			return page
		}
		if page := c.steal(self); page != nil {
			return page
		}
		c.sleep(self)
	}
	return nil
}

// steal steals a page from the next worker that has one.
func (c *crawler[K]) steal(self int) *K {
	for i := 1; i < len(c.deques); i++ {
		victim := &c.deques[(self+i)%len(c.deques)]
		for page, again := victim.steal(); page != nil || again; page, again = victim.steal() {
			if page != nil {
				return page
			}
		}
	}
	return nil
}

// sleep waits until there may be something to steal. A worker that sleeps has an empty deque, and
// nobody else pushes to it: when all workers sleep, no pages are left.
func (c *crawler[K]) sleep(self int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.awake--; c.awake == 0 {
		c.stop(nil)
	}
	defer func() { c.awake++ }()
	if c.ended {
		return
	}
	c.sleepers.Add(1)
	for i := range c.deques { // for pages pushed before others could see sleepers
		if !c.deques[i].empty() {
			c.sleepers.Add(-1)
			return
		}
	}
	c.pushed.Wait() // wake decrements sleepers
}

// wake wakes up to n sleeping workers.
func (c *crawler[K]) wake(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for ; n > 0 && c.sleepers.Load() > 0; n-- {
		c.sleepers.Add(-1)
		c.pushed.Signal()
	}
}

// end ends the crawl early, because of err.
func (c *crawler[K]) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stop(err)
}

// stop makes all workers return. The first error is kept. The caller holds the lock.
func (c *crawler[K]) stop(err error) {
	if !c.ended {
		c.ended, c.err = true, err
		c.sleepers.Store(-1 << 32) // stays negative whatever is still added
		c.pushed.Broadcast()
	}
}
