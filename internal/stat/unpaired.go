package stat

import (
	"math"
	"slices"

	"golang.org/x/perf/benchmath"
)

// Unpaired compares samples from different rounds, such as those of two runs. Ratio is the
// Hodges-Lehmann estimate, the median of all ratios of a value of other to a value of base; its
// interval inverts the Mann-Whitney U-test, and P is that test's. N is the smaller number of
// samples. A drift of the machine between the two is indistinguishable from a difference: measure
// them in the same rounds if you can.
func Unpaired(base, other []float64) Paired {
	base, other = positive(base), positive(other)
	p := Paired{Ratio: math.NaN(), Lo: 0, Hi: math.Inf(1), Confidence: 1, P: 1, N: min(len(base), len(other)),
		SD: math.NaN()}
	if p.N == 0 {
		p.Warnings = []string{"one of the two has no samples"}
		return p
	}
	u := benchmath.AssumeNothing.Compare(sample(base), sample(other))
	p.P, p.Warnings = u.P, texts(u.Warnings)
	var logs []float64
	for _, b := range base {
		for _, o := range other {
			logs = append(logs, math.Log(o/b))
		}
	}
	slices.Sort(logs)
	n := len(logs)
	p.Ratio = math.Exp((logs[n/2] + logs[(n-1)/2]) / 2)
	if k, confidence := uQuantile(len(base), len(other), level); k >= 0 {
		p.Lo, p.Hi, p.Confidence = math.Exp(logs[k]), math.Exp(logs[n-1-k]), confidence
	}
	return p
}

func positive(list []float64) []float64 {
	return slices.DeleteFunc(slices.Clone(list), func(x float64) bool { return !(x > 0) || math.IsInf(x, 0) })
}

// uQuantile returns how many of the smallest and of the largest differences lie outside an interval
// of at least the given level, and its confidence; k is -1 if there are too few samples.
func uQuantile(m, n int, level float64) (k int, confidence float64) {
	below := 0.0
	k = -1
	for u, p := range uDistribution(m, n) {
		if below += p; 2*below > 1-level {
			break
		}
		k, confidence = u, 1-2*below
	}
	return k, confidence
}

// uDistribution returns the null distribution of U without ties: the coefficients of the Gaussian
// binomial (m+n choose m). This takes m*m*n steps for all of them; go-moremath's UDist takes
// m*m*n*n for each, which takes nine times as long for a single one at 100 samples.
func uDistribution(m, n int) []float64 {
	ways := make([]float64, m*n+1)
	ways[0] = 1
	for i := 1; i <= m; i++ { // times (1 - q^(n+i)) over (1 - q^i)
		for u := len(ways) - 1; u >= n+i; u-- {
			ways[u] -= ways[u-n-i]
		}
		for u := i; u < len(ways); u++ {
			ways[u] += ways[u-i]
		}
		scale := float64(i) / float64(n+i) // keeps the sum at 1
		for u := range ways {
			ways[u] *= scale
		}
	}
	return ways
}
