package diagnose

import (
	"math"
	"slices"

	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
)

// mostFlagged is the share of flagged samples beyond which a run cannot be believed.
const mostFlagged = 0.1

// Trust says whether a run can be believed. It counts the samples of all cells, those of the control and of another
// program included.
type Trust struct {
	Samples, Flagged int
	Repeated         int            // samples that were taken a second time
	Flags            map[string]int // flags that stayed
	Bimodal          int            // cells
	// What is known of the noise of unlimited and of rate-limited tables; the kind that was not
	// measured has no comparisons.
	Unlimited, RateLimited Noise
	// Machines are those that cannot be believed, of a run that was measured on several.
	Machines []*Machine
}

// Noise says how noisy the tables of a kind are, and what can be found in them.
type Noise struct {
	*plan.Family
	Controls int // comparisons of the baseline with itself
	// Rejected are those that claim a difference, in a family of their own: something else than the crawlers differed.
	Rejected int
	// Floor is the relative difference that chance alone reaches: the median over the controls of how far their 95 %
	// intervals reach, and Worst the largest. NaN without a control.
	Floor, Worst float64
	// Detectable is the minimum detectable effect, as a ratio, by the noise pooled over all comparisons, and Noisiest
	// by that of the noisiest. Infinite if that is not known.
	Detectable, Noisiest float64
}

// Controls returns the number of comparisons of the baseline with itself, and how many claim a difference.
func (t Trust) Controls() (all, rejected int) {
	return t.Unlimited.Controls + t.RateLimited.Controls, t.Unlimited.Rejected + t.RateLimited.Rejected
}

// Busy reports whether so many samples are flagged that the run cannot be believed.
func (t Trust) Busy() bool { return float64(t.Flagged) > mostFlagged*float64(t.Samples) }

// Untrusted reports whether the run cannot be believed: the machine was busy, or the control rejects.
func (t Trust) Untrusted() bool {
	_, rejected := t.Controls()
	return rejected > 0 || t.Busy() || len(t.Machines) > 0
}

// trust decides whether the run can be believed, by its controls and its flagged samples.
func (a *Analysis) trust(all cells) {
	tr := Trust{Flags: map[string]int{}}
	for _, part := range []map[plan.Cell]*Cell{all.own, all.controls, all.against} {
		for _, c := range part {
			tr.Samples += len(c.Measured())
			tr.Flagged += c.Flagged
			tr.Repeated += c.Repeated
			for f, n := range c.Flags {
				tr.Flags[f] += n
			}
		}
	}
	for c := range a.Cells() {
		if c.Bimodal {
			tr.Bimodal++
		}
	}
	tr.Unlimited = a.noise(&a.Families.Unlimited, &a.Controls.Unlimited)
	tr.RateLimited = a.noise(&a.Families.RateLimited, &a.Controls.RateLimited)
	a.Trust = tr
}

// noise returns the noise of the tables in which a family is.
func (a *Analysis) noise(f, control *plan.Family) Noise {
	n := Noise{Family: f, Floor: math.NaN(), Worst: math.NaN(), Detectable: math.Inf(1), Noisiest: math.Inf(1)}
	var controls []*Comparison
	for _, t := range a.Tables {
		for _, g := range t.Groups {
			if g.Control != nil && (t.Rate > 0) == f.Equivalence {
				controls = append(controls, g.Control)
			}
		}
	}
	n.controlled(controls)
	if !math.IsNaN(f.SD) {
		n.Detectable, n.Noisiest = f.MDE(f.SD), f.MDE(f.Widest)
	}
	return n
}

// controlled fills in what the comparisons of the baseline with itself say.
func (n *Noise) controlled(list []*Comparison) {
	var reach []float64
	for _, c := range list {
		reach = append(reach, max(math.Log(c.Floor().Hi), -math.Log(c.Floor().Lo)))
		if c.Verdict == stat.Faster || c.Verdict == stat.Slower {
			n.Rejected++
		}
	}
	if n.Controls = len(reach); n.Controls > 0 {
		slices.Sort(reach)
		n.Floor, n.Worst = math.Exp(reach[len(reach)/2])-1, math.Exp(reach[len(reach)-1])-1
	}
}
