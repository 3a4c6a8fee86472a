package diagnose

import (
	"cmp"
	"slices"

	"crawlbench/internal/crawl/limiter"
	"crawlbench/internal/profile/breakdown"
	"crawlbench/internal/stat"
	"crawlbench/internal/store"
)

// LimiterName returns the name of the limiter of the cells with key k.
func (k Key) LimiterName() string { return cmp.Or(k.Limiter, limiter.Default) }

// pace adds the limiter's measurements of a sample.
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

// settle computes the medians of the limiter's measurements; the worst window is the worst of all samples.
func (c *Cell) settle() {
	if c.Pace != nil {
		c.Pace.Achieved = stat.Median(c.achieved).Center
		c.Pace.Unfairness = stat.Median(c.passed).Center
	}
}

// Window returns the pages let through divided by what rate and burst allow, in the worst window of
// the median sample; 0 if the cell has no rate.
func (c *Cell) Window() float64 {
	if len(c.worst) == 0 {
		return 0
	}
	return stat.Median(c.worst).Center
}

// Kept returns the share of its rate that the limiter let through, and whether latency and depth of
// the site allow the whole rate; otherwise the limiter is not the cause of a lower rate.
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

// achieved returns the achieved rate divided by the requested one.
func achieved(c *Cell) (Value, bool) {
	share, _ := c.Kept()
	if share == 0 {
		return Value{}, false
	}
	asked := c.Pace.Asked
	return Value{Range: breakdown.Range{Min: slices.Min(c.achieved) / asked, Median: share,
		Max: slices.Max(c.achieved) / asked}, N: len(c.achieved)}, true
}

// exceeds reports whether the worst window has more pages than allowed even without one page of each worker, which may
// have been delayed after it was let through, as all are while other processes run.
func exceeds(c *Cell) bool {
	if c.Pace == nil {
		return false
	}
	allowed := c.Pace.Asked*c.Pace.Window + float64(c.BucketSize())
	return (c.Window()-1)*allowed > float64(c.Workers)
}

// window returns the pages let through divided by what rate and burst allow, in the worst window.
func window(c *Cell) (Value, bool) {
	if c.Pace == nil {
		return Value{}, false
	}
	return Value{Range: breakdown.Range{Min: slices.Min(c.worst), Median: c.Window(), Max: slices.Max(c.worst)},
		N: len(c.worst)}, true
}
