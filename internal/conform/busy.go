package conform

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"crawlbench/internal/crawl"
)

// span is the time of a wait on the limiter.
type span struct{ from, to time.Time }

// prompt verifies the times of a complete crawl in virtual time: it ends with its last fetch, and until
// then no worker is idle while there is a page for it.
func (s *site) prompt(out outcome, o crawl.Options, waits []span) error {
	if out.took != out.last {
		return fmt.Errorf("it returned after %v, want %v, when its last fetch ended", out.took,
			out.last)
	}
	return s.idle(out, o, waits)
}

// leastLatency is the latency from which no page may wait behind another one. Below it, a crawler may
// give a worker several pages at a time.
const leastLatency = time.Millisecond

// event is a change in the numbers of known pages, fetches in flight and waits on the limiter.
type event struct {
	at                            time.Duration
	level                         int
	ready, started, flying, waits int
}

// idle looks for times with fewer fetches in flight than workers while a page was known, no worker waited
// on the limiter and the budget was not used up. A crawler that goes level by level may wait for the
// fetches of a level.
func (s *site) idle(out outcome, o crawl.Options, waits []span) error {
	for p := range s.links {
		if s.wait(page(p)) < leastLatency {
			return nil
		}
	}
	level, _ := s.reach(out.failed)
	var events []event
	deepest := 0
	for p, l := range level {
		if l < 0 {
			continue
		}
		deepest = max(deepest, l)
		if out.count[p] > 0 {
			events = append(events, event{at: out.offered[p], level: l, ready: 1},
				event{at: out.began[p], level: l, ready: -1, started: 1, flying: 1},
				event{at: out.back[p], level: l, flying: -1})
		} else if out.offered[p] >= 0 {
			events = append(events, event{at: out.offered[p], level: l, ready: 1})
		}
	}
	for _, w := range waits {
		events = append(events, event{at: w.from.Sub(out.start), waits: 1}, event{at: w.to.Sub(out.start), waits: -1})
	}
	slices.SortFunc(events, func(a, b event) int { return cmp.Compare(a.at, b.at) })
	ready, flying := make([]int, deepest+1), make([]int, deepest+1)
	allReady, allFlying, started, waiting := 0, 0, 0, 0
	for i, e := range events {
		ready[e.level] += e.ready
		flying[e.level] += e.flying
		allReady, allFlying, started, waiting = allReady+e.ready, allFlying+e.flying, started+e.started, waiting+e.waits
		if i+1 == len(events) || events[i+1].at == e.at || allFlying >= o.Workers || allReady == 0 || waiting > 0 ||
			o.MaxPages > 0 && started >= o.MaxPages || byLevel(ready, flying, allFlying) {
			continue
		}
		return fmt.Errorf("from %v to %v only %d fetches were in flight, although Workers is %d and %d more pages were known", e.at, events[i+1].at, allFlying, o.Workers, allReady)
	}
	return nil
}

// byLevel reports whether a crawler that goes level by level may wait: all fetches in flight are of one
// level, and all known pages are of later levels.
func byLevel(ready, flying []int, all int) bool {
	for l := range flying {
		if ready[l] > 0 {
			return false
		}
		if flying[l] > 0 {
			return flying[l] == all
		}
	}
	return false
}
