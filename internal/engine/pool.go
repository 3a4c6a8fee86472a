package engine

import (
	"context"
	"sync"
	"sync/atomic"

	"crawlbench/internal/crawl"
)

// chunk is the number of new pages at which a worker gives them away. What one page leads to is not torn apart, hence
// the room for more.
const (
	chunk = 512
	room  = chunk + chunk/2
)

// pool is what the workers share: chunks of pages to fetch, and who has none.
//
// A worker without pages looks for a chunk here, then for workers that wait for the site and have pages beside, and then
// sleeps. Workers that have pages see in signal that somebody starves, and share with all who do before their next fetch.
// The crawl is complete when all have nothing: no page is counted.
type pool[K comparable] struct {
	workers []worker[K]

	budget *Budget

	_      [64]byte
	signal atomic.Int64 // how many starve; negative when the crawl is over
	_      [56]byte

	mu       sync.Mutex
	changed  sync.Cond // a chunk was put in, or the crawl ended
	full     [][]K     // chunks to fetch
	free     [][]K     // chunks that are empty, to be used again
	fed      int       // workers that have pages, or may have
	starving int       // workers asleep that nobody has put a chunk in for
	ended    bool
	err      error
}

// newPool makes a pool of workers without pages. maxPages 0 means no budget.
func newPool[K comparable](workers, maxPages int) *pool[K] {
	p := &pool[K]{workers: make([]worker[K], workers), fed: workers, budget: NewBudget(maxPages)}
	p.changed.L = &p.mu
	return p
}

// start puts in the seeds.
func (p *pool[K]) start(seeds []K) {
	if n := p.budget.Admit(len(seeds)); n > 0 {
		p.full = append(p.full, seeds[:n])
	}
}

// refill gets w, which has nothing to fetch now, new pages, or returns false when the crawl is over. The caller holds w's
// lock.
func (p *pool[K]) refill(w *worker[K]) bool {
	if len(w.next) > 0 {
		w.now, w.next = w.next, w.now
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fed--
	for !p.ended {
		switch n := len(p.full); {
		case n > 0:
			if cap(w.now) >= chunk {
				p.free = append(p.free, w.now)
			}
			if cap(w.next) < chunk {
				w.next = p.blank()
			}
			w.now, p.full = p.full[n-1], p.full[:n-1]
			p.fed++
			return true
		case p.fed == 0:
			p.stop(nil)
			continue
		}
		p.starve(1)
		if p.rob(w) {
			p.starve(-1)
			p.fed++
			return true
		}
		p.changed.Wait() // who puts a chunk in takes one off those who starve
	}
	return false
}

// starve counts n more workers, or fewer, that starve. The caller holds the lock.
func (p *pool[K]) starve(n int) {
	p.starving += n
	if !p.ended {
		p.signal.Store(int64(p.starving))
	}
}

// rob gets w half of the pages of a worker that waits for the limiter or the site, and reports whether it found one.
// Those whose locks are not free will see that somebody starves. The caller holds the lock, and w's.
func (p *pool[K]) rob(w *worker[K]) bool {
	for i := range p.workers {
		v := &p.workers[i]
		if v == w || !v.mu.TryLock() {
			continue
		}
		w.now = v.part(w.now[:0], (v.pages()+1)/2)
		v.mu.Unlock()
		if len(w.now) > 0 {
			return true
		}
	}
	return false
}

// share gives those who starve their part of w's pages, and returns false when the crawl is over. The caller holds no lock.
func (p *pool[K]) share(w *worker[K]) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return false
	}
	each := min(chunk, w.pages()/(p.starving+1)+1) // w itself has one in its hands
	for p.starving > 0 && w.pages() > 0 {
		p.give(w.part(p.blank(), each))
	}
	return true
}

// publish gives away what w has found.
func (p *pool[K]) publish(w *worker[K]) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.give(w.next)
	w.next = p.blank()
}

// give puts in a chunk, and wakes somebody who starves. The caller holds the lock.
func (p *pool[K]) give(c []K) {
	p.full = append(p.full, c)
	if p.starving > 0 {
		p.starve(-1)
		p.changed.Signal()
	}
}

// blank returns an empty chunk. The caller holds the lock.
func (p *pool[K]) blank() []K {
	n := len(p.free)
	if n == 0 {
		return make([]K, 0, room)
	}
	c := p.free[n-1]
	p.free = p.free[:n-1]
	return c[:0]
}

// end ends the crawl before its time, because of err.
func (p *pool[K]) end(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stop(err)
}

// stop wakes everybody to leave. The first reason counts. The caller holds the lock.
func (p *pool[K]) stop(err error) {
	if !p.ended {
		p.ended, p.err = true, err
		p.signal.Store(-1)
		p.changed.Broadcast()
	}
}

// endWith ends the crawl with ctx. The returned function undoes that, and leaves no goroutine behind.
func (p *pool[K]) endWith(ctx context.Context) (release func()) {
	ran := make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		defer close(ran)
		p.end(ctx.Err())
	})
	return func() {
		if !cancel() {
			<-ran
		}
	}
}

// result sums up what the workers did, who have ended.
func (p *pool[K]) result() (did crawl.Result, err error) {
	for i := range p.workers {
		did.Pages += p.workers[i].did.Pages
		did.Errors += p.workers[i].did.Errors
	}
	return did, p.err
}
