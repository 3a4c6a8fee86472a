package mutant

import (
	"context"
	"fmt"
	"hash/fnv"
	"runtime"
	"sync"
	"time"

	"crawlbench/internal/crawl"
)

// pool is a crawler of workers that share a queue and a map behind a mutex. Without a bug it is correct.
type pool[K comparable] struct {
	bug     bug
	web     crawl.Web[K]
	limiter crawl.Limiter
	budget  int

	mu          sync.Mutex
	changed     sync.Cond
	statistics  sync.Mutex    // for lockOrder
	over        chan struct{} // for closesTwice
	stack       recycled[K]   // for recyclesNodes, instead of the queue
	stacked     int           // pages in the stack
	depth       map[K]int     // for depthOfFirstPath
	seen        map[any]bool
	queue       []K
	outstanding int
	accepted    int
	inflight    int
	last        time.Time // of the last progress
	ended       bool
	err         error
	did         crawl.Result
}

func run[K comparable](b bug) crawl.Func[K] {
	return func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result, error) {
		if err := ctx.Err(); err != nil && b != ignoresContext {
			return crawl.Result{}, err
		}
		p := &pool[K]{bug: b, web: web, limiter: crawl.InTurn(o.Limiter), budget: o.MaxPages, seen: map[any]bool{},
			last: time.Now(),
			over: make(chan struct{}), depth: map[K]int{}}
		switch b {
		case limiterIgnored:
			p.limiter = nil
		case ignoresContext:
			ctx = context.WithoutCancel(ctx)
		}
		p.changed.L = &p.mu
		return p.crawl(ctx, seeds, o.Workers)
	}
}

func (p *pool[K]) crawl(ctx context.Context, seeds []K, workers int) (crawl.Result, error) {
	if p.bug == seedsNotDeduped {
		for _, s := range seeds {
			p.isNew(s)
		}
		p.enqueue(seeds)
	} else {
		p.add(ctx, seeds)
	}
	p.ended = p.outstanding == 0
	ran := make(chan struct{})
	undo := context.AfterFunc(ctx, func() {
		defer close(ran)
		p.end(ctx.Err())
	})
	switch {
	case p.bug == oneWorkerTooMany:
		workers++
	case p.bug == oneWorkerTooFew:
		workers = max(1, workers-1)
	case p.bug == quietlySequential:
		workers = 1
	case p.bug == leaksHelper:
		go func() { <-make(chan struct{}) }()
	}
	var all sync.WaitGroup
	for i := range workers {
		if p.bug == addInside {
			go p.workLate(ctx, i, &all)
		} else {
			all.Go(func() { p.work(ctx, i) })
		}
	}
	if p.bug == pollAtEnd {
		for over := false; !over; {
			time.Sleep(100 * time.Millisecond)
			p.mu.Lock()
			over = p.ended
			p.mu.Unlock()
		}
	}
	if p.bug == idleTimeout {
		all.Go(p.watch)
	}
	if p.bug == returnsEarly {
		p.mu.Lock()
		for !p.ended && (len(p.queue) > 0 || p.outstanding > p.inflight) {
			p.changed.Wait()
		}
		defer p.mu.Unlock()
		return p.did, p.err
	}
	all.Wait()
	if !undo() {
		<-ran
	}
	if p.bug == slowToCancel && p.err != nil {
		time.Sleep(time.Second)
	}
	if p.bug == swallowsContext {
		return p.did, nil
	}
	return p.did, p.err
}

// watch ends the crawl after an hour without progress.
func (p *pool[K]) watch() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.ended {
		wake := time.AfterFunc(time.Hour, func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			if time.Since(p.last) >= time.Hour {
				p.stop(nil)
			}
			p.changed.Broadcast()
		})
		p.changed.Wait()
		wake.Stop()
	}
}

// workLate runs a worker that adds itself to the WaitGroup.
func (p *pool[K]) workLate(ctx context.Context, nth int, all *sync.WaitGroup) {
	all.Add(1)
	defer all.Done()
	p.work(ctx, nth)
}

func (p *pool[K]) work(ctx context.Context, nth int) {
	for {
		page, ok := p.take()
		if !ok {
			return
		}
		limited := p.limiter != nil && (p.bug != limiterOneWorker || nth == 0) && p.bug != limiterForLinks
		if limited && p.bug != limiterAfterFetch && !p.pace(ctx) {
			return
		}
		links, err := p.fetch(ctx, page)
		if limited && p.bug == limiterAfterFetch && !p.pace(ctx) {
			return
		}
		if !p.book(ctx, page, links, err) {
			return
		}
	}
}

// pace waits on the limiter and reports whether to continue.
func (p *pool[K]) pace(ctx context.Context) bool {
	if err := p.limiter.Wait(ctx); err != nil && p.bug != limiterErrorLost {
		p.end(err)
		return false
	}
	return true
}

func (p *pool[K]) fetch(ctx context.Context, page K) ([]K, error) {
	if p.bug == lockAcrossFetch {
		p.mu.Lock()
		defer p.mu.Unlock()
	}
	links, err := p.web.Fetch(ctx, page)
	if err != nil && p.bug == retriesFailed {
		links, err = p.web.Fetch(ctx, page)
	}
	return links, err
}

// book records a fetched page and reports whether to continue.
func (p *pool[K]) book(ctx context.Context, page K, links []K, err error) bool {
	switch p.bug {
	case racyCounter:
		n := p.did.Pages
		runtime.Gosched()
		p.did.Pages = n + 1
	case lockOrder:
		p.statistics.Lock()
	}
	p.mu.Lock()
	if p.bug != racyCounter {
		p.did.Pages++
	}
	p.inflight--
	p.last = time.Now()
	if p.bug == markAfterFetch {
		p.seen[page] = true
	}
	if err != nil {
		if p.bug != errorNotCounted {
			p.did.Errors++
		}
		if p.bug == errorEndsCrawl {
			p.stop(err)
		}
		if ctx.Err() != nil {
			p.stop(ctx.Err())
		}
		links = nil
	}
	p.mu.Unlock()
	if p.bug == lockOrder {
		p.statistics.Unlock()
	}
	if p.bug == panicsOnNoLinks && err == nil && len(links) == 0 {
		panic(fmt.Sprintf("page %v has no first link", page))
	}
	if p.bug == dropsLastLink && len(links) > 0 {
		links = links[:len(links)-1]
	}
	if p.bug == depthOfFirstPath {
		links = p.within(page, links)
	}
	p.add(ctx, links)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil || p.bug != errorKeepsPending {
		p.outstanding--
	}
	if p.outstanding == 0 {
		p.stop(nil)
	}
	if p.bug == returnsEarly {
		p.changed.Broadcast()
	}
	return !p.ended
}

// within returns the links of page, or nil if they are too deep.
func (p *pool[K]) within(page K, links []K) []K {
	const most = 50
	p.mu.Lock()
	defer p.mu.Unlock()
	depth := p.depth[page] + 1
	if depth > most {
		return nil
	}
	for _, link := range links {
		if _, found := p.depth[link]; !found {
			p.depth[link] = depth
		}
	}
	return links
}

// add queues the new links.
func (p *pool[K]) add(ctx context.Context, links []K) {
	if p.bug == limiterForLinks && p.limiter != nil {
		for range links {
			if !p.pace(ctx) {
				return
			}
		}
	}
	if p.bug == queuesDuplicates {
		p.enqueue(links)
		return
	}
	if p.bug == budgetFirst && p.budget > 0 {
		p.mu.Lock()
		links = links[:min(len(links), p.budget-p.accepted)]
		p.mu.Unlock()
	}
	for _, link := range links {
		if p.isNew(link) {
			p.enqueue([]K{link})
		}
	}
}

// isNew marks a page as visited and reports whether it was new.
func (p *pool[K]) isNew(page K) bool {
	key := p.key(page)
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.seen[key]:
		return false
	case p.budget > 0 && p.accepted >= p.budget && p.bug != budgetOffByOne:
		return false
	case p.budget > 0 && p.accepted > p.budget:
		return false
	case p.bug == markAfterFetch:
		return true
	case p.bug == fastPath:
		if p.budget == 0 && eighth(page) {
			p.mu.Unlock()
			runtime.Gosched()
			p.mu.Lock()
		}
	case p.bug == checkThenAct || p.bug == budgetLoadThenAdd:
		if p.bug == budgetLoadThenAdd {
			p.seen[key] = true
		}
		p.mu.Unlock()
		runtime.Gosched()
		p.mu.Lock()
	}
	p.seen[key] = true
	p.accepted++
	return true
}

// key returns the key of a page in the visited set.
func (p *pool[K]) key(page K) any {
	if p.bug != hashIsIdentity {
		return page
	}
	if id, ok := any(page).(uint32); ok {
		return id & 0xffff
	}
	h := fnv.New32a()
	fmt.Fprint(h, page)
	return h.Sum32()
}

// eighth reports true for one page in eight.
func eighth[K comparable](page K) bool {
	text := fmt.Sprint(page)
	return text[len(text)-1]%8 == 0
}

func (p *pool[K]) enqueue(pages []K) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bug == dropsWhenFull && len(p.queue) >= 1024 {
		return
	}
	if p.bug == recyclesNodes {
		for _, page := range pages {
			p.stack.push(page)
		}
		p.stacked += len(pages)
	} else {
		p.queue = append(p.queue, pages...)
	}
	p.outstanding += len(pages)
	if p.bug != lostWakeUp {
		p.changed.Broadcast()
	}
}

func (p *pool[K]) take() (page K, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	idle := time.Now()
	for {
		switch {
		case p.ended:
			return page, false
		case len(p.queue) > 0:
			if p.bug == depthOfFirstPath {
				last := len(p.queue) - 1
				page, p.queue = p.queue[last], p.queue[:last]
			} else {
				page, p.queue = p.queue[0], p.queue[1:]
			}
			if p.bug == queuesDuplicates {
				if p.seen[page] || p.budget > 0 && p.accepted >= p.budget {
					if p.outstanding--; p.outstanding == 0 {
						p.stop(nil)
					}
					continue
				}
				p.seen[page] = true
				p.accepted++
			}
			if p.bug == lockOrder {
				p.statistics.Lock()
				defer p.statistics.Unlock()
			}
			p.inflight++
			if p.bug == returnsEarly {
				p.changed.Broadcast()
			}
			return page, true
		case p.stacked > 0:
			p.stacked--
			p.mu.Unlock()
			page, ok = p.stack.pop()
			p.mu.Lock()
			if ok {
				p.inflight++
				return page, true
			}
			if p.outstanding--; p.outstanding == 0 { // a page was lost
				p.stop(nil)
			}
		case p.bug == emptyQueueIsEnd, p.bug == reapsWorkers && time.Since(idle) >= 10*time.Millisecond:
			return page, false
		case p.bug == reapsWorkers:
			wake := time.AfterFunc(10*time.Millisecond, p.changed.Broadcast)
			p.changed.Wait()
			wake.Stop()
		case p.bug == busyWait:
			p.mu.Unlock()
			runtime.Gosched()
			p.mu.Lock()
		default:
			p.changed.Wait()
		}
	}
}

// end ends the crawl with err.
func (p *pool[K]) end(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stop(err)
}

// stop ends the crawl and wakes all workers. The caller holds the lock.
func (p *pool[K]) stop(err error) {
	if p.bug == closesTwice {
		close(p.over)
	}
	if p.ended {
		return
	}
	p.ended, p.err = true, err
	if p.bug == signalAtEnd {
		p.changed.Signal()
		return
	}
	p.changed.Broadcast()
}
