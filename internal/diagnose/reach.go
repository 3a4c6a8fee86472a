package diagnose

import (
	"slices"

	"crawlbench/internal/plan"
)

// AssumedNoise is how much the ratio of two crawlers varies from round to round, as the standard
// deviation of its logarithm, as long as nothing is measured: on a quiet machine, and on a shared
// virtual machine with two cores, where it was 0.11 to 0.13 in resident blocks, 0.24 to 0.27 in
// other unlimited cells, and 0.003 to 0.006 in rate-limited ones.
type AssumedNoise struct{ Quiet, Busy float64 }

// DetectableEffect says before a run what a family can show.
type DetectableEffect struct {
	*plan.Family
	AssumedNoise
	// AtQuiet and AtBusy are the minimum detectable effects, as ratios, on such machines; +Inf if there is none.
	AtQuiet, AtBusy float64
}

// wanted is the ratio that a run must be able to find on a quiet machine to be worth its time.
const wanted = 2

// Decides reports whether the family can show anything at all.
func (r DetectableEffect) Decides() bool { return r.AtQuiet <= wanted }

// Enough returns the fewest rounds with which the family can show anything, and those that find the ratio on a busy
// machine; 0 if there are none.
func (r DetectableEffect) Enough(ratio float64) (least, find int) {
	return r.BlocksFor(wanted, r.Quiet), r.BlocksFor(ratio, r.Busy)
}

// DetectableEffects returns what the families of a question can show. Those of Crawlers are of all
// runs; those of Programs of one against another program.
func DetectableEffects(p *plan.Plan, q plan.Question) (list []DetectableEffect) {
	for _, f := range p.Families(q).All() {
		noise := AssumedNoise{0.03, 0.25}
		switch {
		case f.Equivalence:
			noise = AssumedNoise{0.003, 0.006}
		case !slices.ContainsFunc(p.Cells, func(c plan.Cell) bool { return c.Rate == 0 && !c.Resident }):
			noise = AssumedNoise{0.02, 0.13}
		}
		list = append(list, DetectableEffect{f, noise, f.MDE(noise.Quiet), f.MDE(noise.Busy)})
	}
	return list
}

// Undecidable returns what a run of p could show if nothing of it can be decided: it has
// comparisons, but not with enough rounds for any. Otherwise it is nil, and so it is for a plan
// without control and without another program, which is to see crawlers at work and not to compare
// them.
func Undecidable(p *plan.Plan) []DetectableEffect {
	programs := DetectableEffects(p, plan.Programs)
	all := slices.Concat(DetectableEffects(p, plan.Crawlers), programs)
	if slices.ContainsFunc(all, DetectableEffect.Decides) || len(programs) == 0 &&
		len(DetectableEffects(p, plan.Controls)) == 0 {
		return nil
	}
	return all
}
