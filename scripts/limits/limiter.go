package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"sync"
	"time"

	"crawlbench/internal/doctor"
	"crawlbench/internal/limiter"
	"crawlbench/internal/stat"
)

// limitJob is what a process does with a limiter; Rate 0 asks for its cost where it never limits.
type limitJob struct {
	Limiter    string
	Rate       float64
	Goroutines int
}

// ourLimiter is the best one.
const ourLimiter = "paced"

// limiterRows compares our limiter with x/time/rate, and with what it was asked for.
func limiterRows() []row {
	var rows []row
	for _, n := range []int{8, 64} {
		rows = append(rows, row{work: fmt.Sprintf("limiter, cost an event: %s / x/time/rate w=%d", ourLimiter, n), must: 2, aim: 8,
			of: limitSide(ourLimiter, 0, n), against: limitSide("bucket", 0, n)})
	}
	for _, rate := range []float64{1, 100, 1e3, 1e4, 1e5, 1e6} {
		for _, n := range []int{1, 64} {
			// The time is taken after the wait has returned: some microseconds come and go.
			s := limitSide(ourLimiter, rate, n)
			rows = append(rows,
				row{work: fmt.Sprintf("limiter, off by: %s at %.0f/s w=%d", ourLimiter, rate, n), must: 0.01, aim: 0.002, atMost: true, of: s,
					value: func(of, _ result) float64 { return math.Abs(of.Kept - 1) }},
				row{work: fmt.Sprintf("limiter, worst window: %s at %.0f/s w=%d", ourLimiter, rate, n), must: 1.001, aim: 1.001, atMost: true, of: s,
					value: func(of, _ result) float64 { return of.Worst }})
		}
	}
	return append(rows, row{work: "limiter, achieved/asked: x/time/rate at 1000000/s w=64", of: limitSide("bucket", 1e6, 64),
		value: func(of, _ result) float64 { return of.Kept }})
}

// limitSide is the side of a limiter.
func limitSide(name string, rate float64, goroutines int) side {
	return side{fmt.Sprintf("limiter %s %.0f/s w=%d", name, rate, goroutines), func(ctx context.Context) (result, error) {
		return start(ctx, job{Limit: &limitJob{name, rate, goroutines}})
	}}
}

// do measures the limiter and prints the result.
func (j limitJob) do() error {
	if j.Rate == 0 {
		return json.NewEncoder(os.Stdout).Encode(result{Seconds: j.cost()})
	}
	p, err := doctor.Measure(context.Background(), j.Limiter, j.Rate, j.Goroutines, time.Second)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result{Kept: p.Achieved, Worst: p.Worst})
}

// cost returns the seconds that an event takes, of all goroutines together, where nobody has to wait.
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
