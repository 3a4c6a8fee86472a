package diagnose

import (
	"fmt"
	"slices"

	"crawlbench/internal/limiter"
	"crawlbench/internal/stat"
	"crawlbench/internal/store"
)

// Off is the share by which a limiter may miss its rate unmentioned.
const Off = 0.01

// burstOver is how many times what rate and burst allow in a window is worth a finding. Workers that were held up after they
// were let through come close to the next, so that more than one is no proof by itself.
const burstOver = 1.5

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
	c.passed = append(c.passed, p.Passed)
	if p.Worst > c.Pace.Worst {
		c.Pace.Worst, c.Pace.Window = p.Worst, p.Window
	}
}

// settle turns what the limiter did in the samples into medians; the worst window stays the worst of all.
func (c *Cell) settle() {
	if c.Pace != nil {
		c.Pace.Achieved = stat.Median(c.achieved).Center
		c.Pace.Passed = stat.Median(c.passed).Center
	}
}

// Kept returns what share of its rate the limiter let through, and whether latency and depth of the site allow all of it;
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

// exceeds names the cell whose limiter lets through most beyond what was asked: over all, or in windows in most of the
// rounds.
func (t *Table) exceeds() (Finding, bool) {
	var worst *Cell
	most := 1.0
	var evidence []string
	for _, r := range t.Rows {
		for _, c := range r.Cells {
			share, _ := c.Kept()
			if !c.Valid() || c.Pace == nil {
				continue
			}
			window := stat.Median(c.worst).Center
			switch {
			case share > 1+Off:
				evidence = append(evidence, fmt.Sprintf("%s, %s: %.0f pages/s of %.0f asked, in the worst window %.1f times what rate and burst allow", c.Impl, plural(c.Workers, "worker"), c.Pace.Achieved, c.Pace.Asked, c.Pace.Worst))
			case window > burstOver:
				share = window
				evidence = append(evidence, fmt.Sprintf("%s, %s: in a window of %.3g ms %.1f times what rate and burst allow, in the median of the rounds %.1f times", c.Impl, plural(c.Workers, "worker"), 1e3*c.Pace.Window, c.Pace.Worst, window))
			default:
				continue
			}
			if share > most {
				most, worst = share, c
			}
		}
	}
	if worst == nil {
		return Finding{}, false
	}
	what, samples, unit := "what was asked", worst.achieved, worst.Pace.Asked
	if share, _ := worst.Kept(); share <= 1+Off {
		what, samples, unit = "what rate and burst allow, for a moment", worst.worst, 1
	}
	refute := "run it with limiter = \"paced\": what is let through falls to what was asked; if it does not, the crawler fetches without waiting"
	if t.LimiterName() == "paced" {
		refute = "run it on an idle machine: workers that are held up after they were let through look like this"
	}
	return Finding{
		Kind: RateExceeded, Cell: worst.ID(), Evidence: evidence, Refute: refute,
		Confidence: fmt.Sprintf("%.2f to %.2f times over %s", slices.Min(samples)/unit, slices.Max(samples)/unit, plural(len(samples), "sample")),
		Text:       fmt.Sprintf("limiter %s lets through %.1f times %s: %s with %s on %s at %s pages/s", t.LimiterName(), most, what, worst.Impl, plural(worst.Workers, "worker"), t.Graph, t.Rate),
	}, true
}
