package stat

import (
	"cmp"
	"math"
	"slices"
)

// tolerated is the largest inflation at which blocks count as independent.
const tolerated = 1.05

// look performs look k on the open comparisons.
func (f Family) look(k int, open []int, family [][]float64, out *Decisions) {
	cut := make([][]float64, len(family))
	spreads := make([]Spread, len(family))
	var known []Spread
	for i, d := range family {
		cut[i] = d[:min(f.Looks[k].Blocks, len(d))]
		spreads[i] = spreadOf(cut[i])
	}
	r := LagOne(cut)
	for i := range spreads {
		spreads[i].Degrees *= (1 - r*r) / (1 + r*r) // dependent blocks also say less about the variance (Bartlett 1946)
		if len(cut[i]) > 1 {
			known = append(known, spreads[i])
		}
	}
	out.Looks, out.LagOne, out.Skewness, out.Prior = k+1, r, Skewness(cut), fitPrior(known)
	factor := Inflation(r)
	tests := make([]test, len(family))
	t, ranks := quantiles{}, map[int][]float64{} // the latter by the number of blocks
	for _, i := range open {
		n := len(cut[i])
		s := out.Prior.Moderate(spreads[i])
		tests[i] = tTest{mean(cut[i]), math.Sqrt(s.Variance/float64(n)) * factor, s.Degrees,
			skewTerm(out.Skewness, n), t}
		if f.RanksFrom > 0 && n >= f.RanksFrom && factor <= tolerated {
			if ranks[n] == nil {
				ranks[n] = atMost(allRanks(n))
			}
			tests[i] = newRankTest(cut[i], ranks[n])
		}
		c := &out.Comparisons[i]
		c.SD, c.Blocks, c.Look = math.Sqrt(s.Variance), n, k
	}
	f.claim(k, open, tests, out.Comparisons)
}

func spreadOf(d []float64) Spread {
	sd := deviation(d)
	return Spread{sd * sd, float64(len(d) - 1)}
}

// claim sets the verdicts of the open comparisons at look k. Earlier claims no longer count for Holm's method.
func (f Family) claim(k int, open []int, tests []test, done []Decision) {
	share := f.Looks[k].Share
	alpha, alphaSame := f.Alpha*share, (1-level)*share
	if f.Equivalence {
		// A false Equivalent is one-sided: an interval at 1-Alpha has half of Alpha on each side.
		alpha, alphaSame = alpha/2, alpha
	}
	different, same := f.Size, f.Size
	for _, c := range done {
		switch c.Verdict {
		case Faster, Slower:
			different--
		case Equivalent:
			same--
		}
	}
	margin := math.Log1p(f.Margin)
	ps, beyonds := make([]float64, len(open)), make([]float64, len(open))
	for j, i := range open {
		ps[j], beyonds[j] = noDifference(tests[i]), beyond(tests[i], margin)
	}
	claims := stepDown(ps, different, alpha)
	equal := make([]step, len(open))
	for j, p := range beyonds {
		equal[j] = step{threshold: alphaSame, claimed: p < alphaSame}
	}
	if f.Equivalence {
		equal = stepDown(beyonds, same, alphaSame)
	}
	last := k == len(f.Looks)-1
	for j, i := range open {
		c, threshold := &done[i], claims[j].threshold
		c.P = min(1, claims[j].adjusted*f.Alpha)
		switch {
		case equal[j].claimed && (f.Equivalence || !claims[j].claimed):
			c.Verdict, threshold = Equivalent, equal[j].threshold
		case claims[j].claimed:
			c.Verdict = direction(tests[i])
		case f.Equivalence:
			threshold = min(threshold, equal[j].threshold)
		}
		alone := 1 - level
		if f.Gate != nil && !last && c.Verdict != Inconclusive {
			d := *c
			d.Ratio, d.Alone = tests[i].interval(threshold).exp(), tests[i].interval(alone*share).exp()
			if d.Gate(*f.Gate) == CannotTell {
				// As inconclusive it has an interval that contains 1.
				c.Verdict, threshold, c.P = Inconclusive, min(threshold, ps[j]*(1-1e-9)), max(c.P, f.Alpha)
			}
		}
		c.Settled = c.Verdict != Inconclusive
		if c.Settled && !last {
			alone *= share
		}
		c.test, c.Confidence, c.AloneConfidence = tests[i], 1-threshold, 1-alone
		c.alpha, c.alphaAlone = threshold, alone
	}
}

func direction(t test) Verdict {
	if below, above := t.tails(0); below < above {
		return Slower
	}
	return Faster
}

// step is the result of Holm's procedure for one comparison.
type step struct {
	threshold float64 // p must be below it
	adjusted  float64 // p in units of alpha: below 1 exactly if claimed
	claimed   bool
}

// stepDown applies Holm's procedure to the ps of open comparisons among m hypotheses, the others
// having no p. All comparisons that are not claimed share the threshold at which it stopped.
func stepDown(ps []float64, m int, alpha float64) []step {
	order := make([]int, len(ps))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(ps[i], ps[j]) })
	steps := make([]step, len(ps))
	going, most, threshold := true, 0.0, alpha/float64(m)
	for r, i := range order {
		if going {
			threshold = alpha / float64(m-r)
			going = ps[i] < threshold
		}
		most = max(most, ps[i]*float64(m-r)/alpha)
		if !going {
			most = max(most, 1)
		}
		steps[i] = step{threshold, most, going}
	}
	return steps
}
