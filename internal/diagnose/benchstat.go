package diagnose

import (
	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
)

// BenchstatComparison is a comparison as benchstat makes it from the same samples, beside ours.
type BenchstatComparison struct {
	Cell plan.Cell // the one that is compared
	Comparison
	// P is the p value of the U-test, which benchstat calls a difference below 0.05, and Medians the ratio of the
	// median speeds.
	P       float64
	Medians float64
}

// Benchstat returns the comparisons of the crawlers with the baseline as benchstat makes them. Rate-limited cells are
// left out unless there are no others.
func (a *Analysis) Benchstat() (list []BenchstatComparison) {
	paced := len(a.Families.Unlimited.Looks) == 0 || a.Families.Unlimited.Size == 0
	for c := range a.Cells() {
		if c.Versus == nil || c.Rate > 0 && !paced {
			continue
		}
		base := c.Table.Cell(a.Baseline, c.Workers)
		list = append(list, beside(c.Versus, base, c))
	}
	return list
}

func beside(x *Comparison, base, other *Cell) BenchstatComparison {
	b := BenchstatComparison{Cell: other.Cell, Comparison: *x, P: 1, Medians: 1}
	if base.Sound() && other.Sound() {
		b.P, b.Medians = stat.Unpaired(base.times, other.times).P, other.Summary.Center/base.Summary.Center
	}
	return b
}
