package diagnose

import (
	"crawlbench/internal/breakdown"
	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
	"crawlbench/internal/store"
)

// remote reports whether the pages of a cell come from another process.
func remote(c *Cell) bool { return c.Transport == plan.HTTP }

// busyShare is the share of the processors that crawler and site together use, from which they bind.
const busyShare = 0.75

// siteShares reports whether crawler and site keep the processors busy, so that a worker that waits for the site waits
// for its processor time and not for its latency.
func siteShares(c *Cell) bool {
	return remote(c) && (c.CPU+c.SiteCPU)*c.Wall >= busyShare*float64(c.Procs)
}

// dials returns the connections per page.
func dials(c *Cell) (Value, bool) {
	var list []float64
	for _, r := range c.Records {
		list = append(list, r.Sample.Values[store.DialsUnit]/r.Sample.Values["pages/op"])
	}
	s := stat.Median(list)
	return Value{Range: breakdown.Range{Min: s.Lo, Median: s.Center, Max: s.Hi}, N: len(list)}, len(list) > 0 &&
		c.representative()
}

// Changeable returns which share of the processor time of a page a crawler could change at all: what is beyond the cost
// of workers that only fetch. It is 0 for a crawler that needs no more, and known is false in memory.
func (c *Cell) Changeable() (share float64, known bool) {
	if c.Fetching == 0 || !c.Sound() {
		return 0, false
	}
	return max(0, 1-c.Fetching*c.Summary.Center), true
}
