package frontier

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"crawlbench/internal/crawl"
	"crawlbench/internal/web/delay"
)

// batch is redislua and redislease: workers fetch pages from a list of this process, and one goroutine, the courier,
// exchanges what they have done for more pages.
//
// A link that this process has sent once is never sent again, since it stays in the visited set at the server.
type batch[K comparable] struct {
	*session
	codec[K]
	web     crawl.Web[K]
	limiter crawl.Limiter
	o       crawl.Options
	leases  bool
	seeds   []K
	sent    atomic.Pointer[crawl.Visited[K]]

	mu      sync.Mutex
	work    sync.Cond // pages have come, or the crawl has ended
	pages   []string  // to fetch, from the first to the last
	inHand  []inHand  // by worker
	done    []string  // pages to acknowledge
	links   []string  // links to send
	idle    int       // workers without a page
	ahead   int       // pages that may be taken before a worker is idle
	empty   bool      // the queue at the server was empty, and this process is woken when it is not
	stopped bool
	err     error
	did     crawl.Result

	last      time.Time     // when the last call returned
	exchanges int           // calls that returned
	quick     int           // pages whose fetch began and ended since then
	kick      chan struct{} // tells the courier that something has changed
}

// inHand is the page that a worker fetches, and after how many exchanges it began.
type inHand struct {
	page  string
	since int
}

func luaOf[K comparable](c config) crawl.Func[K]   { return batchOf[K](c, false) }
func leaseOf[K comparable](c config) crawl.Func[K] { return batchOf[K](c, true) }

func batchOf[K comparable](c config, leases bool) crawl.Func[K] {
	return func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result, error) {
		if err := ctx.Err(); err != nil {
			return crawl.Result{}, err
		}
		joined, err := c.join(ctx, o.Fleet)
		if err != nil {
			return crawl.Result{}, notEnded(err)
		}
		b := &batch[K]{session: joined, codec: codecOf[K](), web: web, limiter: crawl.InTurn(o.Limiter), o: o,
			leases: leases, seeds: seeds, inHand: make([]inHand, o.Workers), kick: make(chan struct{}, 1)}
		b.work.L = &b.mu
		b.forget()
		b.links = b.resend(nil)
		inner, cancel := context.WithCancel(ctx) // ends with the crawl
		stopped := make(chan struct{})
		release := context.AfterFunc(ctx, func() {
			defer close(stopped)
			b.end(ctx.Err())
			b.client.Close() // nobody waits for an answer
		})
		wakes := make(chan struct{}, 1)
		stop := b.listen(inner, wakes)
		var working, beating sync.WaitGroup
		beating.Go(func() {
			if leases {
				b.renew(inner, b.script("renew"))
			} else {
				b.beat(inner, b.end)
			}
		})
		for w := range o.Workers {
			working.Go(func() { b.run(ctx, w) })
		}
		b.carry(inner, wakes)
		working.Wait()
		cancel()
		stop()
		beating.Wait()
		if !release() {
			<-stopped
		}
		if b.err != nil && !leases {
			b.desert(b.err)
		}
		count(o, b.session)
		return b.did, b.err
	}
}

// forget empties the set of links that need not be sent.
func (b *batch[K]) forget() {
	set := b.newSet(b.o.SizeHint)
	b.sent.Store(&set)
}

// resend returns the seeds and links, each once.
func (b *batch[K]) resend(links []string) (list []string) {
	set := *b.sent.Load()
	pages := append([]K(nil), b.seeds...)
	for _, link := range links {
		page, _ := b.decode(link) // it was encoded here
		pages = append(pages, page)
	}
	for _, page := range set.AddNew(nil, pages) {
		list = append(list, b.encode(page))
	}
	return list
}

// end ends the crawl of this process. The first error, or nil, is its result.
func (b *batch[K]) end(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.stopped {
		b.stopped, b.err = true, err
	}
	b.work.Broadcast()
	b.wakeCourier()
}

func (b *batch[K]) wakeCourier() { nudge(b.kick) }

// run fetches pages until the crawl ends.
func (b *batch[K]) run(ctx context.Context, w int) {
	var links []K
	for {
		page, ok := b.next(w)
		if !ok {
			return
		}
		key, err := b.decode(page)
		if err == nil && b.limiter != nil {
			err = b.limiter.Wait(ctx)
		}
		if err != nil {
			b.end(err)
			return
		}
		found, err := b.web.Fetch(ctx, key)
		links = links[:0]
		if err == nil {
			links = (*b.sent.Load()).AddNew(links, found)
		}
		b.fetched(w, page, links, err)
		if err != nil && ctx.Err() != nil {
			b.end(ctx.Err())
			return
		}
	}
}

// next returns the next page of worker w, and false when the crawl is over.
func (b *batch[K]) next(w int) (page string, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.pages) == 0 && !b.stopped {
		b.idle++
		b.wakeCourier()
		for len(b.pages) == 0 && !b.stopped {
			b.work.Wait()
		}
		b.idle--
	}
	if b.stopped {
		return "", false
	}
	page, b.pages = b.pages[0], b.pages[1:]
	b.inHand[w] = inHand{page, b.exchanges}
	if len(b.pages) == b.ahead/2 {
		b.wakeCourier()
	}
	return page, true
}

// fetched records the fetch of worker w.
func (b *batch[K]) fetched(w int, page string, links []K, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.did.Pages++
	if err != nil {
		b.did.Errors++
	}
	if b.inHand[w].since == b.exchanges {
		b.quick++
	}
	b.inHand[w].page = ""
	b.done = append(b.done, page)
	for _, link := range links {
		b.links = append(b.links, b.encode(link))
	}
	if len(b.done) == 1 || len(b.done) == b.batch {
		b.wakeCourier()
	}
}

// linger is how long the courier lets results gather while all workers are busy.
const linger = time.Millisecond

// due reports whether there is reason for a call, and otherwise when there may be one. The caller holds the lock.
func (b *batch[K]) due(now time.Time) (yes bool, wait time.Duration) {
	hungry := b.idle > 0 && len(b.pages) == 0 || b.ahead > 0 && len(b.pages) <= b.ahead/2
	switch since := now.Sub(b.last); {
	case b.stopped, hungry && !b.empty, len(b.done) >= b.batch, b.idle > 0 && len(b.done) > 0:
		return true, 0
	case len(b.done) > 0:
		return since >= linger, linger - since
	}
	return false, b.lease / 3
}

// carry makes calls until the crawl ends.
func (b *batch[K]) carry(ctx context.Context, wakes <-chan struct{}) {
	var exchange exchange
	if b.leases {
		exchange = b.withLeases()
	} else {
		exchange = b.withoutLeases()
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	asked := time.Time{} // when the queue is to be looked at though nobody woke this process
	for {
		b.mu.Lock()
		now := time.Now()
		if b.empty && !now.Before(asked) {
			b.empty = false
		}
		due, wait := b.due(now)
		if b.stopped {
			b.mu.Unlock()
			return
		}
		if !due {
			b.mu.Unlock()
			if b.empty {
				wait = min(wait, asked.Sub(now))
			}
			timer.Reset(max(wait, 0))
			select {
			case <-b.kick:
			case <-wakes:
				b.mu.Lock()
				b.empty = false
				b.mu.Unlock()
			case <-timer.C:
			}
			continue
		}
		want := min(b.batch, max(0, b.idle+b.ahead-len(b.pages)))
		done, links := b.done, b.links
		b.done, b.links = nil, nil
		b.mu.Unlock()

		reply, err := exchange(ctx, want, done, links)
		if err == nil && ended(reply) {
			err = errEnded
		}
		if err != nil {
			b.end(notEnded(err))
			return
		}
		asked = time.Now().Add(b.lease)
		if len(reply) > 3 {
			ends := time.Duration(number(reply, 3)) * time.Microsecond
			asked = time.Now().Add(max(b.lease/10, min(b.lease, ends)))
		}
		b.took(list(reply, 1), number(reply, 2) == 1)
	}
}

// took hands the pages of a call to the workers.
func (b *batch[K]) took(pages []any, waits bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	// The pages of a millisecond may be taken in advance: no other process is idle for such a short time.
	cycle := max(now.Sub(b.last), time.Microsecond)
	b.ahead = min(2*b.batch, int(time.Duration(b.quick)*time.Millisecond/cycle))
	b.last, b.quick = now, 0
	b.exchanges++
	b.empty = waits
	if len(b.pages) == 0 {
		b.pages = make([]string, 0, len(pages))
	}
	for _, page := range pages {
		b.pages = append(b.pages, page.(string))
	}
	if b.idle == 1 && len(pages) > 0 {
		b.work.Signal()
	} else if b.idle > 0 && len(pages) > 0 {
		b.work.Broadcast()
	}
}

// exchange makes a call: it acknowledges pages, sends links and asks for pages.
type exchange = func(ctx context.Context, want int, done, links []string) (reply []any, err error)

// withoutLeases returns the exchange of redislua. It is not tried again: nobody knows whether the server did what it
// was asked for.
func (b *batch[K]) withoutLeases() exchange {
	step := b.script("step")
	return func(ctx context.Context, want int, done, links []string) ([]any, error) {
		args := append(b.args(4+len(links)), len(done), want, b.fleet.Processes, b.o.MaxPages)
		return b.call(ctx, step, texted(args, links)...)
	}
}

func texted(args []any, texts []string) []any {
	for _, text := range texts {
		args = append(args, text)
	}
	return args
}

// withLeases returns the exchange of redislease.
func (b *batch[K]) withLeases() exchange {
	lease := b.script("lease")
	call := 0
	return func(ctx context.Context, want int, done, links []string) ([]any, error) {
		for {
			call++
			args := append(b.args(6+len(done)+len(links)), call, b.lease.Microseconds(), want, b.fleet.Processes,
				b.o.MaxPages, len(done))
			reply, err := b.durable(ctx, lease, texted(texted(args, done), links)...)
			if !errors.Is(err, errForgot) {
				return reply, err
			}
			// The server was restarted with an earlier state. Everything since then must be fetched and sent again.
			b.forget()
			call, links = 0, b.resend(links)
			if err := b.enter(ctx); err != nil {
				return nil, err
			}
		}
	}
}

// renew renews the leases of all pages that this process holds, in each third of a lease, until ctx ends.
func (b *batch[K]) renew(ctx context.Context, script *redis.Script) {
	for delay.Wait(ctx, b.lease/3) == nil {
		b.mu.Lock()
		held := append(append([]string(nil), b.pages...), b.done...)
		for _, h := range b.inHand {
			if h.page != "" {
				held = append(held, h.page)
			}
		}
		b.mu.Unlock()
		if len(held) == 0 {
			continue
		}
		_, err := b.durable(ctx, script, texted(append(b.args(1+len(held)), b.lease.Microseconds()), held)...)
		if err != nil && ctx.Err() == nil {
			b.end(notEnded(err))
		}
	}
}
