package stat

import "math"

// test is a test of the log ratios of one comparison.
type test interface {
	// tails returns the one-sided p of a center at most, and at least, at.
	tails(at float64) (below, above float64)
	// interval returns the estimate with the interval at 1-alpha: it excludes a value exactly if
	// twice one of the tails is below alpha. It is infinite if there are too few values.
	interval(alpha float64) Interval
}

// tTest is a t-test with a given standard error, whose quantiles are widened for skewed noise, see skewTerm.
type tTest struct {
	mean, se, degrees float64
	skew              float64
	known             quantiles
}

// quantiles caches quantiles of Student's t by alpha and degrees; a family needs few.
type quantiles map[[2]float64]float64

func (q quantiles) at(alpha, degrees float64) float64 {
	key := [2]float64{alpha, degrees}
	t, ok := q[key]
	if !ok {
		t = studentQuantile(alpha, degrees)
		q[key] = t
	}
	return t
}

func (t tTest) tails(at float64) (below, above float64) {
	x := (t.mean - at) / t.se
	small := studentTails(unskewed(math.Abs(x), t.skew), t.degrees) / 2
	if x >= 0 {
		return small, 1 - small
	}
	return 1 - small, small
}

func (t tTest) interval(alpha float64) Interval {
	half := skewed(t.known.at(alpha, t.degrees), t.skew) * t.se
	return Interval{t.mean, t.mean - half, t.mean + half}
}

// noDifference returns the two-sided p of a center of 0.
func noDifference(t test) float64 {
	below, above := t.tails(0)
	return min(1, 2*min(below, above))
}

// beyond returns the p of a center at least margin away from 0, on the scale of intervals: the
// interval at 1-alpha lies within the margin exactly if it is below alpha. The p of two one-sided
// tests is half of that.
func beyond(t test, margin float64) float64 {
	below, _ := t.tails(-margin)
	_, above := t.tails(margin)
	return min(1, 2*max(below, above))
}

// exp converts an interval of log ratios to ratios.
func (i Interval) exp() Interval { return Interval{math.Exp(i.Value), math.Exp(i.Lo), math.Exp(i.Hi)} }
