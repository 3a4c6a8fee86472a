package plan

import (
	"iter"
	"math"

	"crawlbench/internal/stat"
)

// Alpha is the probability with which a run makes any wrong claim of a difference between crawlers.
const Alpha = stat.UnlimitedAlpha + stat.RateLimitedAlpha

// Family is the comparisons of a run that ask the same, and are corrected for and decided together.
type Family struct {
	stat.Family
	Rounds int // planned, or after Decide the most that a comparison was decided by
	// Machines is the most that a comparison was decided by after DecideMachines, where a machine is what a round is
	// elsewhere; otherwise 0.
	Machines int
	// LagOne is the correlation of successive rounds, and SD the standard deviation of the log ratio of a round, pooled
	// over the comparisons, and Widest that of the noisiest of them; NaN before the run.
	LagOne, SD, Widest float64
}

// Families are the families of one question of a plan. For rate-limited cells the question is whether
// they are equivalent, for all others which is faster.
type Families struct{ Unlimited, RateLimited Family }

// NewFamilies returns the families of the pairs, which a plan declares. Nothing is decided yet.
func NewFamilies(pairs iter.Seq2[Cell, Cell], p *Plan) *Families {
	f := new(Families)
	f.Unlimited.Alpha, f.RateLimited.Alpha, f.RateLimited.Equivalence = stat.UnlimitedAlpha, stat.RateLimitedAlpha, true
	f.Unlimited.Rounds, f.RateLimited.Rounds = p.Rounds, p.RoundsOf(Cell{Rate: 1})
	for base := range pairs {
		f.of(base).Size++
	}
	for _, x := range f.All() {
		x.Margin, x.Looks, x.Uneven = stat.DefaultMargin, stat.FinalLook(x.Rounds), true
		x.SD, x.Widest = math.NaN(), math.NaN()
	}
	return f
}

// Families returns the families of a question. Those by which crawlers leave a run are decided at its looks; the others
// at its end.
func (p *Plan) Families(q Question) *Families {
	f := NewFamilies(p.Pairs(q), p)
	if q != Controls && len(p.Looks) > 0 {
		f.Unlimited.Looks, f.Unlimited.Uneven = p.Looks, false
		if q == Programs {
			f.Unlimited.Gate = p.Gate
		}
	}
	return f
}

// All returns the families that have comparisons.
func (f *Families) All() (list []*Family) {
	for _, x := range []*Family{&f.Unlimited, &f.RateLimited} {
		if x.Size > 0 {
			list = append(list, x)
		}
	}
	return list
}

// Size returns the number of comparisons of all families.
func (f *Families) Size() int { return f.Unlimited.Size + f.RateLimited.Size }

// At returns the family of the comparisons of cells with that rate.
func (f *Families) At(r Rate) *Family { return f.of(Cell{Rate: r}) }

func (f *Families) of(c Cell) *Family {
	if c.Rate > 0 {
		return &f.RateLimited
	}
	return &f.Unlimited
}

// MDE returns the minimum detectable effect of the family's rounds, as a ratio above 1, where the log ratio of a round
// has the standard deviation sd.
func (f *Family) MDE(sd float64) float64 {
	if f.Machines > 0 {
		return f.MachinesMDE(f.Machines, sd)
	}
	return f.Family.MDE(f.Rounds, sd*stat.Inflation(f.LagOne))
}

// Pair is a comparison of two cells, given by their seconds per page by round: NaN, or no more, where there is no
// sample.
type Pair struct {
	Rate        Rate
	Base, Other []float64
	Ended       bool // one of the two failed, so that there are no more rounds
}

// Decide decides all comparisons of a question.
func (f *Families) Decide(list []Pair) []stat.Decision {
	decisions := make([]stat.Decision, len(list))
	for _, family := range f.All() {
		var part []Pair
		var at []int
		for i, x := range list {
			if f.At(x.Rate) == family {
				part, at = append(part, x), append(at, i)
			}
		}
		for i, d := range family.Decide(part) {
			decisions[at[i]] = d
		}
	}
	return decisions
}

// Decide decides the comparisons of a family.
func (f *Family) Decide(list []Pair) []stat.Decision {
	if len(list) == 0 {
		return nil
	}
	ratios, most := make([][]float64, len(list)), 0
	var ended []int
	for i, x := range list {
		if x.Ended {
			ended = append(ended, i)
			if f.Uneven {
				continue // without looks nothing was decided by it before it failed
			}
		}
		ratios[i] = stat.LogRatios(x.Base, x.Other)
		most = max(most, len(ratios[i]))
	}
	if f.Uneven {
		f.Looks = stat.FinalLook(most)
	}
	d, err := f.Family.Decide(ratios, ended...)
	if err != nil {
		panic(err) // of a family that NewFamilies does not make
	}
	f.LagOne, f.Skewness = d.LagOne, d.Skewness
	f.decided(d)
	return d.Comparisons
}

// decided sets by how many blocks comparisons were decided, and their noise.
func (f *Family) decided(d stat.Decisions) {
	f.Rounds, f.SD = 0, d.SD()
	for _, c := range d.Comparisons {
		if c.Look >= 0 {
			f.Rounds = max(f.Rounds, c.Blocks)
			f.Widest = max(c.SD, f.Widest)
			if math.IsNaN(f.Widest) {
				f.Widest = c.SD
			}
		}
	}
}
