package crawl

import "context"

// InTurn returns a limiter that lets one caller at a time wait on l; the others queue. A cancelled crawl
// then leaves at most one reservation behind, which l can cancel. Otherwise each worker that waits on a
// token bucket has reserved a token, and a bucket such as golang.org/x/time/rate can cancel only the
// last reservation: the next user of the limiter waits for pages that were never fetched. InTurn returns
// nil for nil, and l itself if it is NonReserving.
func InTurn(l Limiter) Limiter {
	if l == nil {
		return nil
	}
	if _, ok := l.(NonReserving); ok {
		return l
	}
	return inTurn{l, make(chan struct{}, 1)}
}

// NonReserving is a limiter that takes a token only when a wait ends, so that a cancelled wait leaves
// nothing reserved and any number of callers may wait at a time. Its method NonReserving is a marker.
type NonReserving interface {
	Limiter
	NonReserving()
}

// Like returns l, which wraps other, as a NonReserving limiter if other is one.
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
	if err := ctx.Err(); err != nil { // select chooses at random if both are ready
		return err
	}
	return t.limiter.Wait(ctx)
}
