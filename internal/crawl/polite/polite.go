// Package polite is the crawler around a scheduler that keeps a crawl.Politeness: workers, visited set, budget,
// robots.txt and errors. Crawlers that differ only in how they choose the next page share it, so that comparing
// them compares the schedulers.
//
// It makes a crawl.Func from a Scheduler. Three parts of schedulers are shared too: Table, the pages and the state of
// each host; Heap, the times at which hosts may be asked again; and Timed, a scheduler made of a Table and any such
// structure of times.
//
// Without a policy all pages belong to one host, which may be asked for any number of pages at a
// time.
package polite

import (
	"context"
	"errors"
	"sync"
	"time"

	"crawlbench/internal/crawl"
)

// Turn is the right to make one fetch of a host.
type Turn[K comparable] struct {
	Page K
	Host uint32
	// Robots says that the turn is for robots.txt. The page stays queued.
	Robots bool

	// The worker that has the turn sets the rest.

	Skipped bool          // there was no fetch, because robots.txt forbids it
	Again   bool          // the host refused, and must be asked again
	Rest    time.Duration // the pause that the host asks for; 0 means none
	Gap     time.Duration // the gap of the host from now on; 0 means unchanged

	valid bool
}

// NewTurn returns a turn of a host.
func NewTurn[K comparable](page K, host uint32, robots bool) Turn[K] {
	return Turn[K]{Page: page, Host: host, Robots: robots, valid: true}
}

// Valid reports whether t is a turn, and not the zero Turn.
func (t Turn[K]) Valid() bool { return t.valid }

// Requeue reports whether the page must be queued again, because its host has refused it.
func (t Turn[K]) Requeue() bool { return t.Again && !t.Robots }

// Final reports whether the end of turn completes a page: not if its fetch was refused or was for robots.txt.
func (t Turn[K]) Final() bool { return t.valid && !t.Robots && !t.Again }

// Found are pages and their hosts.
type Found[K comparable] struct {
	Pages []K
	Hosts []uint32
}

// Scheduler chooses the next page. Its methods are safe for concurrent use.
type Scheduler[K comparable] interface {
	// Add queues pages before the first turn.
	Add(Found[K])
	// Next ends the turn of worker w, unless it is the zero Turn, queues the pages found in it, blocks until the
	// next turn, and sets turn to it. It returns false if no page is queued and no turn is taken, or after Stop.
	Next(w int, turn *Turn[K], found Found[K]) bool
	// Begin says that the fetch of a turn begins now. It is called only if the gap is measured from there.
	Begin(Turn[K])
	// Stop makes every Next return false, including those that wait.
	Stop()
	// Close ends the goroutines and timers of the scheduler when all calls of Next have returned.
	Close()
}

// New returns a scheduler for one crawl.
type New[K comparable] func(Rules) Scheduler[K]

// Crawler makes a crawler from a scheduler for each kind of key.
func Crawler(name, doc string, byID New[uint32], byURL New[string], set Sets) crawl.Crawler {
	return crawl.Crawler{
		Name: name, Doc: doc, Polite: true,
		ByID: newCrawler(byID, set.ByID, idHosts), ByURL: newCrawler(byURL, set.ByURL, urlHosts(set.Key)),
	}
}

// Wasteful is Crawler for a scheduler that leaves workers idle although a host could be asked.
func Wasteful(name, doc string, byID New[uint32], byURL New[string], set Sets) crawl.Crawler {
	c := Crawler(name, doc, byID, byURL, set)
	c.Wasteful = true
	return c
}

// Tuned is Wasteful for a scheduler with a parameter.
func Tuned(
	name, doc string, p crawl.Param, byID func(int64) New[uint32], byURL func(int64) New[string], set Sets,
) crawl.Crawler {
	with := func(value int64) crawl.Crawler { return Wasteful(name, doc, byID(value), byURL(value), set) }
	c := with(p.Default)
	c.Params = []crawl.Param{p}
	c.With = func(values []int64) (crawl.Func[uint32], crawl.Func[string]) {
		c := with(values[0])
		return c.ByID, c.ByURL
	}
	return c
}

// Sets are the constructors of visited sets.
type Sets struct {
	ByID  crawl.NewVisited[uint32]
	ByURL crawl.NewVisited[string]
	// Key returns the key of the host of a URL. Nil means crawl.HostKey.
	Key func(url string) string
}

type crawler[K comparable] struct {
	web      crawl.Web[K]
	robots   crawl.RobotsWeb[K] // nil if robots.txt is not asked for
	set      crawl.Visited[K]
	limiter  crawl.Limiter
	rules    Rules
	policy   *crawl.Policy // nil if there is none
	hostsOf  func(dst []uint32, pages []K) []uint32
	schedule Scheduler[K]

	budget *budget // nil if there is none
	sites  robots[K]

	mu      sync.Mutex
	ended   bool
	err     error
	did     crawl.Result
	skipped int
	tries   map[K]int // attempts of pages that were refused
}

// newCrawler returns a crawler. If it were inlined, its goroutines would have a different name in the profiles of
// each crawler.
//
//go:noinline
func newCrawler[K comparable](
	newScheduler New[K], newSet crawl.NewVisited[K], hosts func(*crawl.Politeness) func([]uint32, []K) []uint32,
) crawl.Func[K] {
	return func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result, error) {
		if err := ctx.Err(); err != nil {
			return crawl.Result{}, err
		}
		c := &crawler[K]{
			web: web, set: newSet(o.SizeHint), limiter: crawl.InTurn(o.Limiter), policy: (*crawl.Policy)(o.Politeness),
			hostsOf: hosts(o.Politeness), budget: newBudget(o.MaxPages),
		}
		if o.Politeness != nil && o.Politeness.Robots {
			c.robots, _ = web.(crawl.RobotsWeb[K])
		}
		c.rules = rulesOf(o, c.robots != nil)
		c.schedule = newScheduler(c.rules)
		first := c.set.AddNew(nil, seeds)
		c.schedule.Add(Found[K]{first, c.hostsOf(nil, first)})

		stopped := make(chan struct{})
		keep := context.AfterFunc(ctx, func() {
			defer close(stopped)
			c.end(ctx.Err())
		})
		var pool sync.WaitGroup
		for w := range o.Workers {
			pool.Go(func() { c.work(ctx, w) })
		}
		pool.Wait()
		if !keep() {
			<-stopped
		}
		c.schedule.Close()
		if o.Count != nil && c.skipped > 0 {
			o.Count("disallowed-pages", c.skipped)
		}
		return c.did, c.err
	}
}

// end ends the crawl. The first error, or nil, is its result.
func (c *crawler[K]) end(err error) {
	c.mu.Lock()
	if !c.ended {
		c.ended, c.err = true, err
	}
	c.mu.Unlock()
	c.budget.stop()
	c.schedule.Stop()
}

// mostKept is the largest number of links for which a worker keeps its memory. A hub may have millions.
const mostKept = 1 << 12

// seat is what a worker writes for each page. It fills the cache lines that it is on: workers whose seats shared one
// would wait for each other.
type seat[K comparable] struct {
	turn Turn[K]
	_    [128]byte
}

// emptyFound returns room for the links of most pages, on cache lines of its own.
func emptyFound[K comparable]() Found[K] {
	const room = 64
	return Found[K]{make([]K, 0, room), make([]uint32, 0, room)}
}

// work makes fetches until the crawl ends.
func (c *crawler[K]) work(ctx context.Context, w int) {
	var did crawl.Result
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.did.Pages += did.Pages
		c.did.Errors += did.Errors
	}()
	own := new(seat[K])
	turn := &own.turn
	found := emptyFound[K]()
	for {
		if !c.schedule.Next(w, turn, found) {
			c.end(nil)
			return
		}
		if found.Pages, found.Hosts = found.Pages[:0], found.Hosts[:0]; cap(found.Pages) > mostKept {
			found = emptyFound[K]()
		}
		switch {
		case turn.Robots:
			if !c.askRobots(ctx, turn) {
				return
			}
			continue
		case c.robots != nil && !c.sites.allowed(turn.Host, turn.Page):
			turn.Skipped = true
			c.mu.Lock()
			c.skipped++
			c.mu.Unlock()
			continue
		case !c.budget.take(), !c.mayBegin(ctx, turn):
			return
		}
		links, err := c.web.Fetch(ctx, turn.Page)
		if err != nil {
			if c.refused(turn, err) {
				continue
			}
			did.Errors++
			links = nil
		}
		did.Pages++
		if err != nil && ctx.Err() != nil {
			c.end(ctx.Err())
			return
		}
		if c.budget.done() {
			c.end(nil)
			return
		}
		found.Pages = c.set.AddNew(found.Pages, links)
		found.Hosts = c.hostsOf(found.Hosts, found.Pages)
	}
}

// mayBegin waits for the limiter.
func (c *crawler[K]) mayBegin(ctx context.Context, turn *Turn[K]) bool {
	if c.limiter != nil {
		if err := c.limiter.Wait(ctx); err != nil {
			c.end(err)
			return false
		}
	}
	if c.rules.FromStart {
		c.schedule.Begin(*turn)
	}
	return true
}

// refused reports whether the host has asked to slow down and the page is to be fetched again, which it notes in
// turn.
func (c *crawler[K]) refused(turn *Turn[K], err error) bool {
	var slow crawl.Slow
	if c.policy == nil || !errors.As(err, &slow) {
		return false
	}
	turn.Rest = c.policy.Bounded(slow.RetryAfter())
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tries == nil {
		c.tries = map[K]int{}
	}
	c.tries[turn.Page]++
	turn.Again = c.tries[turn.Page] < c.policy.Tries()
	if !turn.Again {
		delete(c.tries, turn.Page)
	} else {
		c.budget.refund()
	}
	return turn.Again
}
