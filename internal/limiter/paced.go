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

// paced is a token bucket of our own, made of three ideas.
//
// Leases: whoever finds no credit reads the clock, takes as many tokens as have accrued, up to a lease, and leaves what it
// does not need as credit. The others take from the credit with one atomic subtraction, without lock or clock.
//
// A queue: who finds nothing waits, first come, first served; the first in the queue wakes when its token is there and
// takes it itself, then wakes the next. Nobody who comes later may have a token that somebody in the queue could have.
// Nothing is reserved, so that a wait that is cancelled owes nothing.
//
// An exact bound: at most lease-1 tokens are on credit, and what has accrued besides is kept so far below burst-lease+1
// that together with what accrues between two looks at the clock it is never more than burst. So no span of time sees
// more than burst + rate x its length.
//
// The clock that counts moves on by a millisecond at least, where the bucket has room for several of that: timers are no
// finer on Linux, and at a million a second a token would come with every goroutine that wakes, and wake another. A bucket
// that has no room for a late timer loses that time for good; there the first in the queue wakes early and spins.
type paced struct {
	interval int64 // of tokens, in fractions of a nanosecond
	lease    int64 // most tokens taken at once
	most     int64 // the most time, in fractions, for which tokens accrue
	step     int64 // the least time, in fractions, between two looks at the clock
	early    int64 // the time, in fractions, by which the first in the queue wakes before its token is there
	start    time.Time

	_      [64]byte
	credit atomic.Int64 // tokens to be had; 0 and below: none
	_      [56]byte

	mu    sync.Mutex
	now   int64     // the last look at the clock, in fractions since start
	empty int64     // when the bucket had nothing accrued, likewise
	queue list.List // of chan struct{}, which says that it is one's turn
	timer *time.Timer
}

const (
	// fractions of a nanosecond make the rate exact to 4 in a million at 1,000,000/s, and last 400 days.
	fraction = 1 << 8
	// longestLease makes the clock and the lock cheap: a 128th of their cost on each token.
	longestLease = 128
	leaseShare   = 8 // a lease is at most this part of the bucket, and a step this part of the time that it takes to fill
	longestStep  = 1e-3
	earlyBy      = 1.2e-3 // timers that are a millisecond late, and what it takes to wake
	spinBelow    = 2e-3   // a bucket with room for less than this loses what timers are late by
	spinAbove    = 5e-3   // of intervals below this spinning would take more than a quarter
	forever      = math.MaxInt64 / 4
)

func newPaced(perSecond float64, burst int) crawl.Limiter {
	fractions := func(seconds float64) int64 {
		return int64(math.Ceil(min(seconds*float64(time.Second)*fraction, forever)))
	}
	p := &paced{
		interval: max(1, fractions(1/perSecond)),
		lease:    int64(min(max(1, burst/leaseShare), longestLease)),
		start:    time.Now(),
		timer:    time.NewTimer(forever),
	}
	p.timer.Stop()
	p.most = fractions((float64(burst) - float64(p.lease) + 1) / perSecond)
	p.step = min(fractions(longestStep), (p.most-p.interval)/leaseShare)
	p.most -= p.step
	if p.most-p.interval < fractions(spinBelow) && p.interval > fractions(spinAbove) {
		p.early = fractions(earlyBy)
	}
	return p
}

// NoDebt says that a wait takes its token when it ends, and nothing before.
func (p *paced) NoDebt() {}

func (p *paced) Wait(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if p.credit.Add(-1) >= 0 {
		return nil
	}
	turn := p.ask()
	if turn == nil {
		return nil
	}
	for {
		select {
		case <-turn.Value.(chan struct{}):
		case <-p.timer.C: // for the first, whoever gets it
			p.spin(ctx)
		case <-ctx.Done():
		}
		if over, err := p.look(ctx, turn); over {
			return err
		}
	}
}

// ask takes a lease and returns nil, or returns a place in the queue.
func (p *paced) ask() *list.Element {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.share() > 1 { // let others ask first, or whoever runs has one lease after the other
		p.mu.Unlock()
		runtime.Gosched()
		p.mu.Lock()
	}
	if p.credit.Add(-1) >= 0 { // somebody else took a lease meanwhile
		return nil
	}
	if n := p.share(); n > 0 {
		p.empty += n * p.interval
		p.credit.Store(n - 1) // it was below 0, and only holders of the lock add to it
		return nil
	}
	turn := p.queue.PushBack(make(chan struct{}, 1))
	if p.queue.Len() == 1 {
		p.call(p.accrued())
	}
	return turn
}

// share returns how many tokens a lease may have now: of those besides the credit and those for the queue an eighth, or one
// goroutine would get all of a step.
func (p *paced) share() int64 {
	surplus := p.accrued() - int64(p.queue.Len())
	return min((surplus+leaseShare-1)/leaseShare, p.lease)
}

// look lets the caller through if it is the first in the queue and its token is there, or drops it if ctx has ended.
func (p *paced) look(ctx context.Context, turn *list.Element) (over bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	accrued := p.accrued()
	err = ctx.Err()
	if over = err != nil || accrued > 0 && turn == p.queue.Front(); over {
		p.queue.Remove(turn)
	}
	if over && err == nil {
		p.empty += p.interval
		accrued--
	}
	p.call(accrued)
	if over && err == nil && p.early > 0 { // what setting the timer took would shorten the time to the next
		p.empty = max(p.empty, p.clock())
	}
	return over, err
}

// accrued returns how many tokens there are besides the credit.
func (p *paced) accrued() int64 {
	if now := p.clock(); now-p.now >= p.step {
		p.now = now
		p.empty = max(p.empty, now-p.most)
	}
	return (p.now - p.empty) / p.interval
}

func (p *paced) clock() int64 { return int64(time.Since(p.start)) * fraction }

// spin lets others run until the token of the first is there, if that is soon. It gives up where the clock stands still, as
// in package testing/synctest.
func (p *paced) spin(ctx context.Context) {
	if p.early == 0 {
		return
	}
	p.mu.Lock()
	due := p.empty + p.interval
	p.mu.Unlock()
	for before, now := int64(-1), p.clock(); now > before && now < due && due-now <= p.early && ctx.Err() == nil; before, now = now, p.clock() {
		runtime.Gosched()
	}
}

// call wakes the first in the queue, at once if there is a token for it and else when there will be.
func (p *paced) call(accrued int64) {
	first := p.queue.Front()
	switch {
	case first == nil:
		p.timer.Stop()
	case accrued > 0:
		select {
		case first.Value.(chan struct{}) <- struct{}{}:
		default: // it has been called
		}
	default:
		wait := max(p.empty+p.interval, p.now+p.step) - p.clock()
		if wait > p.early {
			wait -= p.early
		}
		p.timer.Reset(time.Duration((wait + fraction - 1) / fraction))
	}
}
