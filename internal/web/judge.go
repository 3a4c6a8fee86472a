package web

import (
	"fmt"
	"math/bits"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
)

// Rules are what one crawl has to keep to, and how closely it is watched.
type Rules struct {
	Workers  int
	MaxPages int                  // 0: the whole graph
	Limiter  func() crawl.Limiter // makes one; nil: no limit
	// Exact has every fetch held against the links handed out so far, and counts all fetches in flight, which take a while so
	// that those beyond Workers meet. It is for crawls that are not timed. Once there was one, crawls find some of the pages
	// that it fetched renamed: see renaming.
	Exact bool
	// Probe, if not nil, is called during an exact crawl, in the 1st, 2nd, 4th, 8th ... fetch.
	Probe func()
	// Stop, if not nil, is called once when the crawl can no longer be right, and would perhaps never end.
	Stop func()
}

// judge watches the fetches of one crawl. Crawlers that fetch millions of pages a second would feel every counter that
// their workers share, so that one of these is touched only where it can tell something:
//
//   - seen, by every fetch, at the word of its page: the number of fetches is that of the pages seen and of the duplicates.
//   - inflight, by every fetch where counts is set. A fetch that neither waits nor burns is in flight while it is on a
//     processor, and no longer: with as many workers allowed as there are processors, no design can have too many. There
//     fetches are counted until two have met, which is all that is left to know, and are quick from then on.
//   - begun, by every fetch of a crawl with a limiter, and of an exact one.
type judge struct {
	graph  *graph.Graph
	reach  graph.Reach
	rules  Rules
	seen   []atomic.Uint64 // bitset of the pages fetched, and of those whose fetch is to be looked at: see detour
	want   []uint64        // bitset of the pages that the crawl has to fetch
	exact  exact
	names  renaming
	pace   *pace // nil without a limiter
	counts bool  // the fetches in flight are counted to the end

	plain atomic.Bool  // there is nothing to a fetch but its note in seen, and perhaps its count
	quick atomic.Bool  // a fetch is noted in seen and nowhere else
	state atomic.Int32 // open, ended or over
	met   atomic.Bool  // two fetches were in flight at once

	_        [64]byte
	inflight atomic.Int64 // of the fetches that are counted
	_        [56]byte
	begun    atomic.Int64 // fetches, with a limiter or in an exact crawl
	_        [56]byte
	granted  atomic.Int64 // waits on the limiter that let through
	_        [56]byte

	failed, over, early, late atomic.Int64
	hoard                     atomic.Int64 // most waits granted that no fetch had used

	mu      sync.Mutex
	twice   tally[uint32]
	unheard tally[uint32] // fetches before a link was handed out
	nowhere tally[string] // fetches of what is no page of the site
}

// The states of a crawl. Fetches are answered while it is open. It is ended when it can no longer be right, and over when
// the crawler has returned.
const (
	open = iota
	ended
	over
)

// enough is how many fetches of pages fetched before, or of pages that the site does not have, end a crawl.
const enough = 64

// numbers is how many numbers pages may have. Where nearly all are reached, some beyond are for pages that are renamed.
func (j *judge) numbers() int {
	if n := j.graph.Pages(); n-j.reach.Pages >= mostRenamed {
		return n
	}
	return j.graph.Pages() + mostRenamed
}

func (j *judge) init(g *graph.Graph, reach graph.Reach) {
	j.graph, j.reach = g, reach
	words := (j.numbers() + 63) / 64
	j.seen = make([]atomic.Uint64, words)
	j.want = make([]uint64, words)
}

// Begin starts to judge a crawl. What it returns is to be called when the crawl begins, and gives the Limiter to crawl with:
// that of the rules, watched; nil if there is none. A limiter made earlier would have saved up pages by then.
func (s *Site) Begin(r Rules) (limit func() crawl.Limiter) {
	j := &s.judge
	if j.rules.Exact {
		j.names.draw(j.graph, j.reach, j.fetched)
	}
	j.reset(r)
	// A single worker has nobody to share a counter with.
	j.counts = s.takesTime || r.Exact || r.Workers < max(2, runtime.GOMAXPROCS(0))
	j.plain.Store(!s.takesTime && !s.mayFail && !r.Exact && r.Limiter == nil)
	s.rename()
	if r.Exact {
		j.exact.begin(j.graph.Start, len(j.seen))
	}
	j.state.Store(open)
	if r.Limiter == nil {
		return func() crawl.Limiter { return nil }
	}
	j.pace = newPace(j.expected())
	return func() crawl.Limiter {
		l := r.Limiter()
		j.pace.begin = time.Now()
		return crawl.Like(watched{j, l}, l)
	}
}

// reset forgets the crawl before.
func (j *judge) reset(r Rules) {
	j.rules, j.pace = r, nil
	j.names.away, j.names.numbers, j.names.detours = nil, nil, nil
	j.quick.Store(false)
	j.met.Store(false)
	for i := range j.seen {
		j.seen[i].Store(0)
	}
	for i := j.graph.Pages(); i < 64*len(j.seen); i++ { // no pages, unless some are renamed so
		j.seen[i/64].Or(1 << (i % 64))
	}
	clear(j.want)
	copy(j.want, j.reach.Set)
	for _, n := range []*atomic.Int64{&j.inflight, &j.begun, &j.granted, &j.failed, &j.over, &j.early, &j.hoard} {
		n.Store(0)
	}
	j.mu.Lock()
	j.twice, j.unheard, j.nowhere = tally[uint32]{}, tally[uint32]{}, tally[string]{}
	j.mu.Unlock()
}

// expected is how many pages the crawl has to fetch.
func (j *judge) expected() int {
	if j.rules.MaxPages > 0 {
		return min(j.reach.Pages, j.rules.MaxPages)
	}
	return j.reach.Pages
}

// counted is first for a plain fetch that is counted among those in flight while it is noted.
func (j *judge) counted(page uint32) bool {
	if j.state.Load() != open {
		return false
	}
	j.count()
	first := j.first(page)
	j.inflight.Add(-1)
	return first
}

// first notes the fetch of page, and reports whether it is the first and needs no closer look.
func (j *judge) first(page uint32) bool {
	i, mask := page/64, uint64(1)<<(page%64)
	return int(i) < len(j.seen) && j.seen[i].Or(mask)&mask == 0
}

// enter notes that a fetch begins, and tells whether it is counted among those in flight.
func (j *judge) enter() (counted bool) {
	if counted = j.counts || !j.met.Load(); counted {
		j.count()
	}
	if j.rules.Limiter != nil || j.rules.Exact {
		n := j.begun.Add(1)
		if j.rules.Limiter != nil && n > j.granted.Load() {
			j.early.Add(1)
		}
		if j.rules.Exact {
			j.linger(n)
		}
	}
	return counted
}

// count counts a fetch in.
func (j *judge) count() {
	at := j.inflight.Add(1)
	if at > 1 && !j.met.Load() {
		j.met.Store(true)
		j.quick.Store(j.plain.Load() && !j.counts)
		if j.state.Load() != open { // meanwhile
			j.quick.Store(false)
		}
	}
	if at > int64(j.rules.Workers) {
		j.over.Add(1)
	}
}

// leave notes the end of a fetch, which was counted or not.
func (j *judge) leave(counted bool, err error) {
	if err != nil {
		j.failed.Add(1)
	}
	if counted {
		j.inflight.Add(-1)
	}
}

// note notes the fetch of page, and returns how it is to be answered if not from the graph. It reports whether there is
// such a page.
func (j *judge) note(page uint32) (d *detour, ok bool) {
	if j.first(page) {
		return nil, true
	}
	d = j.names.detours[page]
	switch {
	case d != nil && !d.fetched.Swap(true):
		return d, true
	case d == nil && int(page) >= j.graph.Pages():
		return nil, false
	}
	j.mu.Lock()
	j.twice.add(page)
	end := j.twice.n >= enough
	j.mu.Unlock()
	if end {
		j.end()
	}
	return d, true
}

// premature notes a fetch of page before a link to it was handed out.
func (j *judge) premature(page uint32) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.unheard.add(page)
}

// unknown notes a fetch of something that is no page of the site.
func (j *judge) unknown(page any) {
	text := fmt.Sprint(page)
	j.mu.Lock()
	j.nowhere.add(text[:min(len(text), 80)])
	end := j.nowhere.n >= enough
	j.mu.Unlock()
	if end {
		j.end()
	}
}

// end ends the crawl: what fetches pages again and again may do so for ever.
func (j *judge) end() {
	if j.state.CompareAndSwap(open, ended) {
		j.quick.Store(false)
		if j.rules.Stop != nil {
			j.rules.Stop()
		}
	}
}

// fetched returns the word of the set of pages fetched that holds those from 64*i on.
func (j *judge) fetched(i int) uint64 {
	set := j.seen[i].Load()
	if past := 64*(i+1) - j.graph.Pages(); past > 0 {
		set &= 1<<max(0, 64-past) - 1
	}
	return set
}

// Fetched is the number of fetches since Begin.
func (s *Site) Fetched() int {
	j := &s.judge
	j.mu.Lock()
	n := j.twice.n
	j.mu.Unlock()
	for i := range j.seen {
		n += bits.OnesCount64(j.fetched(i))
	}
	for page, d := range j.names.detours {
		switch did := d.fetched.Load(); {
		case did && int(page) >= j.graph.Pages():
			n++
		case !did && j.fetched(int(page/64))>>(page%64)&1 != 0:
			n-- // its bit was set beforehand
		}
	}
	return n
}

// Overlapped reports whether two fetches of the last crawl were in flight at once.
func (s *Site) Overlapped() bool { return s.judge.met.Load() }

// tally counts things and keeps the first few.
type tally[T any] struct {
	n     int
	first []T
}

// examples is how many pages a verdict names.
const examples = 3

func (t *tally[T]) add(v T) {
	t.n++
	if len(t.first) < examples {
		t.first = append(t.first, v)
	}
}
