package limiter

import (
	"time"

	"golang.org/x/time/rate"

	"crawlbench/internal/crawl"
)

// newBucket returns the limiter that most Go programs use, golang.org/x/time/rate. A wait reserves
// its token at once, if necessary in the future, and sleeps until then. A cancelled wait can return
// its token only if it was the last reservation, hence crawl.InTurn. Callers read the clock before
// they wait for its lock; a late one sets the clock back, and the time between is credited twice
// (golang/go#65508, #71360).
func newBucket(perSecond float64, burst int) crawl.Limiter {
	l := rate.NewLimiter(rate.Limit(perSecond), burst)
	l.AllowN(time.Now(), burst)
	return l
}
