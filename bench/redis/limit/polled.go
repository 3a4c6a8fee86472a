package limit

import (
	"context"
	"math"
	"strings"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/throttled/throttled/v2"
	"github.com/throttled/throttled/v2/store/goredisstore.v9"
	window "github.com/ulule/limiter/v3"
	windowstore "github.com/ulule/limiter/v3/drivers/store/redis"

	"crawlbench/internal/crawl"
)

// polled is a limiter whose library grants a page at once or says when to ask again. The page then goes to the first to
// ask, however long others have waited.
type polled struct {
	*conn
	// ask returns 0 if it was granted a page, and otherwise how long to wait before the next attempt.
	ask func(context.Context) (time.Duration, error)
}

// NonReserving implements crawl.NonReserving: nothing is reserved before a page is granted.
func (polled) NonReserving() {}

func (p polled) Wait(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		again, err := call(ctx, p.conn, p.ask)
		if err != nil || again <= 0 {
			return err
		}
		if err := sleep(ctx, again); err != nil {
			return err
		}
	}
}

// interval returns the time from page to page, rounded up: libraries take whole numbers of pages and nanoseconds.
func interval(rate float64) time.Duration {
	return time.Duration(math.Ceil(float64(time.Second) / rate))
}

// newRate returns a limiter of go-redis/redis_rate. Its bucket begins full.
func newRate(c *conn, rate float64, burst int) (crawl.Limiter, error) {
	l := redis_rate.NewLimiter(c.client)
	limit := redis_rate.Limit{Rate: 1, Burst: burst, Period: interval(rate)}
	return polled{c, func(ctx context.Context) (time.Duration, error) {
		r, err := l.Allow(ctx, c.key, limit)
		if err != nil || r.Allowed > 0 {
			return 0, err
		}
		return max(1, r.RetryAfter), nil
	}}, nil
}

// contended is the beginning of throttled's error after ten failed attempts to swap its state.
const contended = "Failed to store updated rate limit data"

// newThrottled returns a limiter of throttled/throttled. Its bucket begins full. Attempts that fail because of others
// are repeated, although the library returns an error.
func newThrottled(c *conn, rate float64, burst int) (crawl.Limiter, error) {
	store, err := goredisstore.NewCtx(c.client, "")
	if err != nil {
		return nil, err
	}
	// Its MaxBurst is what may come besides the first page.
	quota := throttled.RateQuota{MaxRate: throttled.PerDuration(1, interval(rate)), MaxBurst: burst - 1}
	l, err := throttled.NewGCRARateLimiterCtx(store, quota)
	if err != nil {
		return nil, err
	}
	return polled{c, func(ctx context.Context) (time.Duration, error) {
		limited, r, err := l.RateLimitCtx(ctx, c.key, 1)
		switch {
		case err != nil && strings.HasPrefix(err.Error(), contended):
			c.contended.Add(1)
			return time.Millisecond, nil
		case err != nil || !limited:
			return 0, err
		}
		return max(1, r.RetryAfter), nil
	}}, nil
}

// newWindow returns a limiter of ulule/limiter: it counts the pages of a second, and refuses those beyond the rate
// until the second is over.
func newWindow(c *conn, rate float64, _ int) (crawl.Limiter, error) {
	limit := max(1, math.Floor(rate))
	period := time.Duration(math.Ceil(limit/rate*1e3)) * time.Millisecond // which the library counts in milliseconds
	store, err := windowstore.NewStoreWithOptions(c.client, window.StoreOptions{Prefix: c.key})
	if err != nil {
		return nil, c.failed(err)
	}
	l := window.New(store, window.Rate{Period: period, Limit: int64(limit)})
	return polled{c, func(ctx context.Context) (time.Duration, error) {
		r, err := l.Get(ctx, "window")
		if err != nil || !r.Reached {
			return 0, err
		}
		const soon = 10 * time.Millisecond // the end of the window is in whole seconds, and may have passed
		return max(soon, time.Until(time.Unix(r.Reset, 0))), nil
	}}, nil
}
