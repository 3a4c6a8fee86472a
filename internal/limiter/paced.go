package limiter

import (
	"container/list"
	"context"
	"math"
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
// An exact bound: at most lease-1 tokens are on credit and at most burst-lease+1 have accrued besides, which together is
// never more than burst. So no span of time sees more than burst + rate x its length.
//
// Tokens are collected for a millisecond at least before the queue wakes, where the bucket has room for several of that:
// timers are no finer on Linux, and many small wakes cost more than few large ones.
type paced struct {
	interval int64 // of tokens, in fractions of a nanosecond
	lease    int64 // most tokens taken at once
	most     int64 // the most time, in fractions, for which tokens accrue
	collect  int64 // the least time, in fractions, for which the queue sleeps
	start    time.Time

	_      [64]byte
	credit atomic.Int64 // tokens to be had; 0 and below: none
	_      [56]byte

	mu    sync.Mutex
	empty int64     // when the bucket had nothing accrued, in fractions since start
	queue list.List // of chan struct{}, which says that it is one's turn
	timer *time.Timer
}

const (
	// fractions of a nanosecond make the rate exact to 4 in a million at 1,000,000/s, and last 400 days.
	fraction = 1 << 8
	// longestLease makes the clock and the lock cheap: a 64th of their cost on each token.
	longestLease = 64
	leaseShare   = 8 // a lease is at most this part of the bucket
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
	p.collect = min(fractions(1e-3), (p.most-p.interval)/8)
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
		case <-p.timer.C: // of whom it woke, it is the first's
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
	if p.credit.Add(-1) >= 0 { // somebody else took a lease meanwhile
		return nil
	}
	accrued := p.accrued()
	if n := min(accrued-int64(p.queue.Len()), p.lease); n > 0 {
		p.empty += n * p.interval
		p.credit.Store(n - 1) // it was below 0, and only holders of the lock add to it
		return nil
	}
	turn := p.queue.PushBack(make(chan struct{}, 1))
	if p.queue.Len() == 1 {
		p.call(accrued)
	}
	return turn
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
	return over, err
}

// accrued returns how many tokens there are besides the credit.
func (p *paced) accrued() int64 {
	now := int64(time.Since(p.start)) * fraction
	p.empty = max(p.empty, now-p.most)
	return (now - p.empty) / p.interval
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
		now := int64(time.Since(p.start)) * fraction
		wait := max(p.empty+p.interval-now, p.collect)
		p.timer.Reset(time.Duration((wait + fraction - 1) / fraction))
	}
}
