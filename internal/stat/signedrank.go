package stat

import (
	"math"
	"slices"
)

// atMost returns for each s the probability that the sum of a random subset of the ranks is at most
// s, where each rank is included with probability 1/2. It is exact up to floating-point rounding,
// for any ranks, and takes their number times their sum steps.
func atMost(ranks []int) []float64 {
	sum := 0
	for _, r := range ranks {
		sum += r
	}
	chance := make([]float64, sum+1)
	chance[0] = 1
	top := 0
	for _, r := range ranks {
		top += r
		for s := top; s >= 0; s-- {
			with := 0.0
			if s >= r {
				with = chance[s-r]
			}
			chance[s] = (chance[s] + with) / 2
		}
	}
	for s := 1; s <= sum; s++ {
		chance[s] += chance[s-1]
	}
	return chance
}

// allRanks returns 1 to n, the ranks of values without ties.
func allRanks(n int) []int {
	ranks := make([]int, n)
	for i := range ranks {
		ranks[i] = i + 1
	}
	return ranks
}

// signedRankP returns the exact two-sided P of Wilcoxon's signed-rank test that the values are
// centered at 0. Ties get the mean of their ranks, and the distribution is that of these ranks.
// Zeros are ranked and then removed (Pratt, JASA 54, 1959): if they were removed first, adding a
// constant to all values could reverse the verdict.
func signedRankP(d []float64) float64 {
	order := slices.Clone(d)
	slices.SortFunc(order, func(a, b float64) int {
		switch x, y := math.Abs(a), math.Abs(b); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	var ranks []int // doubled, so that the mean of two ranks is an integer
	minus, plus := 0, 0
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && math.Abs(order[to]) == math.Abs(order[from]) {
			to++
		}
		for _, x := range order[from:to] {
			rank := from + 1 + to
			switch {
			case x < 0:
				minus += rank
			case x > 0:
				plus += rank
			default:
				continue
			}
			ranks = append(ranks, rank)
		}
		from = to
	}
	if len(ranks) == 0 {
		return 1
	}
	return min(1, 2*atMost(ranks)[min(minus, plus)])
}

// walsh returns the means of all pairs of values, including each value with itself, sorted.
func walsh(d []float64) []float64 {
	means := make([]float64, 0, len(d)*(len(d)+1)/2)
	for i, x := range d {
		for _, y := range d[i:] {
			means = append(means, x/2+y/2)
		}
	}
	slices.Sort(means)
	return means
}

// critical returns the largest rank sum of n values with a two-sided P of at most p, or below p if
// strict, and its P. It is -1 and 0 if there is none: n is too small.
func critical(n int, p float64, strict bool) (sum int, reached float64) {
	sum = -1
	for s, chance := range atMost(allRanks(n)) {
		if two := 2 * chance; two > p || strict && two == p {
			break
		} else {
			sum, reached = s, two
		}
	}
	return sum, reached
}
