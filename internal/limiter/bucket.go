package limiter

import (
	"time"

	"golang.org/x/time/rate"

	"crawlbench/internal/crawl"
)

// newBucket is the limiter that most Go programs use, golang.org/x/time/rate. A wait takes its token at once, out of the
// future if need be, and sleeps until then. A wait that is cancelled can give back only what was reserved last: it wants
// crawl.InTurn. Callers read the clock before they queue for its lock; whoever comes late sets it back, and the time in
// between is credited twice (golang/go#65508, #71360).
func newBucket(perSecond float64, burst int) crawl.Limiter {
	l := rate.NewLimiter(rate.Limit(perSecond), burst)
	l.AllowN(time.Now(), burst)
	return l
}
