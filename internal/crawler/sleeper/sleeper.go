// Package sleeper takes pages first in, first out, and a worker that has taken a page waits until its host may be
// asked.
//
// Many crawlers do this: a delay in the request function, or a limiter for each host inside the worker (colly's
// limit rules, gocrawl's delay). All workers soon wait for the hosts with the most pages, and other hosts wait
// behind them: that is head-of-line blocking.
package sleeper

import (
	"sync"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/polite"
	"crawlbench/internal/crawl/visited"
)

// Crawler returns the crawler.
func Crawler() crawl.Crawler {
	return polite.Wasteful("sleeper", "polite: first in, first out; a worker waits for its page's host, as many crawlers do",
		schedule[uint32], schedule[string], polite.Sets{ByID: visited.NewBits, ByURL: visited.NewTable})
}

type scheduler[K comparable] struct {
	rules polite.Rules
	begin time.Time
	stop  chan struct{}

	mu      sync.Mutex
	queue   polite.List[page[K]]
	hosts   map[uint32]*host
	open    int        // pages that are queued, held or being fetched
	more    *sync.Cond // a page was queued, or the crawl ended
	stopped bool
}

type page[K comparable] struct {
	page K
	host uint32
}

type host struct {
	clock   polite.Clock
	changed chan struct{} // closed when a turn of the host ends or begins; nil if nobody waits
}

func schedule[K comparable](rules polite.Rules) polite.Scheduler[K] {
	s := &scheduler[K]{rules: rules, begin: time.Now(), stop: make(chan struct{}), hosts: map[uint32]*host{}}
	s.more = sync.NewCond(&s.mu)
	return s
}

func (s *scheduler[K]) now() int64 { return int64(time.Since(s.begin)) }

func (s *scheduler[K]) Add(found polite.Found[K]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(found)
}

func (s *scheduler[K]) add(found polite.Found[K]) {
	for i, p := range found.Pages {
		s.queue.Push(page[K]{p, found.Hosts[i]})
		s.more.Signal()
	}
	s.open += len(found.Pages)
}

func (s *scheduler[K]) Next(_ int, turn *polite.Turn[K], found polite.Found[K]) (ok bool) {
	*turn, ok = s.next(*turn, found)
	return ok
}

// next ends a turn and returns the next one.
func (s *scheduler[K]) next(done polite.Turn[K], found polite.Found[K]) (turn polite.Turn[K], ok bool) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if done.Valid() {
		s.end(done, now)
	}
	s.add(found)
	if done.Final() {
		s.open--
	}
	for !s.stopped && s.open > 0 && s.queue.Len() == 0 {
		s.more.Wait()
	}
	if s.stopped || s.open == 0 {
		s.stopAll()
		return turn, false
	}
	p := s.queue.Pop()
	h := s.hosts[p.host]
	if h == nil {
		h = &host{}
		s.hosts[p.host] = h
	}
	if !s.await(h) {
		return turn, false
	}
	robots := h.clock.Take(s.rules, s.now())
	if robots {
		s.queue.Unshift(p)
		s.more.Signal()
	}
	return polite.NewTurn(p.page, p.host, robots), true
}

// await waits until a host may be asked. It returns false at the end of the crawl. The caller holds the lock.
func (s *scheduler[K]) await(h *host) bool {
	for !s.stopped {
		at, known := h.clock.Ready(s.rules)
		now := s.now()
		if known && at <= now {
			return true
		}
		if h.changed == nil {
			h.changed = make(chan struct{})
		}
		changed := h.changed
		var due <-chan time.Time
		var timer *time.Timer
		if known {
			timer = time.NewTimer(time.Duration(at - now))
			due = timer.C
		}
		s.mu.Unlock()
		select {
		case <-due:
		case <-changed:
		case <-s.stop:
		}
		if timer != nil {
			timer.Stop()
		}
		s.mu.Lock()
	}
	return false
}

// end ends the turn of a host.
func (s *scheduler[K]) end(turn polite.Turn[K], now int64) {
	h := s.hosts[turn.Host]
	polite.EndOf(&h.clock, s.rules, turn, now)
	h.wake()
	if turn.Requeue() {
		s.queue.Unshift(page[K]{turn.Page, turn.Host})
		s.more.Signal()
	}
}

func (h *host) wake() {
	if h.changed != nil {
		close(h.changed)
		h.changed = nil
	}
}

func (s *scheduler[K]) Begin(turn polite.Turn[K]) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.hosts[turn.Host]
	h.clock.Begin(s.rules, now)
	h.wake()
}

func (s *scheduler[K]) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopAll()
}

func (s *scheduler[K]) stopAll() {
	if !s.stopped {
		s.stopped = true
		close(s.stop)
		s.more.Broadcast()
	}
}

func (s *scheduler[K]) Close() {}
