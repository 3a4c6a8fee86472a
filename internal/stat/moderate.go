package stat

import (
	"math"
	"slices"
)

// Spread is the noise of one comparison: the variance of the log ratios of its blocks, on so many degrees of freedom.
type Spread struct{ Variance, Degrees float64 }

// Prior is what a family of comparisons knows of the variance of any of them: Variance on Degrees
// of freedom, as if so many
// blocks had been taken before (Smyth, Linear models and empirical Bayes methods, 2004). With
// Degrees 0 nothing is known.
type Prior struct{ Variance, Degrees float64 }

// mostDegrees caps the prior. Without a cap, or if that of the first look were kept for all,
// families with looks claim a
// false difference in 6 to 7 % of runs instead of 5.
const mostDegrees = 20

// finest is the standard deviation of log ratios below which no clock measures: constant times have no variance at all.
const finest = 1e-9

// FitPrior estimates the prior by the moments of log variances. Those on fewer than 1 degree are left out.
func FitPrior(spreads []Spread) Prior {
	floor := leastVariance(spreads)
	var logs []float64
	expected, degrees := 0.0, 0.0
	for _, s := range spreads {
		if s.Degrees < 1 {
			continue
		}
		half := s.Degrees / 2
		logs = append(logs, math.Log(max(s.Variance, floor))-digamma(half)+math.Log(half))
		expected += trigamma(half)
		degrees += s.Degrees
	}
	if len(logs) < 3 {
		return Prior{}
	}
	m := float64(len(logs))
	d := priorDegrees(len(logs), degrees/m)
	sd := deviation(logs)
	if excess := sd*sd - expected/m; excess > 0 {
		d = min(d, 2*trigammaInverse(excess))
	}
	return Prior{math.Exp(mean(logs) + digamma(d/2) - math.Log(d/2)), d}
}

// priorDegrees returns the most degrees of freedom that the prior of m comparisons has, each on so
// many. Comparisons share
// crawlers, and each takes part in its own prior: with more, families of 2 to 4 claim a false
// difference in 6 % of runs.
func priorDegrees(m int, degrees float64) float64 {
	return max(0, min(mostDegrees, float64(m-2)*degrees/3))
}

// leastVariance keeps variances of 0 from ruling the moments: a 100,000th of the median, as limma has it.
func leastVariance(spreads []Spread) float64 {
	variances := make([]float64, 0, len(spreads))
	for _, s := range spreads {
		variances = append(variances, s.Variance)
	}
	if len(variances) == 0 {
		return finest * finest
	}
	slices.Sort(variances)
	return max(finest*finest, 1e-5*variances[len(variances)/2])
}

// Moderate returns the variance of a comparison given the prior, and its degrees of freedom: s and
// the prior, each weighted
// with its degrees.
func (p Prior) Moderate(s Spread) Spread {
	d := p.Degrees + s.Degrees
	v := (p.Degrees*p.Variance + s.Degrees*s.Variance) / d
	return Spread{max(v, finest*finest), d}
}
