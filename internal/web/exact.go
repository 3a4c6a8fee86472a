package web

import (
	"runtime"
	"sync/atomic"
	"time"
)

// A fetch that takes no time overlaps with no other, so that excess workers would not show. In an
// exact crawl the first fetches yield to other goroutines, and later one fetch in yieldEvery. In
// addition, a few times, when there are enough known pages for more workers than allowed, as many
// fetches as there are workers are held until none has arrived for a while: an excess worker would
// arrive.
const (
	yieldAlways = 4096
	yieldEvery  = 16
	holds       = 3 // times
	holdEvery   = 4 // the next hold comes after this multiple of the fetches so far
	pollEvery   = 300 * time.Microsecond
)

// exactState is the state against which an exact crawl is checked.
type exactState struct {
	handed []atomic.Uint64 // bitset of the pages to which a link was handed out
	known  atomic.Int64    // number of those pages
	next   atomic.Int64    // number of the fetch at which the next hold begins
	last   atomic.Int64    // number of the last fetch of the current hold
	held   atomic.Int64    // number of holds so far
}

// begin begins an exact crawl: only a link to the start page has been handed out.
func (e *exactState) begin(start uint32, words int) {
	if e.handed == nil {
		e.handed = make([]atomic.Uint64, words)
	}
	for i := range e.handed {
		e.handed[i].Store(0)
	}
	e.known.Store(0)
	e.next.Store(1)
	e.last.Store(0)
	e.held.Store(0)
	e.handOut([]uint32{start})
}

// handOut records that links are handed out. It is called just before the fetch returns, so nobody
// can have used them before.
func (e *exactState) handOut(links []uint32) {
	fresh := int64(0)
	for _, link := range links {
		word, mask := &e.handed[link/64], uint64(1)<<(link%64)
		if word.Load()&mask == 0 && word.Or(mask)&mask == 0 {
			fresh++
		}
	}
	if fresh > 0 {
		e.known.Add(fresh)
	}
}

// has reports whether a link to page was handed out.
func (e *exactState) has(page uint32) bool { return e.handed[page/64].Load()>>(page%64)&1 != 0 }

// delay delays the n-th fetch of an exact crawl.
func (v *verifier) delay(n int64) {
	if v.rules.Probe != nil && n&(n-1) == 0 {
		v.rules.Probe()
	}
	e, workers := &v.exact, int64(v.rules.Workers)
	if next := e.next.Load(); n >= next && e.held.Load() < holds && e.known.Load()-n > 2*workers &&
		e.next.CompareAndSwap(next, holdEvery*n+workers) {
		e.held.Add(1)
		e.last.Store(n + workers - 1)
	}
	if n <= e.last.Load() {
		for before := int64(0); before < v.inflight.Load(); {
			before = v.inflight.Load()
			time.Sleep(pollEvery)
		}
	} else if n <= yieldAlways || n%yieldEvery == 0 {
		runtime.Gosched()
	}
}
