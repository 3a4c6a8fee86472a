// Package hostgoroutine has a goroutine for each host with pages. It waits until the host may be asked, and then
// for a worker.
//
// gocrawl and fetchbot work like this. It is the simplest of the right designs: the host's state is the goroutine's
// own, and the scheduler of the runtime is the heap. A stack for each host and two switches for each page are its
// price.
package hostgoroutine

import (
	"sync"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/polite"
	"crawlbench/internal/crawl/visited"
)

// Crawler returns the crawler.
func Crawler() crawl.Crawler {
	return polite.Crawler("hostgoroutine", "polite: a goroutine for each host, which waits for the host and then for a worker",
		schedule[uint32], schedule[string], polite.Sets{ByID: visited.NewBits, ByURL: visited.NewTable})
}

type scheduler[K comparable] struct {
	rules polite.Rules
	begin time.Time
	ready chan *host[K] // hosts that wait for a worker
	stop  chan struct{}
	once  sync.Once
	all   sync.WaitGroup // the hosts' goroutines

	mu    sync.Mutex
	hosts map[uint32]*host[K]
	open  int // pages that are queued or being fetched
	ended bool
}

type host[K comparable] struct {
	number  uint32
	changed chan struct{} // with room for one: a page was queued, or a turn began or ended

	mu      sync.Mutex
	pages   polite.List[K]
	clock   polite.Clock
	running bool
}

func schedule[K comparable](rules polite.Rules) polite.Scheduler[K] {
	return &scheduler[K]{
		rules: rules, begin: time.Now(), ready: make(chan *host[K]), stop: make(chan struct{}),
		hosts: map[uint32]*host[K]{},
	}
}

func (s *scheduler[K]) now() int64 { return int64(time.Since(s.begin)) }

func (s *scheduler[K]) Add(found polite.Found[K]) {
	s.add(found, 0)
}

// add queues pages and ends ended others, and ends the crawl with the last page.
func (s *scheduler[K]) add(found polite.Found[K], ended int) {
	s.mu.Lock()
	s.open += len(found.Pages) - ended
	last := s.open == 0
	hosts := make([]*host[K], len(found.Pages))
	for i, number := range found.Hosts {
		if s.hosts[number] == nil {
			s.hosts[number] = &host[K]{number: number, changed: make(chan struct{}, 1)}
		}
		hosts[i] = s.hosts[number]
	}
	s.mu.Unlock()
	if last {
		s.Stop()
		return
	}
	for i, h := range hosts {
		h.mu.Lock()
		h.pages.Push(found.Pages[i])
		s.wake(h)
		h.mu.Unlock()
	}
}

// wake tells the goroutine of a host that something has changed, and starts it if there is none. The caller holds
// the host's lock.
func (s *scheduler[K]) wake(h *host[K]) {
	if !h.running && h.pages.Len() > 0 && s.start(h) {
		h.running = true
		return
	}
	select {
	case h.changed <- struct{}{}:
	default:
	}
}

// start starts the goroutine of a host, unless the crawl has ended.
func (s *scheduler[K]) start(h *host[K]) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return false
	}
	s.all.Go(func() { s.run(h) })
	return true
}

// run offers a host to the workers whenever it may be asked, and returns when it has no pages.
func (s *scheduler[K]) run(h *host[K]) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		h.mu.Lock()
		if h.pages.Len() == 0 {
			h.running = false
			h.mu.Unlock()
			return
		}
		at, known := h.clock.Ready(s.rules)
		h.mu.Unlock()
		var offer chan *host[K]
		var due <-chan time.Time
		if wait := at - s.now(); known && wait <= 0 {
			offer = s.ready
		} else if known {
			timer.Reset(time.Duration(wait))
			due = timer.C
		}
		select {
		case offer <- h:
			<-h.changed // the worker has begun the turn
		case <-due:
		case <-h.changed:
		case <-s.stop:
			return
		}
	}
}

func (s *scheduler[K]) Next(_ int, turn *polite.Turn[K], found polite.Found[K]) (ok bool) {
	*turn, ok = s.next(*turn, found)
	return ok
}

// next ends a turn and returns the next one.
func (s *scheduler[K]) next(done polite.Turn[K], found polite.Found[K]) (polite.Turn[K], bool) {
	if done.Valid() {
		now := s.now()
		s.mu.Lock()
		h := s.hosts[done.Host]
		s.mu.Unlock()
		h.mu.Lock()
		polite.EndOf(&h.clock, s.rules, done, now)
		if done.Requeue() {
			h.pages.Unshift(done.Page)
		}
		s.wake(h)
		h.mu.Unlock()
	}
	if done.Final() {
		s.add(found, 1)
	}
	for {
		select {
		case <-s.stop:
			return polite.Turn[K]{}, false
		case h := <-s.ready:
			if turn, ok := s.take(h); ok {
				return turn, true
			}
		}
	}
}

// take begins a turn of a host, unless that has become impossible since the host was offered.
func (s *scheduler[K]) take(h *host[K]) (turn polite.Turn[K], ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	defer s.wake(h)
	now := s.now()
	if at, known := h.clock.Ready(s.rules); !known || at > now || h.pages.Len() == 0 {
		return turn, false
	}
	page := h.pages.Pop()
	robots := h.clock.Take(s.rules, now)
	if robots {
		h.pages.Unshift(page)
	}
	return polite.NewTurn(page, h.number, robots), true
}

func (s *scheduler[K]) Begin(turn polite.Turn[K]) {
	now := s.now()
	s.mu.Lock()
	h := s.hosts[turn.Host]
	s.mu.Unlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clock.Begin(s.rules, now)
	s.wake(h)
}

func (s *scheduler[K]) Stop() {
	s.once.Do(func() {
		s.mu.Lock()
		s.ended = true
		s.mu.Unlock()
		close(s.stop)
	})
}

func (s *scheduler[K]) Close() { s.all.Wait() }
