package stat

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Rate-limited cells of a run: 4 blocks, ratios with a standard deviation of 0.45 %.
func TestPacedCellsAreProvenEquivalent(t *testing.T) {
	n := runs(600)
	draw := rand.New(rand.NewPCG(61, 0))
	steady := blockwise(func(draw *rand.Rand) float64 { return 0.0045 / typical / math.Sqrt2 * draw.NormFloat64() },
		0.25, 0, quiet)
	f := Family{Alpha: RateLimitedAlpha, Margin: DefaultMargin, Equivalence: true, Looks: InterimLooks(4)}
	all, wins, apart, missed := 0, 0, 0, 0
	for range n {
		family, _ := allPairs(steady(draw, groups, perGroup, 4), make([]float64, perGroup))
		f.Size = len(family)
		equal, err := f.Decide(family)
		if err != nil {
			t.Fatal(err)
		}
		won := 0
		for _, c := range equal.Comparisons {
			if c.Verdict == Equivalent {
				all++
			}
			if claimed(c.Verdict) {
				won = 1
			}
		}
		wins += won
		// One crawler misses the rate by the margin in all its comparisons, or by 10 %.
		for _, by := range []float64{DefaultMargin, 0.1} {
			shifted, truth := allPairs(steady(draw, groups, perGroup, 4), []float64{0, 0, math.Log1p(by), 0, 0})
			d, err := f.Decide(shifted)
			if err != nil {
				t.Fatal(err)
			}
			same, slower := 0, true
			for i, c := range d.Comparisons {
				if truth[i] != 0 && c.Verdict == Equivalent {
					same = 1
				}
				if truth[i] > 0 && c.Verdict != Slower {
					slower = false
				}
			}
			switch {
			case by == DefaultMargin:
				apart += same
			case !slower:
				missed++
			}
		}
	}
	atLeastShare(t, "equal cells proven equivalent", all, n*f.Size, 0.97)
	atMostShare(t, "false win", wins, n, RateLimitedAlpha)
	atMostShare(t, "the margin is equivalent", apart, n, RateLimitedAlpha)
	atMostShare(t, "a crawler that misses the rate by 10 % is not found", missed, n, 0.01)
}

// Unadjusted equivalence is wrong in at most 2.5 % of cases for each comparison, over all looks.
func TestADifferenceOfTheMarginIsSeldomEquivalentAtLooks(t *testing.T) {
	n := runs(600)
	draw := rand.New(rand.NewPCG(62, 0))
	steady := blockwise(func(draw *rand.Rand) float64 { return 0.15 * draw.NormFloat64() }, 0.25, 0, quiet)
	wrong, right, far := 0, 0, 0
	for range n {
		// Without a difference that the family can prove, a difference of the margin can only be called equivalent.
		family, truth := allPairs(steady(draw, 3, 3, 28), []float64{0, math.Log1p(DefaultMargin), 0})
		f := Family{Size: len(family), Alpha: 1e-9, Margin: DefaultMargin, Looks: InterimLooks(28)}
		d, err := f.Decide(family)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range d.Comparisons {
			switch same := c.Verdict == Equivalent; {
			case truth[i] != 0 && same:
				wrong++
			case truth[i] == 0 && same:
				right++
			}
			if truth[i] != 0 {
				far++
			}
		}
	}
	atMostShare(t, "a difference of the margin is equivalent", wrong, far, 0.025)
	atLeastShare(t, "equals are equivalent", right, 3*n, 0.8)
}
