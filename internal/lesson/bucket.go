package lesson

import (
	"context"
	"fmt"
	"time"

	"crawlbench/internal/crawl/limiter"
)

func tokenBucket() Lesson {
	return Lesson{
		Title: "token bucket, ticker and burst",
		Question: "Two limiters admit 100 pages a second: a token bucket that holds 20 tokens, and a time.Ticker. The " +
			"crawler is busy elsewhere for half a second and asks for nothing. Then it asks for pages as fast as it can. " +
			"How many do the two admit at once?",
		Choices: []string{
			"about 50 each: half a second's worth",
			"about 20 and 1: what the bucket holds, and one tick",
			"1 each: the rate is the rate",
		},
		Taught: 1,
		Why: "A token bucket saves up to its size while nobody asks, and admits that as a burst; what exceeds the size is " +
			"lost. A ticker keeps one tick. So a burst of 1 is smooth but loses throughput each time that a worker is " +
			"late, because what was missed is not made up for; a large burst makes up for delays but lets many pages " +
			"hit the site at once. crawlbench's default is 10 ms worth of pages, since timers may be a millisecond late.",
		Next: "\"crawlbench run limiters\" shows each limiter's worst window, and \"crawlbench list limiters\" lists them.",
		run: func(ctx context.Context, l *Lab) (Result, error) {
			const rate, burst = 100, 20
			admitted := map[string]int{}
			for _, name := range []string{"bucket", "ticker"} {
				n, err := afterPause(ctx, name, rate, burst)
				if err != nil {
					return Result{}, err
				}
				admitted[name] = n
			}
			b, t := admitted["bucket"], admitted["ticker"]
			r := Result{Unsure,
				bars([]bar{{"bucket of 20", float64(b), fmt.Sprint(b)}, {"ticker", float64(t), fmt.Sprint(t)}}),
				fmt.Sprintf("After the pause, the bucket admitted %d pages at once and the ticker %d.", b, t)}
			switch {
			case b >= 40 && t >= 40:
				r.Choice = 0
			case b >= burst/2 && b <= burst*3/2 && t <= 2:
				r.Choice = 1
			case b <= 2 && t <= 2:
				r.Choice = 2
			}
			return r, nil
		},
	}
}

// afterPause returns how many pages a limiter admits at once after a pause: those before the first one that is waited
// for, for half of the time between two pages or longer.
func afterPause(ctx context.Context, name string, rate float64, burst int) (int, error) {
	lim := limiter.New(name, rate, burst)
	if err := lim.Wait(ctx); err != nil {
		return 0, err
	}
	time.Sleep(500 * time.Millisecond)
	for n := 0; ; n++ {
		before := time.Now()
		if err := lim.Wait(ctx); err != nil {
			return n, err
		}
		if time.Since(before) > time.Duration(float64(time.Second)/rate/2) {
			return n, nil
		}
	}
}
