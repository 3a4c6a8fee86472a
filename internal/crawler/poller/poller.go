// Package poller takes pages first in, first out, and puts a page whose host may not be asked yet into a second
// queue. After an interval it looks at all of them again.
//
// Crawlers do this whose queue knows no hosts: work queues with a delayed retry, and loops around a "not yet". It
// looks at every waiting page in each interval, and a page may begin an interval late.
package poller

import (
	"slices"
	"sync"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/polite"
	"crawlbench/internal/crawl/visited"
)

// Crawler returns the crawler.
func Crawler() crawl.Crawler {
	interval := crawl.Param{Name: "interval", Doc: "time between two looks at the waiting pages", Time: true,
		Default: int64(50 * time.Millisecond), Min: int64(time.Millisecond), Max: int64(10 * time.Second)}
	return polite.Tuned("poller", "polite: first in, first out; a page that may not be fetched goes to the end", interval,
		schedule[uint32], schedule[string], polite.Sets{ByID: visited.NewBits, ByURL: visited.NewTable})
}

type scheduler[K comparable] struct {
	rules    polite.Rules
	interval time.Duration
	begin    time.Time

	mu      sync.Mutex
	changed *sync.Cond
	queue   polite.List[page[K]] // pages to look at
	later   polite.List[page[K]] // pages that were looked at in vain since the last interval began
	hosts   []polite.Clock
	open    int // pages that are queued or being fetched
	idle    int
	stopped bool
	timer   *time.Timer
	armed   bool // the timer will run, or runs
}

type page[K comparable] struct {
	page K
	host uint32
}

func schedule[K comparable](interval int64) polite.New[K] {
	return func(rules polite.Rules) polite.Scheduler[K] {
		s := &scheduler[K]{rules: rules, interval: time.Duration(interval), begin: time.Now()}
		s.changed = sync.NewCond(&s.mu)
		return s
	}
}

func (s *scheduler[K]) now() int64 { return int64(time.Since(s.begin)) }

func (s *scheduler[K]) Add(found polite.Found[K]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(found)
}

func (s *scheduler[K]) add(found polite.Found[K]) {
	if len(found.Pages) == 0 {
		return
	}
	for i, p := range found.Pages {
		host := found.Hosts[i]
		s.queue.Push(page[K]{p, host})
		if missing := int(host) + 1 - len(s.hosts); missing > 0 {
			s.hosts = append(s.hosts, make([]polite.Clock, missing)...)
		}
	}
	s.open += len(found.Pages)
	s.wake()
}

// wake wakes an idle worker if there is a page to look at. The caller holds the lock.
func (s *scheduler[K]) wake() {
	if s.idle > 0 && s.queue.Len() > 0 {
		s.changed.Signal()
	}
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
		polite.EndOf(&s.hosts[done.Host], s.rules, done, now)
		if done.Requeue() {
			s.queue.Unshift(page[K]{done.Page, done.Host})
		}
	}
	s.add(found)
	if done.Final() {
		s.open--
	}
	for !s.stopped && s.open > 0 {
		if turn, ok := s.take(s.now()); ok {
			s.wake()
			return turn, true
		}
		s.arm()
		s.idle++
		s.changed.Wait()
		s.idle--
	}
	s.stop()
	return turn, false
}

// take returns the first page whose host may be asked, and puts those before it into the second queue.
func (s *scheduler[K]) take(now int64) (turn polite.Turn[K], ok bool) {
	pages := s.queue.Items()
	first := slices.IndexFunc(pages, func(p page[K]) bool {
		at, known := s.hosts[p.host].Ready(s.rules)
		return known && at <= now
	})
	if first < 0 {
		s.postpone(len(pages))
		return turn, false
	}
	s.postpone(first)
	p := s.queue.Pop()
	robots := s.hosts[p.host].Take(s.rules, now)
	if robots {
		s.later.Push(p)
	}
	return polite.NewTurn(p.page, p.host, robots), true
}

// postpone puts the first n pages of the queue into the second one.
func (s *scheduler[K]) postpone(n int) {
	s.later.Push(s.queue.Items()[:n]...)
	s.queue.Drop(n)
}

// arm makes the timer run after the interval, if there is anything to look at. The caller holds the lock.
func (s *scheduler[K]) arm() {
	if s.armed || s.later.Len() == 0 {
		return
	}
	s.armed = true
	if s.timer == nil {
		s.timer = time.AfterFunc(s.interval, s.poll)
	} else {
		s.timer.Reset(s.interval)
	}
}

// poll is what the timer runs.
func (s *scheduler[K]) poll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed = false
	if s.stopped {
		s.changed.Broadcast() // Close may wait for this
		return
	}
	s.postpone(s.queue.Len())
	s.queue, s.later = s.later, s.queue
	s.wake()
}

func (s *scheduler[K]) Begin(turn polite.Turn[K]) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hosts[turn.Host].Begin(s.rules, now)
}

func (s *scheduler[K]) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop()
}

func (s *scheduler[K]) stop() {
	s.stopped = true
	s.changed.Broadcast()
}

func (s *scheduler[K]) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.armed && s.timer.Stop() {
		s.armed = false
	}
	for s.armed {
		s.changed.Wait()
	}
}
