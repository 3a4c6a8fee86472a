package measure

import (
	"runtime"

	"crawlbench/internal/host"
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

// flags returns the flags of a sample for which its crawls are the reason, see store.Sample. overlapped reports whether
// two fetches were ever in flight at once, or the workers took turns: with one lock, two fetches that take no time may
// never overlap, although no worker waits for another to finish.
func (b *Bench) flags(s *store.Sample, overlapped bool) []string {
	c := b.job.Cell
	var flags []string
	// In a chain no fetches can overlap, and rate-limited fetches without latency rarely do.
	several := c.Workers > 1 && c.Procs > 1 && b.cache.Reach.Widest > 1 && c.Rate == 0
	if several && !overlapped {
		flags = append(flags, "no overlap")
	}
	if c.Workers > 1 && stat.Quantile(s.Seconds, 0.5) < minCrawlSeconds {
		flags = append(flags, "too short")
	}
	return flags
}

// loadFlags returns the flags for which the machine is the reason, by what load.addTo counted in the given seconds.
func loadFlags(counted map[string]float64, wall float64) (flags []string) {
	if counted["throttled-sec"] > 0 {
		flags = append(flags, "throttled")
	}
	if counted["others-sec"] > preemptedShare*wall*float64(runtime.NumCPU()) {
		flags = append(flags, "preempted")
	}
	return flags
}

// load has the counters of the machine and of the control group.
type load struct{ steal, pressure, throttled, busy float64 }

func readLoad() load { return load{host.Steal(), host.Pressure(), host.Throttled(), host.Busy()} }

// addTo adds what was counted since l to counted. own is the processor time since then that no other has used.
func (l load) addTo(counted map[string]float64, own float64) {
	now := readLoad()
	counted["steal-sec"] = now.steal - l.steal
	counted["pressure-sec"] = now.pressure - l.pressure
	counted["throttled-sec"] = now.throttled - l.throttled
	counted["others-sec"] = max(0, now.busy-l.busy-own)
}
