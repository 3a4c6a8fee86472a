package stat

import (
	"slices"

	"github.com/aclements/go-moremath/stats"
	"golang.org/x/perf/benchmath"
)

// Summary is a median with its confidence interval from order statistics, which assume nothing of the distribution.
type Summary struct {
	N              int
	Center, Lo, Hi float64 // with less than 6 samples Lo or Hi or both are infinite, and Warnings say so
	Confidence     float64 // of the interval: what can be reached at or above 95 %
	Warnings       []string
}

// Median summarises samples, at least one.
func Median(samples []float64) Summary {
	// NewSample sorts what it is given, and the order of samples is that of the rounds.
	s := benchmath.NewSample(slices.Clone(samples), &benchmath.DefaultThresholds)
	m := benchmath.AssumeNothing.Summary(s, 0.95)
	return Summary{
		N: len(samples), Center: m.Center, Lo: m.Lo, Hi: m.Hi, Confidence: m.Confidence, Warnings: texts(m.Warnings),
	}
}

// Quantile returns the value that a share q of the samples, at least one, do not exceed,
// interpolated between neighbours; 0.5 gives the median.
func Quantile(samples []float64, q float64) float64 { return stats.Sample{Xs: samples}.Quantile(q) }

// Delta compares two sets of samples as if they were independent of each other.
type Delta struct {
	Ratio       float64 // median of the second over that of the first; not finite where that is 0
	P           float64 // of the Mann-Whitney U-test
	N1, N2      int
	Significant bool // P is below 5 %
	Warnings    []string
}

// Compare compares other with base, each of at least one sample.
func Compare(base, other []float64) Delta {
	a := benchmath.NewSample(slices.Clone(base), &benchmath.DefaultThresholds)
	b := benchmath.NewSample(slices.Clone(other), &benchmath.DefaultThresholds)
	c := benchmath.AssumeNothing.Compare(a, b)
	return Delta{
		Ratio: Median(other).Center / Median(base).Center, P: c.P, N1: c.N1, N2: c.N2,
		// Decided here: benchmath's FormatDelta calls P = alpha significant too, against its own doc.
		Significant: c.P < 0.05, Warnings: texts(c.Warnings),
	}
}

func texts(errs []error) []string {
	var list []string
	for _, err := range errs {
		list = append(list, err.Error())
	}
	return list
}
