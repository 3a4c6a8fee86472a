package crawl

import "context"

// InTurn returns a limiter that lets one caller at a time wait on l; the others wait for their turn. A crawl that is
// cancelled then leaves at most one reservation behind, which l can take back. Without it, each of the workers waiting on
// a token bucket has reserved a token of its own in the future, and a bucket such as golang.org/x/time/rate cannot take
// back those before the last: whoever uses the limiter next pays for pages that nobody fetched. Nil stays nil, and a Debtless limiter needs no turns.
func InTurn(l Limiter) Limiter {
	if l == nil {
		return nil
	}
	if _, ok := l.(Debtless); ok {
		return l
	}
	return inTurn{l, make(chan struct{}, 1)}
}

// Debtless is a limiter on which any number may wait at a time: a wait takes nothing before it ends, so that one that is
// cancelled leaves nothing reserved. NoDebt does nothing but say so.
type Debtless interface {
	Limiter
	NoDebt()
}

// Like returns l, a limiter around another, and lets it say of debt what the other says.
func Like(l, other Limiter) Limiter {
	if _, ok := other.(Debtless); ok {
		return debtless{l}
	}
	return l
}

type debtless struct{ Limiter }

func (debtless) NoDebt() {}

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
