package rude

import (
	"slices"
	"sync"
	"time"

	"crawlbench/internal/crawl/polite"
)

// scheduler looks at the whole queue for each page. It has one lock.
type scheduler[K comparable] struct {
	bug    bug
	rules  polite.Rules
	begin  time.Time
	failed *sync.Map // pages that failed; nil if the bug does not need them

	mu      sync.Mutex
	changed *sync.Cond
	queue   []item[K]
	granted []item[K] // pages whose hosts' clocks have been set already
	hosts   map[uint32]*host
	workers []int64 // from when each may work
	pause   int64   // of all hosts
	emptied []uint32
	open    int // pages that are queued or being fetched
	taken   int // turns
	stopped bool
}

type item[K comparable] struct {
	page  K
	host  uint32
	after int64 // not before this time
	known bool  // robots.txt was asked for it
}

type host struct {
	clock  polite.Clock
	first  int64 // when it was first seen
	tick   int64
	asked  int
	room   chan int
	queued int
}

func newScheduler[K comparable](b bug, failed *sync.Map) polite.New[K] {
	return func(rules polite.Rules) polite.Scheduler[K] {
		switch b {
		case noGap:
			rules.Gap = 0
		case shortGap:
			rules.Gap -= rules.Gap / 1000
		case noGapNoPlaces:
			if rules.Gap == 0 {
				rules.PerHost = 1 << 14
			}
		case onePlace:
			rules.PerHost = 1
		case anyPlaces:
			rules.PerHost = 1 << 14
		}
		s := &scheduler[K]{bug: b, rules: rules, begin: time.Now(), failed: failed, hosts: map[uint32]*host{},
			workers: make([]int64, rules.Workers)}
		s.changed = sync.NewCond(&s.mu)
		return s
	}
}

func (s *scheduler[K]) now() int64 { return int64(time.Since(s.begin)) }

// host returns the state of a host.
func (s *scheduler[K]) host(number uint32) *host {
	if s.bug == oneClock {
		number = 0
	}
	h := s.hosts[number]
	if h == nil {
		h = &host{first: s.now()}
		if s.bug == neverFreed {
			h.room = make(chan int, 4096)
		}
		s.hosts[number] = h
	}
	return h
}

func (s *scheduler[K]) Add(found polite.Found[K]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(found)
}

func (s *scheduler[K]) add(found polite.Found[K]) {
	for i, page := range found.Pages {
		s.queue = append(s.queue, item[K]{page: page, host: found.Hosts[i]})
		s.host(found.Hosts[i]).queued++
	}
	s.open += len(found.Pages)
	s.changed.Broadcast()
}

func (s *scheduler[K]) Next(w int, turn *polite.Turn[K], found polite.Found[K]) (ok bool) {
	*turn, ok = s.next(w, *turn, found)
	return ok
}

// next ends a turn and returns the next one.
func (s *scheduler[K]) next(w int, done polite.Turn[K], found polite.Found[K]) (turn polite.Turn[K], ok bool) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if done.Valid() {
		s.end(w, done, now)
	}
	s.add(found)
	for !s.stopped && s.open > 0 {
		now = s.now()
		s.grant(now)
		if len(s.granted) > 0 {
			p := s.granted[0]
			s.granted = s.granted[1:]
			return polite.NewTurn(p.page, p.host, false), true
		}
		i, at := s.find(w, now)
		if i >= 0 {
			return s.take(i, now), true
		}
		s.wait(at, now)
	}
	s.stop()
	return turn, false
}

// wait waits until at, if that is not 0, or until something changes.
func (s *scheduler[K]) wait(at, now int64) {
	switch {
	case at > 0:
		timer := time.AfterFunc(time.Duration(at-now), func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.changed.Broadcast()
		})
		s.changed.Wait()
		timer.Stop()
		if s.stopped && s.bug == cancelWaits {
			s.mu.Unlock()
			time.Sleep(time.Duration(at - s.now()))
			s.mu.Lock()
		}
	default:
		s.changed.Wait()
	}
}

// find returns the first page that may be fetched, or -1 and when to look again, 0 for never.
func (s *scheduler[K]) find(w int, now int64) (i int, at int64) {
	if s.bug == clockPerWorker && s.workers[w] > now {
		return -1, s.workers[w]
	}
	seen := map[uint32]bool{}
	for i, p := range s.queue {
		if seen[p.host] && s.bug != pauseOfPage {
			continue
		}
		seen[p.host] = true
		if s.bug == fewHosts && len(seen) > 16 || s.bug == slotBeforeHost && i > 0 {
			break
		}
		from, known := s.ready(p)
		if known && from <= now {
			return i, 0
		}
		if known && (at == 0 || from < at) {
			at = from
		}
	}
	return -1, at
}

// ready returns when a page may be fetched, and false if that depends on a turn that has not ended.
func (s *scheduler[K]) ready(p item[K]) (at int64, known bool) {
	h := s.host(p.host)
	at, known = h.clock.Ready(s.rules)
	switch s.bug {
	case clockPerWorker:
		at, known = 0, true
	case roundedUp:
		const tick = int64(100 * time.Millisecond)
		at = (at + tick - 1) / tick * tick
	case placesShared:
		known = known && s.taken < s.rules.PerHost
	case firstWaits:
		at = max(at, h.first+s.rules.Gap)
	}
	return max(at, p.after, s.pause), known
}

// take begins a turn for a page of the queue.
func (s *scheduler[K]) take(i int, now int64) polite.Turn[K] {
	p := s.queue[i]
	s.queue = slices.Delete(s.queue, i, i+1)
	h := s.host(p.host)
	if s.bug == sameClock { // another worker may read the clock
		s.mu.Unlock()
		time.Sleep(time.Nanosecond)
		s.mu.Lock()
	}
	s.taken++
	rules := s.rules
	rules.Robots = rules.Robots && s.bug != robotsLate && s.bug != robotsShared
	robots := h.clock.Take(rules, now)
	if s.rules.Robots {
		h.asked++
		switch s.bug {
		case robotsPerPage:
			robots = !p.known
		case robotsLate:
			robots = h.asked == 2
		case robotsShared:
			robots = p.host == 0 && h.asked == 1
		}
	}
	switch {
	case s.rules.FromStart && s.bug == clockAtTake:
		h.clock.Begin(s.rules, now)
	case !s.rules.FromStart && s.bug == gapFromStart:
		h.tick = now
	}
	if robots {
		p.known = true
		s.queue = slices.Insert(s.queue, 0, p)
	} else {
		h.queued--
	}
	return polite.NewTurn(p.page, p.host, robots)
}

// grant gives tokens to all hosts that may be asked.
func (s *scheduler[K]) grant(now int64) {
	if s.bug != tokenThenSlot || !s.rules.FromStart {
		return
	}
	for i := 0; i < len(s.queue); i++ {
		p := s.queue[i]
		h := s.host(p.host)
		if at, known := h.clock.Ready(s.rules); known && at <= now {
			h.clock.Take(s.rules, now)
			h.clock.Begin(s.rules, now)
			s.granted = append(s.granted, p)
			s.queue = slices.Delete(s.queue, i, i+1)
			i--
		}
	}
}

// end ends a turn.
func (s *scheduler[K]) end(w int, turn polite.Turn[K], now int64) {
	h := s.host(turn.Host)
	s.taken--
	s.workers[w] = now + s.rules.Gap
	requeued := item[K]{page: turn.Page, host: turn.Host}
	requeue := turn.Requeue()
	at := now
	switch {
	case s.bug == pauseLost:
		turn.Rest = 0
	case s.bug == pauseOfPage && requeue:
		requeued.after = now + int64(turn.Rest)
		turn.Rest = 0
	case s.bug == pauseOfAll && turn.Rest > 0:
		s.pause = now + int64(turn.Rest)
	case s.bug == pauseForGap && requeue && turn.Rest == 0,
		s.bug == robotsFree && turn.Robots:
		turn.Skipped = true
	case s.bug == refusedLost && requeue:
		requeue = false
		s.open--
	case s.bug == gapFromStart && !s.rules.FromStart:
		at = h.tick
	}
	kept := false
	if s.failed != nil {
		if _, failed := s.failed.Load(turn.Page); failed {
			turn.Skipped = s.bug == failureIsNoFetch
			kept = s.bug == placeKept && s.rules.PerHost > 1
		}
	}
	if !kept {
		polite.EndOf(&h.clock, s.rules, turn, at)
	}
	if s.rules.FromStart && s.bug == gapFromLater {
		h.clock.Take(s.rules, now) // as if the fetch began when it ended
		h.clock.Begin(s.rules, now)
		polite.EndOf(&h.clock, s.rules, polite.NewTurn(turn.Page, turn.Host, false), now)
	}
	if requeue {
		s.queue = slices.Insert(s.queue, 0, requeued)
		h.queued++
	}
	if turn.Final() {
		s.open--
	}
	if h.queued == 0 && h.clock.Idle() {
		s.emptied = append(slices.DeleteFunc(s.emptied, func(n uint32) bool { return n == turn.Host }), turn.Host)
		keep := len(s.emptied)
		switch s.bug {
		case clockDropped:
			keep = 0
		case clocksOfTwelve:
			keep = 12
		}
		for len(s.emptied) > keep {
			s.drop(s.emptied[0])
			s.emptied = s.emptied[1:]
		}
	}
	s.changed.Broadcast()
}

func (s *scheduler[K]) Begin(turn polite.Turn[K]) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.host(turn.Host)
	switch s.bug {
	case clockAtTake, tokenThenSlot:
		return
	case tickerPerHost:
		if h.tick == 0 {
			h.tick = now + 1
		}
		late := (now + 1 - h.tick) % max(1, s.rules.Gap)
		now -= late
	}
	h.clock.Begin(s.rules, now)
	s.changed.Broadcast()
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

func (s *scheduler[K]) Close() {}

// drop forgets a host, unless it has pages again.
func (s *scheduler[K]) drop(number uint32) {
	if h := s.hosts[number]; h != nil && h.queued == 0 && h.clock.Idle() {
		delete(s.hosts, number)
	}
}
