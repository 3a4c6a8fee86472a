package diagnose

import (
	"crawlbench/internal/plan"
	"crawlbench/internal/profile/breakdown"
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

// FirstDials returns the share of a cell's connections that a single worker makes as well: the first of each host. The
// others are made because several workers visit a host at once. It is not known where one worker was not measured.
func (c *Cell) FirstDials() (share float64, known bool) {
	one := c.Row.Cells[0]
	if c.Dials == 0 || one.Workers > 1 || !one.Sound() {
		return 0, false
	}
	return min(1, one.Dials/c.Dials), true
}

// Changeable returns which share of the processor time of a page a crawler could change at all: what is beyond the cost
// of workers that only fetch. It is 0 for a crawler that needs no more, and known is false in memory.
func (c *Cell) Changeable() (share float64, known bool) {
	if c.Fetching == 0 || !c.Sound() {
		return 0, false
	}
	return max(0, 1-c.Fetching*c.Summary.Center), true
}
