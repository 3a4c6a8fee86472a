package polite

import (
	"sync"
	"time"
)

// Queue holds pages and the state of their hosts. The scheduler around it holds a lock during each call. Table has
// a description of the methods.
type Queue[K comparable] interface {
	Outstanding() int
	Ready() bool
	Add(Found[K])
	Take(turn *Turn[K]) bool
	Begin(turn Turn[K], now int64)
	End(turn *Turn[K], now int64)
	Release(now int64)
}

// Timed is a scheduler of one Queue behind one lock, with one timer, which runs only while a worker is idle. A turn
// is given in one step with the choice of its host, so neither can wait for the other.
type Timed[K comparable] struct {
	rules  Rules
	begin  time.Time
	timed  bool // hosts may have gaps, by the policy or by their robots.txt
	shared bool // the end of the crawl is not seen here

	mu      lock
	changed sync.Cond
	table   Queue[K]
	own     *Table[K] // the same, if it is one: calls through an interface cost as much as what they do
	times   Times
	idle    int  // workers that wait
	waking  bool // one of them has been signalled and has not run yet
	stopped bool

	timer  *time.Timer
	armed  bool // the timer will run, or runs
	wakeAt int64
}

// NewTimed returns a scheduler of a queue that keeps its times in times.
func NewTimed[K comparable](rules Rules, queue Queue[K], times Times) *Timed[K] {
	s := &Timed[K]{rules: rules, begin: time.Now(), mu: newLock(rules.Workers), table: queue, times: times}
	s.timed = rules.Gap > 0 || rules.Robots
	s.own, _ = queue.(*Table[K])
	s.changed.L = &s.mu
	return s
}

// NewShared is NewTimed for one of several schedulers of a crawl: Next does not return because its own queue has
// nothing left, but only after Stop.
func NewShared[K comparable](rules Rules, queue Queue[K], times Times) *Timed[K] {
	s := NewTimed(rules, queue, times)
	s.shared = true
	return s
}

func (s *Timed[K]) now() int64 { return int64(time.Since(s.begin)) }

// Add implements Scheduler.
func (s *Timed[K]) Add(found Found[K]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.table.Add(found)
	s.wake()
}

// Begin implements Scheduler.
func (s *Timed[K]) Begin(turn Turn[K]) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.table.Begin(turn, now)
	s.arm(now)
}

// Next implements Scheduler.
func (s *Timed[K]) Next(_ int, turn *Turn[K], found Found[K]) bool {
	// The end of the fetch is read before the lock is waited for, and only if somebody asks for it.
	now := int64(-1)
	if s.timed || turn.Rest > 0 {
		now = s.now()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.stopped:
		return false
	case s.own == nil:
		if turn.valid {
			s.table.End(turn, now)
		}
		if len(found.Pages) > 0 {
			s.table.Add(found)
		}
	case s.own.advance(turn, found, now):
		if s.idle > 0 {
			s.wake()
			s.arm(now)
		}
		return true
	}
	for !s.stopped {
		if !s.shared && s.table.Outstanding() == 0 {
			s.stop()
			break
		}
		if at, ok := s.times.Next(); ok {
			if now < 0 {
				now = s.now()
			}
			if at <= now {
				s.table.Release(now)
			}
		}
		if s.table.Take(turn) {
			if s.wake(); s.idle > 0 {
				s.arm(now)
			}
			return true
		}
		s.arm(now)
		s.idle++
		s.changed.Wait()
		s.idle--
		s.waking = false
		now = -1
	}
	return false
}

// wake wakes one idle worker if there is a turn for it. That one wakes the next. The caller holds the lock.
func (s *Timed[K]) wake() {
	if s.idle > 0 && !s.waking && s.table.Ready() {
		s.waking = true
		s.changed.Signal()
	}
}

// arm makes the timer run at the next time. The caller holds the lock.
func (s *Timed[K]) arm(now int64) {
	at, ok := s.times.Next()
	if !ok || s.stopped || s.armed && s.wakeAt <= at {
		return
	}
	if s.armed && !s.timer.Stop() {
		return // it runs, and will arm itself
	}
	s.armed, s.wakeAt = true, at
	if s.timer == nil {
		s.timer = time.AfterFunc(time.Duration(at-now), s.ring)
	} else {
		s.timer.Reset(time.Duration(at - now))
	}
}

// ring is what the timer runs.
func (s *Timed[K]) ring() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed = false
	if s.stopped {
		s.changed.Broadcast() // Close may wait for this
		return
	}
	now := s.now()
	s.table.Release(now)
	s.wake()
	if s.idle > 0 {
		s.arm(now)
	}
}

// Do calls f with the lock held, and then wakes a worker if there is a turn. It is for a queue that is also changed by
// others than the crawler. After Close it does nothing.
func (s *Timed[K]) Do(f func(now int64)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.table == nil {
		return
	}
	now := s.now()
	f(now)
	s.table.Release(now)
	s.wake()
	if s.idle > 0 {
		s.arm(now)
	}
}

// Stop implements Scheduler.
func (s *Timed[K]) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop()
}

func (s *Timed[K]) stop() {
	s.stopped = true
	s.changed.Broadcast()
}

// Close implements Scheduler.
func (s *Timed[K]) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.armed && s.timer.Stop() {
		s.armed = false
	}
	for s.armed {
		s.changed.Wait()
	}
	s.table, s.own, s.times = nil, nil, nil // the runtime keeps a timer that was stopped until it would have run
}
