package limit

import (
	"context"
	_ "embed"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"crawlbench/internal/crawl"
)

//go:embed reserve.lua
var reserveScript string

// reserver reserves pages in the schedule of a rate. The schedule is on the server and uses its clock.
type reserver struct {
	*conn
	script    *redis.Script
	interval  float64 // from page to page, in ns
	burst     int
	tolerance float64 // how much earlier than it is due a page may be fetched, in ns
	start     time.Time
}

func newReserver(c *conn, rate float64, burst int) *reserver {
	return &reserver{conn: c, script: redis.NewScript(reserveScript), interval: 1e9 / rate, burst: burst,
		tolerance: float64(burst-1) * 1e9 / rate, start: time.Now()}
}

// reservation is the server's answer to a reservation.
type reservation struct {
	due float64 // when the first page is due, in ns since the start of the reserver
	end int64
}

// reserve reserves pages. Times count from the arrival of the answer, so that a page is never early, but late by the
// travel time of the answer.
func (r *reserver) reserve(ctx context.Context, pages int, known int64, others int) (reservation, error) {
	microseconds := strconv.FormatFloat(r.interval/1e3, 'g', 17, 64)
	list, err := r.script.Run(ctx, r.client, []string{r.key}, microseconds, r.burst, pages, known, others).StringSlice()
	if err != nil {
		return reservation{}, err
	}
	now := time.Since(r.start)
	if len(list) != 2 {
		return reservation{}, fmt.Errorf("the script returned %q, want two numbers", list)
	}
	wait, err := strconv.ParseFloat(list[0], 64)
	if err != nil {
		return reservation{}, err
	}
	end, err := strconv.ParseInt(list[1], 10, 64)
	return reservation{float64(now) + wait, end}, err
}

// until returns the time until a page that is due may be fetched; it is negative if that has been so for some time.
func (r *reserver) until(due float64, now time.Duration) time.Duration {
	return time.Duration(math.Ceil(due - r.tolerance - float64(now)))
}

// one is a limiter that reserves one page with each call, and sleeps until it may be fetched. A cancelled wait leaves
// its page reserved, as with golang.org/x/time/rate, hence crawl.InTurn. After the server has lost its state, pages
// that were reserved before are fetched beside others that get the same times again.
type one struct{ *reserver }

func newReserve(c *conn, rate float64, burst int) (crawl.Limiter, error) {
	return one{newReserver(c, rate, burst)}, nil
}

func (l one) Wait(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r, err := call(ctx, l.conn, func(ctx context.Context) (reservation, error) { return l.reserve(ctx, 1, 0, 0) })
	if err != nil {
		return err
	}
	if wait := l.until(r.due, time.Since(l.start)); wait > 0 {
		return sleep(ctx, wait)
	}
	return nil
}
