package limiter

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	"crawlbench/internal/crawl"
)

// gcra is the generic cell rate algorithm of ITU-T I.371 in its virtual scheduling form. Its only
// state is the time at which the next page is due at a steady rate; a page may come earlier by
// burst-1 intervals. A caller advances it by one interval and sleeps until its own turn. A
// cancelled wait can set it back only if nobody has advanced it since, hence crawl.InTurn.
type gcra struct {
	interval, tolerance time.Duration
	start               time.Time
	due                 atomic.Int64 // since start
}

func newGCRA(perSecond float64, burst int) crawl.Limiter {
	interval := min(float64(time.Second)/perSecond, math.MaxInt64/4)
	g := &gcra{interval: max(1, time.Duration(math.Ceil(interval))), start: time.Now()}
	g.tolerance = time.Duration(min(float64(burst-1)*interval, math.MaxInt64/4))
	g.due.Store(int64(g.interval + g.tolerance))
	return g
}

func (g *gcra) Wait(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for {
		now := time.Since(g.start)
		due := g.due.Load()
		next := max(due, int64(now)) + int64(g.interval)
		if !g.due.CompareAndSwap(due, next) {
			continue
		}
		wait := time.Duration(due) - g.tolerance - now
		if wait <= 0 {
			return nil
		}
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
			return nil
		case <-ctx.Done():
			g.due.CompareAndSwap(next, due)
			return ctx.Err()
		}
	}
}
