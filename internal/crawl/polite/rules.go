package polite

import (
	"math"

	"crawlbench/internal/crawl"
)

// Rules are the options of a crawl that concern its scheduler.
type Rules struct {
	Workers int
	Gap     int64 // in nanoseconds, like all times of schedulers
	// FromStart measures Gap from the start of a fetch.
	FromStart bool
	// PerHost is the largest number of turns of a host at a time.
	PerHost int
	// Robots makes the first turn of each host that of its robots.txt.
	Robots bool
	// OneHost says that there is no policy.
	OneHost bool
	// SizeHint is the expected number of pages, 0 if unknown.
	SizeHint int
}

func rulesOf(o crawl.Options, robots bool) Rules {
	p := (*crawl.Policy)(o.Politeness)
	if p == nil {
		return Rules{Workers: o.Workers, PerHost: math.MaxInt32, OneHost: true, SizeHint: o.SizeHint}
	}
	return Rules{
		Workers: o.Workers, Gap: max(0, int64(p.Gap)), FromStart: p.FromStart, PerHost: min(p.Width(), maxPlaces),
		Robots: robots, SizeHint: o.SizeHint,
	}
}
