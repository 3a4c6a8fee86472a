package limiter

import (
	"container/list"
	"context"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"crawlbench/internal/crawl"
)

// paced is a token bucket of our own. It combines three ideas.
//
// Leases: a caller that finds no credit reads the clock, takes as many of the accrued tokens as a
// lease allows, and leaves the rest of the lease as credit. Others take from the credit with one
// atomic subtraction, without lock or clock.
//
// A queue: a caller that finds no token waits, first come, first served. The first in the queue
// wakes when its token is available, takes it, then wakes the next. No later caller gets a token
// that somebody in the queue could have. Nothing is reserved, so a cancelled wait has nothing to
// return.
//
// An exact limit: the credit is at most lease-1 tokens, and the tokens accrued besides are kept so
// far below burst-lease+1 that, together with what accrues between two readings of the clock, they
// never exceed burst. So no window has more than burst + rate x its length.
//
// Readings of the clock are at least a millisecond apart if the bucket has room for several of
// these steps: timers are not finer on Linux, and at a million pages/s every goroutine that wakes
// would find one token and wake another. A bucket without room for a late timer loses the tokens of
// that time; there the first in the queue wakes early and spins.
type paced struct {
	interval   int64 // between tokens, in fractions of a nanosecond
	lease      int64 // maximum number of tokens taken at once
	maxAccrual int64 // the longest time, in fractions, for which tokens accrue
	step       int64 // the shortest time, in fractions, between two readings of the clock
	wakeEarly  int64 // how long, in fractions, before its token the first in the queue wakes
	start      time.Time

	_      [64]byte
	credit atomic.Int64 // tokens available; 0 and below: none
	_      [56]byte

	mu    sync.Mutex
	now   int64     // the last reading of the clock, in fractions since start
	empty int64     // the time at which the bucket had nothing accrued, likewise
	queue list.List // of chan struct{}, on which a waiter is told that it is its turn
	timer *time.Timer
}

const (
	// fraction is how many units of the clock a nanosecond has. At 1,000,000 pages/s they make the rate
	// exact to 4 in a million; they last for 400 days.
	fraction = 1 << 8
	// maxLease is the most tokens of a lease. It reduces the cost of clock and lock to 1/128 for each token.
	maxLease      = 128
	leaseFraction = 8 // a lease is at most 1/8 of the bucket, and a step 1/8 of the time that it takes to fill
	maxStep       = 1e-3
	wakeEarlyBy   = 1.2e-3 // covers timers that are a millisecond late, and the wake-up
	spinBelow     = 2e-3   // a bucket with room for less time than this loses tokens when a timer is late
	spinAbove     = 5e-3   // with shorter intervals, spinning would take more than a quarter of the time
	forever       = math.MaxInt64 / 4
)

func newPaced(perSecond float64, burst int) crawl.Limiter {
	fractions := func(seconds float64) int64 {
		return int64(math.Ceil(min(seconds*float64(time.Second)*fraction, forever)))
	}
	p := &paced{
		interval: max(1, fractions(1/perSecond)),
		lease:    int64(min(max(1, burst/leaseFraction), maxLease)),
		start:    time.Now(),
		timer:    time.NewTimer(forever),
	}
	p.timer.Stop()
	p.maxAccrual = fractions((float64(burst) - float64(p.lease) + 1) / perSecond)
	p.step = min(fractions(maxStep), (p.maxAccrual-p.interval)/leaseFraction)
	p.maxAccrual -= p.step
	if p.maxAccrual-p.interval < fractions(spinBelow) && p.interval > fractions(spinAbove) {
		p.wakeEarly = fractions(wakeEarlyBy)
	}
	return p
}

// NonReserving implements crawl.NonReserving: a wait takes its token when it ends, and reserves nothing
// before.
func (p *paced) NonReserving() {}

func (p *paced) Wait(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if p.credit.Add(-1) >= 0 {
		return nil
	}
	place := p.acquire()
	if place == nil {
		return nil
	}
	for {
		select {
		case <-place.Value.(chan struct{}):
		case <-p.timer.C: // meant for the first in the queue, whoever receives it
			p.spin(ctx)
		case <-ctx.Done():
		}
		if done, err := p.tryTake(ctx, place); done {
			return err
		}
	}
}

// acquire takes a lease and returns nil, or returns a place in the queue.
func (p *paced) acquire() *list.Element {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.leaseSize() > 1 { // let others go first, or one goroutine takes one lease after another
		p.mu.Unlock()
		runtime.Gosched()
		p.mu.Lock()
	}
	if p.credit.Add(-1) >= 0 { // somebody else took a lease in the meantime
		return nil
	}
	if n := p.leaseSize(); n > 0 {
		p.empty += n * p.interval
		p.credit.Store(n - 1) // it was below 0, and only holders of the lock add to it
		return nil
	}
	place := p.queue.PushBack(make(chan struct{}, 1))
	if p.queue.Len() == 1 {
		p.wakeFirst(p.accrued())
	}
	return place
}

// leaseSize returns how many tokens a lease may take now: an eighth of the accrued tokens that the
// queue does not need, or one goroutine would take all tokens of a step.
func (p *paced) leaseSize() int64 {
	surplus := p.accrued() - int64(p.queue.Len())
	return min((surplus+leaseFraction-1)/leaseFraction, p.lease)
}

// tryTake takes a token if the caller is first in the queue and there is one, or leaves the queue
// if ctx has ended.
func (p *paced) tryTake(ctx context.Context, place *list.Element) (done bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	accrued := p.accrued()
	err = ctx.Err()
	if done = err != nil || accrued > 0 && place == p.queue.Front(); done {
		p.queue.Remove(place)
	}
	if done && err == nil {
		p.empty += p.interval
		accrued--
	}
	p.wakeFirst(accrued)
	// Otherwise the time for setting the timer would shorten the next interval.
	if done && err == nil && p.wakeEarly > 0 {
		p.empty = max(p.empty, p.clock())
	}
	return done, err
}

// accrued returns how many tokens there are besides the credit.
func (p *paced) accrued() int64 {
	if now := p.clock(); now-p.now >= p.step {
		p.now = now
		p.empty = max(p.empty, now-p.maxAccrual)
	}
	return (p.now - p.empty) / p.interval
}

func (p *paced) clock() int64 { return int64(time.Since(p.start)) * fraction }

// spin yields until the token of the first in the queue is available, if that is soon. It stops if
// the clock stands still, as in package testing/synctest.
func (p *paced) spin(ctx context.Context) {
	if p.wakeEarly == 0 {
		return
	}
	p.mu.Lock()
	due := p.empty + p.interval
	p.mu.Unlock()
	before, now := int64(-1), p.clock()
	for now > before && now < due && due-now <= p.wakeEarly && ctx.Err() == nil {
		runtime.Gosched()
		before, now = now, p.clock()
	}
}

// wakeFirst wakes the first in the queue, at once if there is a token for it, otherwise when there
// will be one.
func (p *paced) wakeFirst(accrued int64) {
	first := p.queue.Front()
	switch {
	case first == nil:
		p.timer.Stop()
	case accrued > 0:
		select {
		case first.Value.(chan struct{}) <- struct{}{}:
		default: // it has been woken already
		}
	default:
		wait := max(p.empty+p.interval, p.now+p.step) - p.clock()
		if wait > p.wakeEarly {
			wait -= p.wakeEarly
		}
		p.timer.Reset(time.Duration((wait + fraction - 1) / fraction))
	}
}
