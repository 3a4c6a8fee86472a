package web

import (
	"math/bits"
	"runtime"
	"sync/atomic"
	"time"
)

// A fetch that takes no time meets no other, and workers too many would not show. In an exact crawl it lets others run, as
// long as there were few fetches, and one in so many thereafter. And from the 4th, 16th, 64th ... on so many sleep that all
// workers allowed and one more would be asleep at once.
const (
	yieldAlways = 4096
	yieldEvery  = 16
	nap         = 200 * time.Microsecond
)

// linger takes the time of the n-th fetch of an exact crawl.
func (j *judge) linger(n int64) {
	if j.rules.Probe != nil && n&(n-1) == 0 {
		j.rules.Probe()
	}
	gate := int64(1) << ((bits.Len64(uint64(n)) - 1) &^ 1) // the largest power of four up to n
	switch {
	case gate > 1 && n-gate <= int64(j.rules.Workers):
		time.Sleep(nap)
	case n <= yieldAlways || n%yieldEvery == 0:
		runtime.Gosched()
	}
}

// expectLinks begins an exact crawl: nothing was handed out but the page to start from.
func (j *judge) expectLinks() {
	if j.handed == nil {
		j.handed = make([]atomic.Uint64, len(j.seen))
	}
	for i := range j.handed {
		j.handed[i].Store(0)
	}
	j.handOut([]uint32{j.graph.Start}, nil)
}

// handOut notes that links are handed out, or those of a detour. They are noted just before the fetch returns: nobody can
// have seen them earlier.
func (j *judge) handOut(links []uint32, d *detour) {
	if d != nil {
		links = d.ids
	}
	for _, link := range links {
		word, mask := &j.handed[link/64], uint64(1)<<(link%64)
		if word.Load()&mask == 0 {
			word.Or(mask)
		}
	}
}

// hold holds the fetch of page against the links handed out so far.
func (j *judge) hold(page uint32) {
	if j.handed[page/64].Load()>>(page%64)&1 == 0 {
		j.mu.Lock()
		j.unheard.add(page)
		j.mu.Unlock()
	}
}
