package cell

import "crawlbench/internal/store"

// Beyond these a sample says more of the machine than of the contender.
const (
	// robbedShare is the share of its processors' time that a sample may wait for other processes, or lose to other
	// guests of the hypervisor.
	robbedShare = 0.10
	// shortest is the least number of seconds of a crawl by several workers: starting them takes a good part of less.
	shortest = 200e-6
)

// doubts returns the flags of a sample, see store.Sample. overlapped says whether ever two fetches were in flight.
func (b *Bench) doubts(s *store.Sample, wall float64, overlapped bool) []string {
	c := b.job.Cell
	var flags []string
	flag := func(is bool, text string) {
		if is {
			flags = append(flags, text)
		}
	}
	several := c.Workers > 1 && c.Procs > 1
	flag(several && !overlapped && c.Rate == 0, "no overlap") // a paced fetch without latency meets no other
	flag(c.Workers > 1 && wall/float64(s.Crawls) < shortest, "short")
	flag(s.Host["throttled-sec"] > 0, "throttled")
	lost := s.Host["steal-sec"] + s.Host["run-delay-sec"]
	flag(lost > robbedShare*wall*float64(c.Procs), "robbed")
	return flags
}
