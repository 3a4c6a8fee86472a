package stat

import "math"

// likelyLag is the prior standard deviation of the correlation: estimates from few blocks are shrunk towards 0.
const likelyLag = 0.5

// LagOne returns the lag-1 autocorrelation of blocks, pooled over the comparisons of a family, each
// given by the log ratios of its blocks in order. The result is between 0 and 0.9. Comparisons with
// fewer than 3 blocks or without noise are ignored.
//
// Pooling makes the estimate precise enough: that of a single comparison of 14 blocks has a
// standard error of 0.27. Estimates of small families are shrunk towards 0. The bias of few blocks
// is corrected as for an autoregressive sequence: 6 blocks with a correlation of 0.3 show only
// 0.01.
func LagOne(family [][]float64) float64 {
	spreads := make([]Spread, len(family))
	for i, d := range family {
		spreads[i] = spreadOf(d)
	}
	prior := fitPrior(spreads)
	products, squares, blocks, used := 0.0, 0.0, 0, 0
	count := map[int]float64{}
	for i, d := range family {
		if len(d) < 3 || spreads[i].Variance <= finest*finest {
			continue
		}
		// Pool sums, each in units of its own noise, because a mean of ratios is biased towards 0.
		p, s := lagSums(d)
		v := prior.Moderate(spreads[i]).Variance
		products += p / v
		squares += s / v
		blocks += len(d)
		used++
		count[len(d)]++
	}
	if used == 0 {
		return 0
	}
	expected := func(rho float64) float64 {
		products, squares := 0.0, 0.0
		for n, c := range count {
			p, s := expectedSums(rho, n)
			products += c * p
			squares += c * s
		}
		return products / squares
	}
	lo, hi := 0.0, 0.9
	if products/squares <= expected(lo) {
		return 0
	}
	for range 30 {
		if mid := (lo + hi) / 2; expected(mid) < products/squares {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo * trust(used, float64(blocks)/float64(used))
}

// lagVariance returns the variance of the correlation estimated from m comparisons of n blocks.
// Pairs share crawlers, so only about a third of them counts.
func lagVariance(m int, n float64) float64 {
	shown := func(rho float64) float64 {
		products, squares := expectedSums(rho, int(n+0.5))
		return products / squares
	}
	slope := (shown(0.1) - shown(0)) / 0.1
	return 1 / (max(1, float64(m)/3) * n * slope * slope)
}

// trust returns the shrinkage factor for the correlation estimated from m comparisons of n blocks.
func trust(m int, n float64) float64 {
	return likelyLag * likelyLag / (likelyLag*likelyLag + lagVariance(m, n))
}

// guardCost returns the mean inflation by noise alone if blocks are independent: negative estimates
// are cut off at 0, so the mean estimate is 0.4 standard deviations.
func guardCost(m int, n float64) float64 {
	if n < 3 {
		return 1
	}
	return 1 + 0.4*math.Sqrt(lagVariance(m, n))*trust(m, n)
}

// lagSums returns the sum of products of successive values of d, and the sum of squares, around their mean.
func lagSums(d []float64) (products, squares float64) {
	center, before := mean(d), 0.0
	for i, x := range d {
		x -= center
		if i > 0 {
			products += x * before
		}
		squares += x * x
		before = x
	}
	return products, squares
}

// expectedSums returns the expected lagSums of n values of an autoregressive sequence with
// correlation rho and variance 1.
func expectedSums(rho float64, n int) (products, squares float64) {
	// powers of rho; n times the variance of the mean; n times the covariance of an end value with it
	power, sum, end := 1.0, 1.0, 1.0
	for k := 1; k < n; k++ {
		power *= rho
		sum += 2 * power * (1 - float64(k)/float64(n))
		end += power
	}
	m := float64(n)
	return (m-1)*rho - 2*sum + 2*end/m + (m-1)*sum/m, m - sum
}

// Inflation returns the factor by which the correlation r of successive blocks increases standard
// errors, for an autoregressive sequence.
func Inflation(r float64) float64 { return math.Sqrt((1 + r) / (1 - r)) }
