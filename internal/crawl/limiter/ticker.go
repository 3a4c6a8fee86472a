package limiter

import (
	"context"
	"math"
	"time"

	"crawlbench/internal/crawl"
)

// ticker grants one wait per tick. time.Ticker keeps one tick for a late receiver and drops the
// others, so that there is no burst, and ticks are lost when a timer is late, on Linux by up to a
// millisecond.
type ticker struct{ ticks <-chan time.Time }

func newTicker(perSecond float64, _ int) crawl.Limiter {
	every := min(float64(time.Second)/perSecond, math.MaxInt64/2)
	return ticker{time.NewTicker(max(1, time.Duration(every))).C} // the garbage collector stops an unused ticker
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

// NonReserving implements crawl.NonReserving: a tick is taken when it comes, and not reserved before.
func (ticker) NonReserving() {}
