package web

import (
	"runtime"
	"slices"
	"time"
)

// Burn keeps a processor busy for so many rounds of a chain of multiplications. Rounds and not time are what every
// crawler gets the same amount of: reading the clock would let a crawl that is short of processors off with less work.
//
//go:noinline
func Burn(rounds int) {
	x := uint64(rounds)
	for range rounds {
		x = x*0xbf58476d1ce4e5b9 + 1
	}
	runtime.KeepAlive(x)
}

// Calibrate measures how many rounds Burn makes in a microsecond: the median of several runs of a few milliseconds each.
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
