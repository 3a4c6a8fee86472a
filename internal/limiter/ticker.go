package limiter

import (
	"context"
	"math"
	"time"

	"crawlbench/internal/crawl"
)

// ticker lets one caller through at each tick. The ticker keeps one tick for who comes late and drops the others, so that
// it has no burst and loses what a late timer, on Linux by up to a millisecond, did not send.
type ticker struct{ ticks <-chan time.Time }

func newTicker(perSecond float64, _ int) crawl.Limiter {
	every := min(float64(time.Second)/perSecond, math.MaxInt64/2)
	return ticker{time.NewTicker(max(1, time.Duration(every))).C} // one that nobody uses any more is collected
}

func (t ticker) Wait(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-t.ticks:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// NoDebt says that a tick is taken when it comes, and not before.
func (ticker) NoDebt() {}
