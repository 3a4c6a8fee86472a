package stat

import (
	"math"
	"slices"
	"sort"
)

// rankTest is the exact signed-rank test with its Hodges-Lehmann interval. Both are computed from
// the means of all pairs of values (Walsh averages), so they cannot contradict each other. Means
// equal to the tested value, from ties or zeros, count against a claim.
type rankTest struct {
	sorted []float64
	tail   []float64 // by sum of ranks, see atMost
	means  []float64 // computed for the first interval
}

// newRankTest returns the test of d; tail is atMost for len(d) ranks.
func newRankTest(d, tail []float64) *rankTest {
	sorted := slices.Clone(d)
	slices.Sort(sorted)
	return &rankTest{sorted: sorted, tail: tail}
}

// tails returns the one-sided p of a center at most, and at least, at.
func (r *rankTest) tails(at float64) (below, above float64) {
	notAbove, notBelow := 0, 0
	n := len(r.sorted)
	for i, x := range r.sorted {
		// The means of x and the values from i on are sorted.
		notAbove += sort.Search(n-i, func(j int) bool { return x/2+r.sorted[i+j]/2 > at })
		notBelow += n - i - sort.Search(n-i, func(j int) bool { return x/2+r.sorted[i+j]/2 >= at })
	}
	return r.tail[notAbove], r.tail[notBelow]
}

func (r *rankTest) interval(alpha float64) Interval {
	if r.means == nil {
		r.means = walsh(r.sorted)
	}
	means := r.means
	m := len(means)
	est := Interval{means[(m-1)/2]/2 + means[m/2]/2, math.Inf(-1), math.Inf(1)}
	for k := 0; k < m/2 && 2*r.tail[k] < alpha; k++ {
		est.Lo, est.Hi = means[k], means[m-1-k]
	}
	return est
}
