package stat

import "strconv"

// Verdict is what a paired comparison of times says about other against base.
type Verdict int

// The verdicts. Unresolved says that the rounds do not suffice for any other; it never means Same.
const (
	Unresolved Verdict = iota
	Faster
	Slower
	Same
)

var verdicts = [...]string{"unresolved", "faster", "slower", "same"}

func (v Verdict) String() string {
	if v < 0 || int(v) >= len(verdicts) {
		return "Verdict(" + strconv.Itoa(int(v)) + ")"
	}
	return verdicts[v]
}

// DefaultMargin is the relative difference of times below which a choice need not depend on it.
const DefaultMargin = 0.03

// Judge judges p, a comparison of times, whose P in its family is adjusted (see Holm; p.P if it stands alone).
//
// Faster and Slower need an adjusted P below alpha and an interval without 1. Same needs that the interval of p lies within
// the margin: at 95 % that is two one-sided tests at 2.5 %, more cautious than the usual 90 % at 5 %, but a reader sees one
// interval only, and can check each verdict with it. An interval below 1-2 alpha never says Same.
//
// If both hold, the difference is real and small, and the verdict is Faster or Slower: more rounds shall not turn a proven
// difference into none. Ask p.Within(margin) whether it is also too small to matter. Same is not adjusted for the family: it
// promises at most 2.5 % wrong for each comparison alone; take PairAt with a higher confidence for more.
func Judge(p Paired, adjusted, alpha, margin float64) Verdict {
	switch {
	case adjusted < alpha && p.Hi < 1:
		return Faster
	case adjusted < alpha && p.Lo > 1:
		return Slower
	case p.Confidence >= 1-2*alpha && p.Within(margin):
		return Same
	}
	return Unresolved
}
