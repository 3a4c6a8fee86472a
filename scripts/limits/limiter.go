package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"sync"
	"time"

	"crawlbench/internal/crawl/limiter"
	"crawlbench/internal/measure"
	"crawlbench/internal/stat"
)

// limitJob is a measurement of a limiter; Rate 0 measures its cost at a rate that never limits.
type limitJob struct {
	Limiter    string
	Rate       float64
	Goroutines int
}

// ourLimiter is our best limiter.
const ourLimiter = "paced"

// limiterRows compares our limiter with x/time/rate, and with the requested rate.
func limiterRows() []row {
	var rows []row
	for _, n := range []int{8, 64} {
		rows = append(rows, row{work: fmt.Sprintf("limiter, cost per event: %s / x/time/rate w=%d", ourLimiter, n),
			required: 2, target: 8, subject: limitSide(ourLimiter, 0, n), baseline: limitSide("bucket", 0, n)})
	}
	for _, rate := range []float64{1, 100, 1e3, 1e4, 1e5, 1e6} {
		for _, n := range []int{1, 64} {
			// The time is read after the wait has returned, which adds an error of some
			// microseconds.
			s := limitSide(ourLimiter, rate, n)
			rows = append(rows,
				row{work: fmt.Sprintf("limiter, error: %s at %.0f/s w=%d", ourLimiter, rate, n),
					required: 0.01, target: 0.002, atMost: true, subject: s,
					value: func(subject, _ result) float64 { return math.Abs(subject.Kept - 1) }},
				row{work: fmt.Sprintf("limiter, worst window: %s at %.0f/s w=%d", ourLimiter, rate, n),
					required: 1.001, target: 1.001, atMost: true, subject: s,
					value: func(subject, _ result) float64 { return subject.Worst }})
		}
	}
	return append(rows, row{work: "limiter, achieved/requested: x/time/rate at 1000000/s w=64",
		subject: limitSide("bucket", 1e6, 64),
		value:   func(subject, _ result) float64 { return subject.Kept }})
}

// limitSide returns the side of a limiter.
func limitSide(name string, rate float64, goroutines int) side {
	return side{fmt.Sprintf("limiter %s %.0f/s w=%d", name, rate, goroutines),
		func(ctx context.Context) (result, error) {
			return start(ctx, job{Limit: &limitJob{name, rate, goroutines}})
		}}
}

// do measures the limiter and prints the result.
func (j limitJob) do() error {
	if j.Rate == 0 {
		return json.NewEncoder(os.Stdout).Encode(result{Seconds: j.cost()})
	}
	p, err := measure.MeasureLimiter(context.Background(), j.Limiter, j.Rate, j.Goroutines, time.Second)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result{Kept: p.Achieved, Worst: p.Worst})
}

// cost returns the seconds per event, over all goroutines together, when no caller has to wait.
func (j limitJob) cost() float64 {
	const rate, events = 1e9, 1 << 22
	l := limiter.New(j.Limiter, rate, 1e7)
	var times []float64
	for range 3 {
		start := time.Now()
		var all sync.WaitGroup
		for range j.Goroutines {
			all.Go(func() {
				for range events / j.Goroutines {
					l.Wait(context.Background())
				}
			})
		}
		all.Wait()
		times = append(times, time.Since(start).Seconds()/events)
	}
	return stat.Quantile(times, 0.5)
}
