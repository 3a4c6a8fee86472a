package breakdown

import (
	"maps"
	"testing"

	"golang.org/x/exp/trace"
)

// woken returns an interval in which a goroutine waits for a processor after another has ended its wait.
func woken(length trace.Time, wait interval) interval {
	return interval{to: length, state: trace.GoRunnable, reason: "woken", at: wait.at, woken: &wait}
}

// by returns the wait p, ended by another goroutine at the given stack.
func by(p interval, s *stack) interval {
	p.by = s
	return p
}

// The time from the end of a wait until the worker runs again belongs to what it waited for, if another goroutine ended
// the wait. A timer, a preemption and the start leave it runnable.
func TestWakingBelongsToItsCause(t *testing.T) {
	unlock := &stack{frames: []frame{{function: "unlock"}}, site: "unlock", operation: noOperation}
	receive := &stack{frames: []frame{{function: "receive"}}, site: "receive", operation: receiving}
	send := &stack{frames: []frame{{function: "send"}}, site: "send", operation: sending}
	asleep := waits(10, "sleep", semaphore)
	asleep.byRuntime = true
	locked, blocked := by(waits(10, "sync", mutex), unlock), by(waits(10, "chan send", semaphore), receive)
	idle, stopped := by(waits(10, "chan receive", semaphore), send), by(waits(10, "sync", join), unlock)
	preempted := interval{to: 20, state: trace.GoRunnable, reason: "preempted"}
	type times = map[State]float64 // nanoseconds
	for name, test := range map[string]struct {
		intervals    []interval
		state, queue times
	}{
		"unlock":     {[]interval{locked, woken(20, locked)}, times{Lock: 30}, times{Lock: 20}},
		"receive":    {[]interval{blocked, woken(20, blocked)}, times{Channel: 30}, times{Channel: 20}},
		"send":       {[]interval{idle, woken(20, idle)}, times{Idle: 30}, times{Idle: 20}},
		"join":       {[]interval{stopped, woken(20, stopped)}, times{Other: 30}, times{Other: 20}},
		"timer":      {[]interval{asleep, ready(20)}, times{Other: 10, Runnable: 20}, nil},
		"preemption": {[]interval{preempted, preempted}, times{Runnable: 40}, nil},
		"start":      {[]interval{ready(30)}, times{Runnable: 30}, nil},
	} {
		intervals := append(test.intervals, runs(10))
		end := trace.Time(0)
		for _, p := range intervals {
			end += p.to
		}
		l := breakdownOf(1, end, shortLived(0, len(intervals)-1, intervals...))
		test.state[Running] = 10
		for _, s := range States() {
			if got := ns(l.Seconds[s]); got != test.state[s] {
				t.Errorf("%s: %s %g ns, want %g", name, s, got, test.state[s])
			}
		}
		queue := map[State]float64{}
		for s, sec := range l.Queue {
			queue[s] = ns(sec)
		}
		if !maps.Equal(queue, test.queue) {
			t.Errorf("%s: queue %v, want %v", name, queue, test.queue)
		}
		if test.queue == nil {
			continue
		}
		s, e := l.Sites[0], l.Ends[0]
		if s.Count != 1 || s.Wakes != 1 || ns(s.Seconds) != 30 || ns(s.Queue) != 20 {
			t.Errorf("%s: site %+v, want one sleep, one wake-up, 30 ns and 20 of them in the queue", name, s)
		}
		if e.Count != 1 || ns(e.Seconds) != 30 || ns(e.Queue) != 20 {
			t.Errorf("%s: end %+v, want one wait, 30 ns and 20 of them in the queue", name, e)
		}
	}
}

// A short-lived worker that was woken with a slot only lacks a processor: it is runnable, as at its start.
func TestWokenWithASlotIsRunnable(t *testing.T) {
	release := &stack{frames: []frame{{function: "release"}}, site: "release", operation: receiving}
	acquire := by(waits(49, "chan send", semaphore), release)
	l := breakdownOf(1, 110,
		shortLived(0, 0, runs(50)),
		shortLived(0, 3, runs(1), acquire, woken(10, acquire), runs(50)))
	if got := ns(l.Seconds[Runnable]); got != 10 || l.Seconds[Channel] != 0 || len(l.Queue) != 0 {
		t.Errorf("runnable %g ns, on a channel %g s, queue %v; want 10, 0 and none", got, l.Seconds[Channel], l.Queue)
	}
}

// The tail is the time at the end in which one worker alone has something to do; one that is woken to end has not.
func TestTail(t *testing.T) {
	several := shortLived(0, 0, runs(100))
	several.marks = append(several.marks, 60) // one page after another
	idler := shortLived(0, 0, runs(20), waits(80, "chan receive", semaphore))
	if l := breakdownOf(2, 100, several, idler); ns(l.Tail) != 40 {
		t.Errorf("two pages at the end are a tail of %g ns, want 40, the longer one", ns(l.Tail))
	}

	send := &stack{frames: []frame{{function: "send"}}, site: "send", operation: sending}
	idle := by(waits(75, "chan receive", semaphore), send)
	for name, test := range map[string]struct {
		second *goroutine
		tail   float64 // nanoseconds
	}{
		"one works alone":         {shortLived(0, 0, runs(20), waits(80, "chan receive", semaphore)), 80},
		"and the other is woken":  {shortLived(0, 0, runs(20), idle, runs(5)), 80},
		"both work":               {shortLived(0, 0, runs(90), waits(10, "chan receive", semaphore)), 10},
		"the other fetches later": {shortLived(0, 2, runs(20), idle, runs(5)), 0},
		"the other has nothing":   {shortLived(0, 9, waits(100, "chan receive", semaphore)), 0},
	} {
		l := breakdownOf(2, 100, shortLived(0, 0, runs(100)), test.second)
		if got := ns(l.Tail); got != test.tail {
			t.Errorf("%s: tail %g ns, want %g", name, got, test.tail)
		}
	}
}

// A goroutine holds a lock from the end of its last wait for a lock, or for a condition, which releases one. Waiting
// for the collector is not a wait of its own.
func TestHolds(t *testing.T) {
	unlock := &stack{frames: []frame{{function: "unlock"}}, site: "unlock"}
	for name, test := range map[string]struct {
		holder     []interval
		away, held float64 // nanoseconds
	}{
		"asleep":            {[]interval{runs(10), waits(80, "sleep", semaphore), runs(10)}, 80, 20},
		"on a processor":    {[]interval{runs(100)}, 0, 100},
		"after a lock":      {[]interval{waits(70, "sync", mutex), runs(30)}, 0, 30},
		"after a condition": {[]interval{waits(70, "sync.(*Cond).Wait", mutex), runs(30)}, 0, 30},
		"collector":         {[]interval{waits(70, "GC mark assist wait for work", semaphore), runs(30)}, 0, 100},
	} {
		holder := shortLived(0, 0, test.holder...)
		wait := by(waits(100, "sync", mutex), unlock)
		wait.waker = holder
		l := breakdownOf(2, 110, holder, shortLived(0, 1, wait, runs(10)))
		away, held := 0.0, 0.0
		for _, h := range l.Holds {
			if h.At != "" {
				away += ns(h.Seconds)
			} else {
				held += ns(h.Seconds)
			}
		}
		if away != test.away || held != test.held {
			t.Errorf("%s: held %g ns and away %g ns, want %g and %g", name, held, away, test.held, test.away)
		}
	}
}
