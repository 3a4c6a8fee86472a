package crawl

import "context"

// InTurn returns a limiter that lets one caller at a time wait on l; the others wait for their turn. A crawl that is
// cancelled then leaves at most one reservation behind, which l can take back. Without it, each of the workers waiting on
// a token bucket has reserved a token of its own in the future, and a bucket such as golang.org/x/time/rate cannot take
// back those before the last: whoever uses the limiter next pays for pages that nobody fetched. Nil stays nil.
func InTurn(l Limiter) Limiter {
	if l == nil {
		return nil
	}
	return inTurn{l, make(chan struct{}, 1)}
}

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
