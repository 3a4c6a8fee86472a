package stat

import "strconv"

// Verdict is the result of a paired comparison of times of other with base.
type Verdict int

// The verdicts. Unresolved means inconclusive: there are too few rounds for any other verdict. It
// never means Same, which is equivalence.
const (
	Inconclusive Verdict = iota
	Faster
	Slower
	Equivalent
)

var verdicts = [...]string{"unresolved", "faster", "slower", "same"}

func (v Verdict) String() string {
	if v < 0 || int(v) >= len(verdicts) {
		return "Verdict(" + strconv.Itoa(int(v)) + ")"
	}
	return verdicts[v]
}

// DefaultMargin is the relative difference of times up to which two crawlers count as equivalent.
const DefaultMargin = 0.03

// Judge returns the verdict on p, a comparison of times, given its adjusted P (see Holm; p.P for a
// single comparison).
//
// Faster and Slower need an adjusted P below alpha and an interval that excludes 1. Same needs an
// interval of p within the margin: at 95 % that is two one-sided tests at 2.5 %, stricter than the
// usual 90 % at 5 %, but readers see only one interval, and can check each verdict with it. An
// interval at a confidence below 1-2 alpha never gives Same.
//
// If both hold, the difference is real and small, and the verdict is Faster or Slower: more rounds
// must not turn a proven difference into none. Use p.Within(margin) to find out whether it is also
// too small to matter. Same is not adjusted for the family: at most 2.5 % of such verdicts are
// wrong for each comparison alone; use PairAt with a higher confidence for more.
func Decide(p Paired, adjusted, alpha, margin float64) Verdict {
	switch {
	case adjusted < alpha && p.Hi < 1:
		return Faster
	case adjusted < alpha && p.Lo > 1:
		return Slower
	case p.Confidence >= 1-2*alpha && p.Within(margin):
		return Equivalent
	}
	return Inconclusive
}
