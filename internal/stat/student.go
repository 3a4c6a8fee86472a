package stat

import (
	"math"

	"github.com/aclements/go-moremath/mathx"
)

// manyDegrees is where Student's t is approximated by the normal distribution: quantiles differ by less than 1e-5.
const manyDegrees = 1e4

// studentTails returns the two-sided tail probability of Student's t with v > 0 degrees of freedom.
// It is relatively precise in the far tails, which Holm's method needs.
func studentTails(t, v float64) float64 {
	t = math.Abs(t)
	switch {
	case math.IsInf(t, 1):
		return 0
	case v > manyDegrees:
		return math.Erfc(t / math.Sqrt2)
	}
	return mathx.BetaInc(v/(v+t*t), v/2, 0.5)
}

// studentQuantile returns the t whose two-sided tail probability with v degrees of freedom is p,
// between 0 and 1: Newton's method for log p over log t, within a bracket.
func studentQuantile(p, v float64) float64 {
	lg, _ := math.Lgamma((v + 1) / 2)
	lh, _ := math.Lgamma(v / 2)
	scale := lg - lh - math.Log(v*math.Pi)/2
	lo, hi := 0.0, math.Inf(1)
	t := min(8, max(0.01, upper(p/2))) // beyond 8 the normal quantile has no digits left
	for range 100 {
		tails := studentTails(t, v)
		if tails > p {
			lo = t
		} else {
			hi = t
		}
		density := 2 * math.Exp(scale-(v+1)/2*math.Log1p(t*t/v))
		step := math.Log(tails/p) * tails / density / t // of log t
		next := t * math.Exp(max(-1, min(1, step)))
		if !(next > lo && next < hi) {
			next = lo/2 + hi/2
			if math.IsInf(hi, 1) {
				next = 2 * t
			}
		}
		if math.Abs(next-t) <= 1e-13*t {
			return next
		}
		t = next
	}
	return t
}
