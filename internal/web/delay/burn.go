package delay

import (
	"context"
	"runtime"
	"slices"
	"time"
)

// Burn keeps a processor busy for the given number of rounds of a chain of multiplications. It counts rounds rather
// than time so that every crawler does the same amount of work: with a clock, a crawl that is short of processor time
// would do less.
//
//go:noinline
func Burn(rounds int) {
	x := uint64(rounds)
	for range rounds {
		x = x*0xbf58476d1ce4e5b9 + 1
	}
	runtime.KeepAlive(x)
}

// Calibrate returns how many rounds Burn makes in a microsecond: the median of seven runs.
func Calibrate() float64 {
	const rounds = 2_000_000
	runs := make([]float64, 7)
	for i := range runs {
		start := time.Now()
		Burn(rounds)
		runs[i] = rounds / (float64(time.Since(start)) / float64(time.Microsecond))
	}
	slices.Sort(runs)
	return runs[len(runs)/2]
}

// Wait waits for d, or returns the error of ctx when that ends.
func Wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
