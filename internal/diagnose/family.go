package diagnose

import (
	"iter"
	"math"

	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
)

// Alpha is the probability with which a run makes any wrong claim of a difference between crawlers.
const Alpha = stat.UnlimitedAlpha + stat.PacedAlpha

// Family is the comparisons of a run that ask the same, and are corrected for and decided together.
type Family struct {
	stat.Family
	Rounds int
	// LagOne is the correlation of successive rounds, and SD the standard deviation of the log ratio of a round, pooled
	// over the comparisons, and Widest that of the noisiest of them; NaN before the run.
	LagOne, SD, Widest float64
}

// Families are the families of one question of a plan. For rate-limited cells the question is whether
// they are equivalent, for all others which is faster.
type Families struct{ Unlimited, Paced Family }

// Declare returns the families of the pairs, which a plan declares, of so many rounds. Nothing is decided yet.
func Declare(pairs iter.Seq2[plan.Cell, plan.Cell], rounds int) *Families {
	f := new(Families)
	f.Unlimited.Alpha, f.Paced.Alpha, f.Paced.Equivalence = stat.UnlimitedAlpha, stat.PacedAlpha, true
	for base := range pairs {
		f.of(base).Size++
	}
	for _, x := range f.All() {
		x.Margin, x.Rounds, x.Looks = stat.DefaultMargin, rounds, stat.AtEnd(rounds)
		x.SD, x.Widest = math.NaN(), math.NaN()
	}
	return f
}

// All returns the families that have comparisons.
func (f *Families) All() (list []*Family) {
	for _, x := range []*Family{&f.Unlimited, &f.Paced} {
		if x.Size > 0 {
			list = append(list, x)
		}
	}
	return list
}

// Size returns the number of comparisons of all families.
func (f *Families) Size() int { return f.Unlimited.Size + f.Paced.Size }

// Of returns the family of the comparisons of a table.
func (f *Families) Of(t *Table) *Family { return f.of(plan.Cell{Rate: t.Rate}) }

func (f *Families) of(c plan.Cell) *Family {
	if c.Rate > 0 {
		return &f.Paced
	}
	return &f.Unlimited
}

// MDE returns the minimum detectable effect of the family's rounds, as a ratio above 1, where the log ratio of a round
// has the standard deviation sd.
func (f *Family) MDE(sd float64) float64 { return f.Family.MDE(f.Rounds, sd*stat.Inflation(f.LagOne)) }

// sampled is a comparison of two cells that were measured.
type sampled struct {
	*Comparison
	base, other *Cell
}

// decide decides all comparisons of a question.
func (f *Families) decide(list []sampled) {
	parts := map[*Family][]sampled{}
	for _, x := range list {
		part := f.of(x.base.Cell)
		parts[part] = append(parts[part], x)
	}
	for part, list := range parts {
		part.decide(list)
	}
}

// decide decides the comparisons of a family by the rounds that they have in common. A comparison with fewer than
// half of the rounds would shorten the others, so it stays inconclusive.
func (f *Family) decide(list []sampled) {
	ratios, most, least := make([][]float64, len(list)), 0, math.MaxInt
	for i, x := range list {
		ratios[i] = stat.LogRatios(x.base.times, x.other.times)
		most = max(most, len(ratios[i]))
	}
	var whole, short [][]float64
	var decided, left []*Comparison
	for i, x := range list {
		if 2*len(ratios[i]) < most {
			short, left = append(short, ratios[i]), append(left, x.Comparison)
			continue
		}
		least = min(least, len(ratios[i]))
		whole, decided = append(whole, ratios[i]), append(decided, x.Comparison)
	}
	f.Rounds, f.Looks = least, stat.AtEnd(least)
	d := f.take(whole, decided)
	f.take(short, left)
	f.LagOne, f.SD = d.LagOne, d.SD()
	for _, c := range decided {
		f.Widest = max(c.SD, f.Widest)
		if math.IsNaN(f.Widest) {
			f.Widest = c.SD
		}
	}
}

// take sets the decisions of a list of comparisons.
func (f *Family) take(ratios [][]float64, list []*Comparison) stat.Decisions {
	d, err := f.Decide(ratios)
	if err != nil {
		panic(err) // of a family that Declare does not make
	}
	for i, c := range list {
		c.Decision = d.Comparisons[i]
	}
	return d
}
