package diagnose

import "crawlbench/internal/store"

// Distortion is how much slower a profile pass was than the timing passes.
type Distortion struct {
	Speed  float64 // pages per second of the pass
	Slowed float64 // share of the median speed of the timing pass that was lost; by chance it may be negative
	Events float64 // recorded a second of the crawls
	// Least and Most are the share of the crawls' time that the events were bound to take: that of all processors when
	// profilers work beside each other, and that of one when each event keeps everybody waiting. Both are 0 if what an
	// event costs is not known.
	Least, Most float64
}

// distortion says what the profilers of a pass did to its crawls. cost is in nanoseconds an event, by kind of profile.
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
