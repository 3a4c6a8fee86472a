package engine

import (
	"context"
	"sync"
	"sync/atomic"

	"crawlbench/internal/crawl"
)

// chunk is the number of new pages at which a worker publishes them. The links of one page are not
// split, hence the larger capacity.
const (
	chunk    = 512
	chunkCap = chunk + chunk/2
)

// pool is the state shared by the workers: chunks of pages to fetch, and which workers have none.
//
// A worker without pages looks for a chunk here, then for a worker that is blocked on the site
// while it holds other pages, and then sleeps. Workers with pages see in waiters that somebody
// sleeps, and share with all sleepers before their next fetch. The crawl is complete when no worker
// has pages: pages are not counted.
type pool[K comparable] struct {
	workers []worker[K]

	budget *Budget

	_       [64]byte
	waiters atomic.Int64 // copy of waiting; negative when the crawl is over
	_       [56]byte

	mu      sync.Mutex
	changed sync.Cond // a chunk was put in, or the crawl ended
	full    [][]K     // chunks to fetch
	free    [][]K     // empty chunks, to be reused
	busy    int       // workers that have pages, or may have
	waiting int       // sleeping workers for which no chunk has been put in yet
	ended   bool
	err     error
}

// newPool returns a pool of workers without pages. maxPages 0 means no budget.
func newPool[K comparable](workers, maxPages int) *pool[K] {
	p := &pool[K]{workers: make([]worker[K], workers), busy: workers, budget: NewBudget(maxPages)}
	p.changed.L = &p.mu
	return p
}

// start adds the seeds.
func (p *pool[K]) start(seeds []K) {
	if n := p.budget.Admit(len(seeds)); n > 0 {
		p.full = append(p.full, seeds[:n])
	}
}

// refill gives new pages to w, which has no current ones, or returns false when the crawl is over.
// The caller holds w's lock.
func (p *pool[K]) refill(w *worker[K]) bool {
	if len(w.next) > 0 {
		w.current, w.next = w.next, w.current
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy--
	for !p.ended {
		switch n := len(p.full); {
		case n > 0:
			if cap(w.current) >= chunk {
				p.free = append(p.free, w.current)
			}
			if cap(w.next) < chunk {
				w.next = p.emptyChunk()
			}
			w.current, p.full = p.full[n-1], p.full[:n-1]
			p.busy++
			return true
		case p.busy == 0:
			p.stop(nil)
			continue
		}
		p.addWaiting(1)
		if p.steal(w) {
			p.addWaiting(-1)
			p.busy++
			return true
		}
		p.changed.Wait() // put removes the worker that it wakes from waiting
	}
	return false
}

// addWaiting adds n, which may be negative, to the number of waiting workers. The caller holds the
// lock.
func (p *pool[K]) addWaiting(n int) {
	p.waiting += n
	if !p.ended {
		p.waiters.Store(int64(p.waiting))
	}
}

// steal moves half of the pages of a worker that waits for the limiter or the site to w, and
// reports whether it found one. Workers whose locks are held will see that w waits. The caller
// holds the lock, and w's.
func (p *pool[K]) steal(w *worker[K]) bool {
	for i := range p.workers {
		v := &p.workers[i]
		if v == w || !v.mu.TryLock() {
			continue
		}
		w.current = v.moveLast(w.current[:0], (v.pending()+1)/2)
		v.mu.Unlock()
		if len(w.current) > 0 {
			return true
		}
	}
	return false
}

// distribute divides w's pages among w and the waiting workers, and returns false when the crawl is
// over. The caller holds no lock.
func (p *pool[K]) distribute(w *worker[K]) bool {
	w.mu.Lock()
	p.mu.Lock()
	defer p.mu.Unlock()
	// Release w's lock before the pool's: a worker that becomes idle right after must be able to steal from w, which
	// looks for waiting workers only once.
	defer w.mu.Unlock()
	if p.ended {
		return false
	}
	each := min(chunk, w.pending()/(p.waiting+1)+1) // w also has the page that it is about to fetch
	for p.waiting > 0 && w.pending() > 0 {
		p.put(w.moveLast(p.emptyChunk(), each))
	}
	return true
}

// publish puts in the pages that w has found.
func (p *pool[K]) publish(w *worker[K]) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.put(w.next)
	w.next = p.emptyChunk()
}

// put puts in a chunk, and wakes a waiting worker. The caller holds the lock.
func (p *pool[K]) put(c []K) {
	p.full = append(p.full, c)
	if p.waiting > 0 {
		p.addWaiting(-1)
		p.changed.Signal()
	}
}

// emptyChunk returns an empty chunk. The caller holds the lock.
func (p *pool[K]) emptyChunk() []K {
	n := len(p.free)
	if n == 0 {
		return make([]K, 0, chunkCap)
	}
	c := p.free[n-1]
	p.free = p.free[:n-1]
	return c[:0]
}

// end ends the crawl early, because of err.
func (p *pool[K]) end(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stop(err)
}

// stop makes all workers return. The first error is kept. The caller holds the lock.
func (p *pool[K]) stop(err error) {
	if !p.ended {
		p.ended, p.err = true, err
		p.waiters.Store(-1)
		p.changed.Broadcast()
	}
}

// endWith ends the crawl when ctx ends. The returned function undoes that, and leaves no goroutine
// behind.
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

// result adds up the results of the workers, which have all returned.
func (p *pool[K]) result() (did crawl.Result, err error) {
	for i := range p.workers {
		did.Pages += p.workers[i].did.Pages
		did.Errors += p.workers[i].did.Errors
	}
	return did, p.err
}
