package stat

import (
	"math"
	"math/rand/v2"
	"slices"
)

// intervals sets the estimates of f and their intervals.
func (s *solver) intervals(f *Fit, best Curve, workers []float64, logs [][]float64, seed uint64) {
	draw := rand.New(rand.NewPCG(seed, 0))
	rounds := make([]int, f.Rounds)
	x := make([]float64, len(logs))
	lambda, sigma, kappa, peak := make([]float64, resamples), make([]float64, resamples), make([]float64, resamples),
		make([]float64, resamples)
	for n := range resamples {
		for i := range rounds {
			rounds[i] = draw.IntN(f.Rounds)
		}
		centers(x, logs, rounds)
		c := s.fitCurve(workers, x, 3)
		lambda[n], sigma[n], kappa[n], peak[n] = c.Lambda, c.Sigma, c.Kappa, c.Peak()
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

// widened returns the share of resamples to exclude at each end, so that the interval matches a
// t-interval of n values; the deviation of the bootstrap divides by n instead of n-1. Student's
// quantile is the series of Abramowitz and Stegun 26.7.5.
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

// centers sets x to the geometric mean of each point over the given rounds, which may repeat.
func centers(x []float64, logs [][]float64, rounds []int) {
	for i := range logs {
		sum := 0.0
		for _, r := range rounds {
			sum += logs[i][r]
		}
		x[i] = math.Exp(sum / float64(len(rounds)))
	}
}
