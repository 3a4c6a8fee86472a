package diagnose

import (
	"slices"

	"crawlbench/internal/breakdown"
	"crawlbench/internal/limiter"
	"crawlbench/internal/stat"
	"crawlbench/internal/store"
)

// LimiterName is the limiter of the cells under k.
func (k Key) LimiterName() string {
	if k.Limiter == "" {
		return limiter.Default
	}
	return k.Limiter
}

// pace adds what the limiter did in a sample.
func (c *Cell) pace(p *store.Pace) {
	if p == nil {
		return
	}
	if c.Pace == nil {
		c.Pace = &store.Pace{Asked: p.Asked}
	}
	c.achieved = append(c.achieved, p.Achieved)
	c.worst = append(c.worst, p.Worst)
	c.passed = append(c.passed, p.Unfairness)
	if p.Worst > c.Pace.Worst {
		c.Pace.Worst, c.Pace.Window = p.Worst, p.Window
	}
}

// settle turns what the limiter did in the samples into medians; the worst window stays the worst of all.
func (c *Cell) settle() {
	if c.Pace != nil {
		c.Pace.Achieved = stat.Median(c.achieved).Center
		c.Pace.Unfairness = stat.Median(c.passed).Center
	}
}

// Window returns what the limiter let through over what rate and burst allow, in the worst window of the median sample.
func (c *Cell) Window() float64 { return stat.Median(c.worst).Center }

// Kept returns what share of its rate the limiter let through, and whether latency and depth of the
// site allow all of it;
// where they do not, less than the rate is not the limiter's doing.
func (c *Cell) Kept() (share float64, bound bool) {
	if c.Pace == nil || c.Pace.Asked == 0 {
		return 0, false
	}
	bound = true
	for _, by := range []string{"latency", "depth"} {
		if speed, ok := c.Bound.All[by]; ok && speed < c.Pace.Asked {
			bound = false
		}
	}
	return c.Pace.Achieved / c.Pace.Asked, bound
}

// achieved is what the limiter let through over the rate.
func achieved(c *Cell) (Value, bool) {
	share, _ := c.Kept()
	if share == 0 {
		return Value{}, false
	}
	asked := c.Pace.Asked
	return Value{Range: breakdown.Range{Min: slices.Min(c.achieved) / asked, Median: share,
		Max: slices.Max(c.achieved) / asked}, N: len(c.achieved)}, true
}

// window is what the limiter let through in the worst window over what rate and burst allow there.
func window(c *Cell) (Value, bool) {
	if c.Pace == nil {
		return Value{}, false
	}
	return Value{Range: breakdown.Range{Min: slices.Min(c.worst), Median: c.Window(), Max: slices.Max(c.worst)},
		N: len(c.worst)}, true
}
