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

// Rules are what one crawl has to comply with, and how closely it is checked.
type Rules struct {
	Workers  int
	MaxPages int                  // 0: the whole graph
	Limiter  func() crawl.Limiter // makes a limiter; nil: no limit
	// Politeness is the policy that the crawler is given; nil: none. Polite says that the crawler keeps it, so that
	// breaking it is a fault.
	Politeness *crawl.Policy
	Polite     bool
	// Exact checks every fetch against the links handed out before it, and counts all fetches in
	// flight, which take a while so that fetches beyond Workers overlap. It is for crawls that are
	// not timed. After the first exact crawl, later crawls rename some of the pages that it
	// fetched: see renaming.
	Exact bool
	// Part says that other processes fetch the rest of the graph: pages that are missing here are no fault, links may
	// have been handed out elsewhere, and no page is renamed, because others would not know its name. MaxPages is the
	// budget of all of them. See Seen.
	Part bool
	// Probe, if not nil, is called during an exact crawl, in the 1st, 2nd, 4th, 8th ... fetch.
	Probe func()
	// Stop, if not nil, is called once when the crawl can no longer be correct and might never
	// return.
	Stop func()
}

// verifier checks the fetches of one crawl. At millions of pages a second, every counter that
// workers share slows the crawl, so each counter is updated only where it can reveal something:
//
//   - seen, by every fetch, in the word of its page: the number of fetches is the number of pages
//     seen plus the number of repeated fetches.
//   - inflight, by every fetch if counts is set. A fetch that neither waits nor burns is in flight
//     only while it runs on a processor: with at least as many workers allowed as there are
//     processors, no crawler can exceed the limit. Then fetches are counted only until two have
//     overlapped, and take the quick path afterwards.
//   - begun, by every fetch of a crawl with a limiter, and of an exact crawl.
type verifier struct {
	graph    *graph.Graph
	reach    graph.Reach
	rules    Rules
	seen     []atomic.Uint64 // bitset of the pages fetched, and of those overridden: see overriddenPage
	want     []uint64        // bitset of the pages that the crawl has to fetch
	exact    exactState
	renaming renaming
	grants   *grantLog // nil without a limiter
	hosts    hosts
	counts   bool // fetches in flight are counted throughout the crawl

	plain      atomic.Bool  // a fetch only sets its bit in seen, and is perhaps counted
	quick      atomic.Bool  // a fetch only sets its bit in seen
	state      atomic.Int32 // open, ended or finished
	overlapped atomic.Bool  // two fetches were in flight at once

	_        [64]byte
	inflight atomic.Int64 // fetches that are counted
	_        [56]byte
	begun    atomic.Int64 // fetches, with a limiter or in an exact crawl
	_        [56]byte
	granted  atomic.Int64 // waits that the limiter granted
	_        [56]byte

	failed, excess, early, late atomic.Int64
	maxUnused                   atomic.Int64 // most granted waits that no fetch had used

	mu       sync.Mutex
	repeated tally[uint32]
	unlinked tally[uint32] // fetches before a link was handed out
	unknown  tally[string] // fetches of pages that the site does not have
}

// The states of a crawl. Fetches are answered while it is open. It is ended when it can no longer
// be correct, and finished when the crawler has returned.
const (
	open = iota
	ended
	finished
)

// maxUseless is the number of repeated fetches, or of fetches of unknown pages, that ends a crawl.
const maxUseless = 64

// numbers returns how many page numbers are in use. If nearly all pages are reachable, there are
// extra numbers for renamed pages.
func (v *verifier) numbers() int {
	if n := v.graph.Pages(); n-v.reach.Pages >= maxRenamed {
		return n
	}
	return v.graph.Pages() + maxRenamed
}

func (v *verifier) init(g *graph.Graph, reach graph.Reach) {
	v.graph, v.reach = g, reach
	words := (v.numbers() + 63) / 64
	v.seen = make([]atomic.Uint64, words)
	v.want = make([]uint64, words)
}

// Begin starts to verify a crawl. Call the returned function when the crawl begins: it returns the
// Limiter of the rules, wrapped so that its waits are recorded, or nil if there is none. A limiter
// made earlier would have accumulated tokens by then.
func (s *Site) Begin(r Rules) (limit func() crawl.Limiter) {
	v := &s.verifier
	if v.rules.Exact && !v.rules.Part {
		v.renaming.draw(v.graph, v.reach, v.fetched)
	}
	v.reset(r)
	// A single worker has nobody to share a counter with.
	v.counts = s.takesTime || r.Exact || r.Workers < max(2, runtime.GOMAXPROCS(0))
	s.watchHosts(r)
	v.plain.Store(!s.takesTime && s.fails == nil && !r.Exact && r.Limiter == nil && v.hosts.log == nil &&
		v.hosts.refused == nil)
	// This shows who remembers pages, or guesses them. The log and robots.txt have the names of the graph.
	if v.hosts.log == nil && (r.Politeness == nil || !r.Politeness.Robots) {
		s.rename()
	}
	if r.Exact {
		v.exact.begin(v.graph.Start, len(v.seen))
	}
	v.state.Store(open)
	if r.Limiter == nil {
		return func() crawl.Limiter {
			v.hosts.begin = time.Now()
			return nil
		}
	}
	v.grants = &grantLog{waits: make([]Wait, v.expected()+v.hosts.more)}
	return func() crawl.Limiter {
		l := r.Limiter()
		v.grants.begin = time.Now()
		v.hosts.begin = v.grants.begin
		return crawl.Like(watchedLimiter{v, l}, l)
	}
}

// reset clears the state of the previous crawl.
func (v *verifier) reset(r Rules) {
	v.rules, v.grants = r, nil
	v.renaming.renamed, v.renaming.numbers, v.renaming.overridden = nil, nil, nil
	v.quick.Store(false)
	v.overlapped.Store(false)
	for i := range v.seen {
		v.seen[i].Store(0)
	}
	for i := v.graph.Pages(); i < 64*len(v.seen); i++ { // not pages, unless one is renamed to that number
		v.seen[i/64].Or(1 << (i % 64))
	}
	clear(v.want)
	copy(v.want, v.reach.Set)
	for _, n := range []*atomic.Int64{&v.inflight, &v.begun, &v.granted, &v.failed, &v.excess, &v.early, &v.maxUnused} {
		n.Store(0)
	}
	v.mu.Lock()
	v.repeated, v.unlinked, v.unknown = tally[uint32]{}, tally[uint32]{}, tally[string]{}
	v.mu.Unlock()
}

// expected returns how many pages the crawl has to fetch.
func (v *verifier) expected() int {
	if v.rules.MaxPages > 0 {
		return min(v.reach.Pages, v.rules.MaxPages)
	}
	return v.reach.Pages
}

// noteCounted is noteFirst for a plain fetch that is counted as in flight while it is recorded.
func (v *verifier) noteCounted(page uint32) bool {
	if v.state.Load() != open {
		return false
	}
	v.count()
	first := v.noteFirst(page)
	v.inflight.Add(-1)
	return first
}

// noteFirst records the fetch of page, and reports whether it is the first and needs no further
// checks.
func (v *verifier) noteFirst(page uint32) bool {
	i, mask := page/64, uint64(1)<<(page%64)
	return int(i) < len(v.seen) && v.seen[i].Or(mask)&mask == 0
}

// enter records that a fetch begins, and reports whether it is counted as in flight.
func (v *verifier) enter() (counted bool) {
	if counted = v.counts || !v.overlapped.Load(); counted {
		v.count()
	}
	if v.rules.Limiter != nil || v.rules.Exact {
		n := v.begun.Add(1)
		if v.rules.Limiter != nil && n > v.granted.Load() {
			v.early.Add(1)
		}
		if v.rules.Exact {
			v.delay(n)
		}
	}
	return counted
}

// count adds a fetch to those in flight.
func (v *verifier) count() {
	at := v.inflight.Add(1)
	if at > 1 && !v.overlapped.Load() {
		v.overlapped.Store(true)
		v.quick.Store(v.plain.Load() && !v.counts)
		if v.state.Load() != open { // the crawl ended in the meantime
			v.quick.Store(false)
		}
	}
	if at > int64(v.rules.Workers) {
		v.excess.Add(1)
	}
}

// leave records the end of a fetch. counted is what enter returned.
func (v *verifier) leave(counted bool, err error) {
	if err != nil {
		v.failed.Add(1)
	}
	if counted {
		v.inflight.Add(-1)
	}
}

// note records the fetch of page. It returns the overridden page that answers it, nil if the graph does, and
// reports whether there is such a page.
func (v *verifier) note(page uint32) (d *overriddenPage, ok bool) {
	if v.noteFirst(page) {
		return nil, true
	}
	d = v.renaming.overridden[page]
	switch {
	case d != nil && !d.fetched.Swap(true):
		return d, true
	case d == nil && int(page) >= v.graph.Pages():
		return nil, false
	}
	v.mu.Lock()
	v.repeated.add(page)
	end := v.repeated.n >= maxUseless
	v.mu.Unlock()
	if end {
		v.end()
	}
	return d, true
}

// noteUnlinked records a fetch of page before a link to it was handed out.
func (v *verifier) noteUnlinked(page uint32) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.unlinked.add(page)
}

// noteUnknown records a fetch of a page that the site does not have.
func (v *verifier) noteUnknown(page any) {
	text := fmt.Sprint(page)
	v.mu.Lock()
	v.unknown.add(text[:min(len(text), 80)])
	end := v.unknown.n >= maxUseless
	v.mu.Unlock()
	if end {
		v.end()
	}
}

// end ends the crawl: a crawler that repeats fetches may never return.
func (v *verifier) end() {
	if v.state.CompareAndSwap(open, ended) {
		v.quick.Store(false)
		if v.rules.Stop != nil {
			v.rules.Stop()
		}
	}
}

// fetched returns the i-th word of the bitset of the pages fetched.
func (v *verifier) fetched(i int) uint64 {
	set := v.seen[i].Load()
	if past := 64*(i+1) - v.graph.Pages(); past > 0 {
		set &= 1<<max(0, 64-past) - 1
	}
	return set
}

// Fetched returns the number of fetches since Begin.
func (s *Site) Fetched() int {
	v := &s.verifier
	v.mu.Lock()
	n := v.repeated.n
	v.mu.Unlock()
	for i := range v.seen {
		n += bits.OnesCount64(v.fetched(i))
	}
	for page, d := range v.renaming.overridden {
		switch did := d.fetched.Load(); {
		case did && int(page) >= v.graph.Pages():
			n++
		case !did && v.fetched(int(page/64))>>(page%64)&1 != 0:
			n-- // its bit was set by rename
		}
	}
	return n
}

// Seen returns the bitset of the pages fetched since Begin.
func (s *Site) Seen() []uint64 {
	set := make([]uint64, len(s.verifier.reach.Set))
	for i := range set {
		set[i] = s.verifier.fetched(i)
	}
	return set
}

// Overlapped reports whether two fetches of the last crawl were in flight at once.
func (s *Site) Overlapped() bool { return s.verifier.overlapped.Load() }

// tally counts values and keeps the first few.
type tally[T any] struct {
	n     int
	first []T
}

// examples is the number of pages that a violation names.
const examples = 3

func (t *tally[T]) add(v T) {
	t.n++
	if len(t.first) < examples {
		t.first = append(t.first, v)
	}
}
