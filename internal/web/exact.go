package web

import (
	"runtime"
	"sync/atomic"
	"time"
)

// A fetch that takes no time meets no other, and workers too many would not show. In an exact crawl it lets others run, as
// long as there were few fetches, and one in so many thereafter. And some times, when there are pages for more workers than
// there may be, as many as there may be are held until for a nap no other has come: one too many comes.
const (
	yieldAlways = 4096
	yieldEvery  = 16
	holds       = 3 // times
	holdEvery   = 4 // times as many fetches as at the time before
	nap         = 300 * time.Microsecond
)

// exact is what an exact crawl is held against.
type exact struct {
	handed []atomic.Uint64 // bitset of the pages to which a link was handed out
	known  atomic.Int64    // how many they are
	next   atomic.Int64    // the fetch from which on fetches are held again
	last   atomic.Int64    // the last that is held
	held   atomic.Int64    // how often there were such
}

// begin begins an exact crawl: nothing was handed out but the page to start from.
func (e *exact) begin(start uint32, words int) {
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

// handOut notes that links are handed out. It is called just before the fetch returns: nobody can have seen them earlier.
func (e *exact) handOut(links []uint32) {
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
func (e *exact) has(page uint32) bool { return e.handed[page/64].Load()>>(page%64)&1 != 0 }

// linger takes the time of the n-th fetch of an exact crawl.
func (j *judge) linger(n int64) {
	if j.rules.Probe != nil && n&(n-1) == 0 {
		j.rules.Probe()
	}
	e, workers := &j.exact, int64(j.rules.Workers)
	if next := e.next.Load(); n >= next && e.held.Load() < holds && e.known.Load()-n > 2*workers && e.next.CompareAndSwap(next, holdEvery*n+workers) {
		e.held.Add(1)
		e.last.Store(n + workers - 1)
	}
	if n <= e.last.Load() {
		for before := int64(0); before < j.inflight.Load(); {
			before = j.inflight.Load()
			time.Sleep(nap)
		}
	} else if n <= yieldAlways || n%yieldEvery == 0 {
		runtime.Gosched()
	}
}
