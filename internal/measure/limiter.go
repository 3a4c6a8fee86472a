package measure

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"crawlbench/internal/crawl/limiter"
	"crawlbench/internal/host"
)

// LimiterPace describes how well a limiter keeps a rate when goroutines do nothing but wait on it.
type LimiterPace struct {
	Limiter    string
	Rate       float64 // events per second
	Burst      int     // the events of 10 ms, at least 1
	Goroutines int
	Achieved   float64 // as a fraction of Rate
	Worst      float64 // see limiter.Worst
	CPU        float64 // seconds of processor time per event, including one clock reading
	// Jain is Jain's fairness index over the goroutines: 1 if all were let through equally often, 1/Goroutines if only
	// one was.
	Jain float64
}

// minEvents is the number of events that are awaited at a low rate.
const minEvents = 3

// MeasureLimiter measures a limiter for length, or longer if the rate is low.
func MeasureLimiter(ctx context.Context, name string, rate float64, goroutines int, length time.Duration) (LimiterPace,
	error) {
	p := LimiterPace{Limiter: name, Rate: rate, Burst: max(1, int(math.Ceil(rate/100))), Goroutines: goroutines}
	length = max(length, time.Duration((minEvents+0.5)/rate*float64(time.Second)))
	own, stop := context.WithCancel(ctx) // no deadline: some limiters return early if they would exceed it
	defer stop()
	at := make([][]time.Duration, goroutines)
	var all sync.WaitGroup
	cpu := host.CPUTime()
	l := limiter.New(name, rate, p.Burst)
	start := time.Now()
	end := time.AfterFunc(length, stop)
	defer end.Stop()
	for g := range goroutines {
		all.Go(func() {
			for l.Wait(own) == nil {
				at[g] = append(at[g], time.Since(start))
			}
		})
	}
	all.Wait()
	if err := ctx.Err(); err != nil {
		return p, err
	}
	cpu = host.CPUTime() - cpu
	sum, squares := 0.0, 0.0
	for _, list := range at {
		n := float64(len(list))
		sum += n
		squares += n * n
	}
	grants := slices.Concat(at...)
	slices.Sort(grants)
	if len(grants) > 0 {
		p.Achieved = sum / grants[len(grants)-1].Seconds() / rate
		p.CPU = cpu.Seconds() / sum
		p.Jain = sum * sum / squares / float64(goroutines)
	}
	p.Worst, _ = limiter.Worst(grants, rate, p.Burst)
	return p, nil
}

// limiters measures each limiter at several rates.
func limiters(ctx context.Context) ([]Reading, error) {
	var list []Reading
	off := false
	for _, k := range limiter.All() {
		for _, goroutines := range []int{1, 64} {
			var shares []string
			for _, rate := range []float64{1000, 20_000, 1_000_000} {
				p, err := MeasureLimiter(ctx, k.Name, rate, goroutines, window/4)
				if err != nil {
					return nil, err
				}
				shares = append(shares, fmt.Sprintf("%.1f %% of %.0f/s", 100*p.Achieved, rate))
				off = off || math.Abs(p.Achieved-1) > 0.03
			}
			list = append(list, Reading{
				Name:  fmt.Sprintf("limiter %s, %d at a time", k.Name, goroutines),
				Value: strings.Join(shares, ", "),
			})
		}
	}
	if off {
		list[len(list)-1].Hint = "not every rate is kept here within 3 %: check the achieved rate before you compare crawlers " +
			"at one"
	}
	return list, nil
}
