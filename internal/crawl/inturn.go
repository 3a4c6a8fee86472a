package crawl

import "context"

// InTurn returns a limiter that lets one caller at a time wait on l; the others queue. A cancelled
// crawl then leaves at most
// one reservation behind, which l can take back. Otherwise each worker that waits on a token bucket
// has reserved a future
// token, and a bucket such as golang.org/x/time/rate can only take back the last one: the next user
// of the limiter pays for
// pages that nobody fetched. InTurn returns nil for nil, and l itself if it is NonReserving.
func InTurn(l Limiter) Limiter {
	if l == nil {
		return nil
	}
	if _, ok := l.(NonReserving); ok {
		return l
	}
	return inTurn{l, make(chan struct{}, 1)}
}

// NonReserving is a limiter that takes a token only when a wait ends, so that a cancelled wait
// leaves nothing reserved and
// any number of callers may wait at a time. Its method NonReserving only marks it.
type NonReserving interface {
	Limiter
	NonReserving()
}

// Like returns l, a limiter around other, as NonReserving if other is.
func Like(l, other Limiter) Limiter {
	if _, ok := other.(NonReserving); ok {
		return nonReserving{l}
	}
	return l
}

type nonReserving struct{ Limiter }

func (nonReserving) NonReserving() {}

type inTurn struct {
	limiter Limiter
	turn    chan struct{}
}

func (t inTurn) Wait(ctx context.Context) error {
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := ctx.Err(); err != nil { // select chooses at random when both can go on
		return err
	}
	return t.limiter.Wait(ctx)
}
