package cell

import (
	"runtime"
	"slices"

	"crawlbench/internal/store"
)

// Beyond these a sample says more of the machine than of the contender.
const (
	// robbedShare is the share of the machine's processor time that others may use while a sample is taken: other processes,
	// or other guests of the hypervisor. It is counted in ticks of 10 ms, and so may not be small.
	robbedShare = 0.20
	// shortest is the least number of seconds of a crawl by several workers, in the median of a sample: starting them takes
	// a good part of less.
	shortest = 200e-6
	// fewestTurns are those that tell workers that take turns from the starts and ends of goroutines, the harness's and the
	// collector's among them, of which by chance some are counted.
	fewestTurns = 16
)

// doubts returns the flags of a sample, see store.Sample. overlapped says whether ever two fetches were in flight, or the
// workers took turns: behind one lock a fetch that takes no time meets no other, yet none of them waits for another's end.
func (b *Bench) doubts(s *store.Sample, wall float64, overlapped bool) []string {
	c := b.job.Cell
	var flags []string
	flag := func(is bool, text string) {
		if is {
			flags = append(flags, text)
		}
	}
	several := c.Workers > 1 && c.Procs > 1 && b.cache.Reach.Widest > 1 // a chain lets nobody overlap
	flag(several && !overlapped && c.Rate == 0, "no overlap")           // a paced fetch without latency meets no other
	flag(c.Workers > 1 && middle(s.Seconds) < shortest, "short")
	flag(s.Host["throttled-sec"] > 0, "throttled")
	flag(s.Host["others-sec"] > robbedShare*wall*float64(runtime.NumCPU()), "robbed")
	return flags
}

// middle returns the upper median.
func middle(x []float64) float64 {
	return slices.Sorted(slices.Values(x))[len(x)/2]
}
