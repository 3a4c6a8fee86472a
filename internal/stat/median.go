package stat

import (
	"math"
	"slices"

	"github.com/aclements/go-moremath/stats"
	"golang.org/x/perf/benchmath"
)

// Summary is a median with its confidence interval from order statistics, which assumes no distribution. Fewer than
// leastOrdered samples have none at 95 %: theirs is Student's of the logarithms, around the median.
type Summary struct {
	N              int
	Center, Lo, Hi float64 // 0 and +Inf, with a warning, for a single sample
	Confidence     float64 // of the interval: the lowest possible level of at least 95 %
	Warnings       []string
}

// leastOrdered is the smallest number of samples whose order statistics have an interval at 95 %.
const leastOrdered = 6

// Median summarises samples, at least one.
func Median(samples []float64) Summary {
	m := benchmath.AssumeNothing.Summary(sample(samples), level)
	if n := len(samples); n > 1 && n < leastOrdered && !slices.ContainsFunc(samples,
		func(x float64) bool { return !usable(x) }) {
		logs := make([]float64, n)
		for i, x := range samples {
			logs[i] = math.Log(x)
		}
		half := studentQuantile(1-level, float64(n-1)) * deviation(logs) / math.Sqrt(float64(n))
		i := Interval{mean(logs), mean(logs) - half, mean(logs) + half}.exp()
		return Summary{N: n, Center: m.Center, Lo: min(i.Lo, m.Center), Hi: max(i.Hi, m.Center), Confidence: level}
	}
	return Summary{
		N: len(samples), Center: m.Center, Lo: m.Lo, Hi: m.Hi, Confidence: m.Confidence, Warnings: texts(m.Warnings),
	}
}

// Quantile returns the q-quantile of at least one sample, interpolated between neighbours.
func Quantile(samples []float64, q float64) float64 { return stats.Sample{Xs: samples}.Quantile(q) }

// sample returns a sample of a copy of list: NewSample sorts its argument, and list is in the order of the rounds.
func sample(list []float64) *benchmath.Sample {
	return benchmath.NewSample(slices.Clone(list), &benchmath.DefaultThresholds)
}

func texts(errs []error) []string {
	var list []string
	for _, err := range errs {
		list = append(list, err.Error())
	}
	return list
}
