package diagnose

import "crawlbench/internal/store"

// Distortion is how much slower a profile pass was than the timing passes.
type Distortion struct {
	Speed  float64 // pages per second of the pass
	Slowed float64 // lost share of the median speed of the timing pass; may be negative by chance
	Events float64 // recorded per second of crawling
	// Least and Most are the expected overhead as a share of the crawls' time: Least if profilers
	// run in parallel on all processors, Most if each event blocks all others. Both are 0 if the
	// cost of an event is unknown.
	Least, Most float64
}

// distortion returns the distortion of a profile pass. cost is in nanoseconds per event, by kind of profile.
func distortion(p *store.Profile, procs int, cost map[string]float64) Distortion {
	d := Distortion{Speed: float64(p.Pages) / p.Sec}
	busy := 0.0
	for kind, n := range p.Events {
		if cost[kind] > 0 {
			d.Events += n / p.Sec
			busy += n * cost[kind] / 1e9
		}
	}
	d.Most = min(1, busy/p.Sec)
	d.Least = d.Most / float64(max(1, procs))
	return d
}
