package stat

import (
	"math"
	"math/rand/v2"
	"slices"
)

// intervals fills in the estimates of best, with their intervals.
func (f *Fit) intervals(best Curve, workers []float64, logs [][]float64, seed uint64) {
	draw := rand.New(rand.NewPCG(seed, 0))
	rounds := make([]int, f.Rounds)
	var lambda, sigma, kappa, peak []float64
	for range resamples {
		for i := range rounds {
			rounds[i] = draw.IntN(f.Rounds)
		}
		c := fitCurve(workers, centers(logs, rounds), true)
		lambda, sigma, kappa, peak = append(lambda, c.Lambda), append(sigma, c.Sigma), append(kappa, c.Kappa), append(peak, c.Peak())
	}
	tail := widened(f.Rounds)
	f.Lambda = percentiles(best.Lambda, lambda, tail)
	f.Sigma = percentiles(best.Sigma, sigma, tail)
	f.Kappa = percentiles(best.Kappa, kappa, tail)
	f.Peak = percentiles(best.Peak(), peak, tail)
	if f.Kappa.Lo == 0 && f.Sigma.Value < 1 {
		f.Peak.Value, f.Peak.Hi = math.Inf(1), math.Inf(1)
	}
}

// widened returns the share of resamples to leave out at each end: as many as a t-interval of n values with the deviation of
// the bootstrap, which divides by n and not n-1, would. Student's quantile is the series of Abramowitz and Stegun 26.7.5.
func widened(n int) float64 {
	z, v := upper((1-level)/2), float64(n-1)
	z3, z5, z7 := math.Pow(z, 3), math.Pow(z, 5), math.Pow(z, 7)
	t := z + (z3+z)/(4*v) + (5*z5+16*z3+3*z)/(96*v*v) + (3*z7+19*z5+17*z3-15*z)/(384*v*v*v)
	return math.Erfc(t*math.Sqrt(float64(n)/v)/math.Sqrt2) / 2
}

func percentiles(value float64, x []float64, tail float64) Interval {
	slices.Sort(x)
	k := int(tail * float64(len(x)))
	return Interval{value, min(value, x[k]), max(value, x[len(x)-1-k])}
}

func allRounds(n int) []int {
	rounds := make([]int, n)
	for i := range rounds {
		rounds[i] = i
	}
	return rounds
}

// centers returns the geometric mean of each point over the given rounds, which may repeat.
func centers(logs [][]float64, rounds []int) []float64 {
	x := make([]float64, len(logs))
	for i := range logs {
		for _, r := range rounds {
			x[i] += logs[i][r]
		}
		x[i] = math.Exp(x[i] / float64(len(rounds)))
	}
	return x
}
