package measure

import (
	"runtime"

	"crawlbench/internal/stat"
	"crawlbench/internal/store"
)

// Beyond these limits a sample measures the machine more than the crawler.
const (
	// preemptedShare is the share of the machine's processor time that other processes or other guests of the
	// hypervisor may use during a sample. The kernel counts it in ticks of 10 ms, so the limit cannot be small.
	preemptedShare = 0.20
	// minCrawlSeconds is the shortest median crawl of several workers in a sample: a shorter one mostly measures how
	// long it takes to start the workers.
	minCrawlSeconds = 200e-6
	// minTurns is the smallest count of scheduling events that shows that workers take turns. Fewer may come from
	// goroutines that start and end, including those of the harness and of the garbage collector.
	minTurns = 16
)

// flags returns the flags of a sample, see store.Sample. overlapped reports whether two fetches were ever in flight at
// once, or the workers took turns: with one lock, two fetches that take no time may never overlap, although no worker
// waits for another to finish.
func (b *Bench) flags(s *store.Sample, wall float64, overlapped bool) []string {
	c := b.job.Cell
	var flags []string
	flag := func(applies bool, reason string) {
		if applies {
			flags = append(flags, reason)
		}
	}
	// In a chain no fetches can overlap, and rate-limited fetches without latency rarely do.
	several := c.Workers > 1 && c.Procs > 1 && b.cache.Reach.Widest > 1 && c.Rate == 0
	flag(several && !overlapped, "no overlap")
	flag(c.Workers > 1 && stat.Quantile(s.Seconds, 0.5) < minCrawlSeconds, "too short")
	flag(s.Host["throttled-sec"] > 0, "throttled")
	flag(s.Host["others-sec"] > preemptedShare*wall*float64(runtime.NumCPU()), "preempted")
	return flags
}
