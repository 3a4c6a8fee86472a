package stealing

import "sync/atomic"

// deque is the circular work-stealing deque of Chase and Lev ("Dynamic circular work-stealing
// deque", SPAA 2005). Its owner pushes and pops at the bottom; thieves steal at the top. They
// compete only for the last element, by compare-and-swap on top, which only ever grows, so that
// there is no ABA problem. Go's atomic operations are sequentially consistent; for the weaker
// orders that suffice see Lê, Pop, Cohen and Zappa Nardelli, PPoPP 2013.
//
// Elements are pointers because a thief reads one before it owns it, and a string is more than one
// word.
type deque[K any] struct {
	top    atomic.Int64 // next to be stolen
	_      [56]byte
	bottom atomic.Int64 // next to be pushed
	ring   atomic.Pointer[ring[K]]
	_      [48]byte
}

type ring[K any] []atomic.Pointer[K] // a power of two

func (r ring[K]) at(i int64) *atomic.Pointer[K] { return &r[i&int64(len(r)-1)] }

// firstRing is the size of a deque's first ring.
const firstRing = 64

// push adds a page. Only the owner may call it.
func (d *deque[K]) push(page *K) {
	b, t := d.bottom.Load(), d.top.Load()
	r := d.ring.Load()
	if r == nil || b-t >= int64(len(*r)) {
		r = d.grow(r, t, b)
	}
	r.at(b).Store(page)
	d.bottom.Store(b + 1)
}

// grow doubles the ring. Thieves that still use the old one find the same elements there.
func (d *deque[K]) grow(old *ring[K], t, b int64) *ring[K] {
	size := firstRing
	if old != nil {
		size = 2 * len(*old)
	}
	r := make(ring[K], size)
	for i := t; i < b; i++ {
		r.at(i).Store(old.at(i).Load())
	}
	d.ring.Store(&r)
	return &r
}

// pop removes the newest page, or returns nil if there is none. Only the owner may call it.
func (d *deque[K]) pop() *K {
	b := d.bottom.Load() - 1
	if b < d.top.Load() { // only the owner pushes
		return nil
	}
	d.bottom.Store(b) // from here on thieves do not take it, unless they came before
	t := d.top.Load()
	if t > b {
		d.bottom.Store(b + 1)
		return nil
	}
	page := d.ring.Load().at(b).Load()
	if t == b { // the last element: compete with thieves
		if !d.top.CompareAndSwap(t, t+1) {
			page = nil
		}
		d.bottom.Store(b + 1)
	}
	return page
}

// steal removes the oldest page. It returns nil if there is none, or if another goroutine was
// faster; then again is true.
func (d *deque[K]) steal() (page *K, again bool) {
	t := d.top.Load()
	if t >= d.bottom.Load() {
		return nil, false
	}
	page = d.ring.Load().at(t).Load()
	if !d.top.CompareAndSwap(t, t+1) {
		return nil, true
	}
	return page, false
}

// empty reports whether there is nothing to steal.
func (d *deque[K]) empty() bool { return d.top.Load() >= d.bottom.Load() }
