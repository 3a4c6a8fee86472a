package stat

import (
	"math"
	"math/rand/v2"
)

const (
	// splits is the number of ways in which blocks are divided into halves.
	splits = 10
	// likelySkew is the prior standard deviation of the squared skewness: estimates of small families are shrunk to 0.
	likelySkew = 0.3
)

// Skewness returns the skewness of the log ratios of a block, pooled over a family and without its
// sign, where the family shows that there is any. Comparisons with fewer than 6 blocks or without
// noise are ignored.
//
// The third moment of one half of the blocks times that of the other half has the squared moment
// as its expectation, also if the noise has heavy tails, for which the square of a single estimate
// is far too large. It is averaged over 10 fixed ways to divide the blocks, and over the
// comparisons.
func Skewness(family [][]float64) float64 {
	sum, blocks, used := 0.0, 0, 0
	halves := map[int][][]int{} // by the number of blocks
	for _, d := range family {
		n := len(d)
		s := spreadOf(d)
		if n < 6 || s.Variance <= finest*finest {
			continue
		}
		if halves[n] == nil {
			draw := rand.New(rand.NewPCG(uint64(n), 0))
			for range splits {
				halves[n] = append(halves[n], draw.Perm(n))
			}
		}
		for _, order := range halves[n] {
			one, other := thirdMoment(d, order[:n/2]), thirdMoment(d, order[n/2:])
			sum += one * other / (s.Variance * s.Variance * s.Variance)
		}
		blocks += n
		used++
	}
	if used == 0 {
		return 0
	}
	n := float64(blocks) / float64(used)
	se := skewError(used, n)
	return fromSquared(max(0, sum/float64(splits*used)-se/2), se, n)
}

// fromSquared returns the skewness by an estimate of its square with that standard error from n blocks. The fewer
// blocks, the more it misses, because few blocks seldom hold one from the long tail.
func fromSquared(squared, se, n float64) float64 {
	return math.Sqrt((1 + 7/n) * squared * likelySkew * likelySkew / (likelySkew*likelySkew + se*se))
}

// skewCost returns the mean Skewness of m comparisons of n blocks whose noise has none: most estimates
// are 0, as negative ones are cut off.
func skewCost(m int, n float64) float64 {
	if n < 6 {
		return 0
	}
	se := skewError(m, n)
	return 0.2 * fromSquared(se, se, n)
}

// skewError returns the standard error of the squared skewness of normal noise, estimated from m comparisons of n
// blocks: a fit to simulations of families that share crawlers.
func skewError(m int, n float64) float64 { return 5.4 / (n * math.Sqrt(float64(m))) }

// thirdMoment returns the unbiased estimate of the third central moment of the values of d at the given indexes, at
// least 3.
func thirdMoment(d []float64, at []int) float64 {
	n, center, sum := float64(len(at)), 0.0, 0.0
	for _, i := range at {
		center += d[i] / n
	}
	for _, i := range at {
		x := d[i] - center
		sum += x * x * x
	}
	return sum * n / ((n - 1) * (n - 2))
}

// skewTerm returns the coefficient by which skewness widens the quantiles of a t-test of n blocks.
//
// The mean of few values of a skewed noise is often far on the side of its short tail, with a small
// standard deviation, because no value of the long tail is among them. The first term of the
// expansion of Student's t (Gayen 1949; Hall 1987) moves its quantile q by skewness/(6 sqrt(n))
// (2q^2+1), outwards on that side. As the sign of the skewness of a single comparison is
// uncertain, both sides are widened.
func skewTerm(skewness float64, n int) float64 { return skewness / 6 / math.Sqrt(float64(n)) }

// Widening returns the factor by which skewness widens an interval of n blocks at 95 %; those adjusted for a family are
// widened by more.
func Widening(skewness float64, n int) float64 {
	q := upper((1 - level) / 2)
	return skewed(q, skewTerm(skewness, n)) / q
}

// skewed returns the quantile q >= 0 of Student's t widened by a skewTerm.
func skewed(q, term float64) float64 { return q + term*(2*q*q+1) }

// unskewed returns the q that skewed widens to t, 0 if there is none.
func unskewed(t, term float64) float64 {
	if term == 0 || math.IsInf(t, 1) {
		return t
	}
	beyond := max(0, t-term)
	return 2 * beyond / (1 + math.Sqrt(1+8*term*beyond))
}
