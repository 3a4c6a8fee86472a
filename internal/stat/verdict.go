package stat

import "strconv"

// Verdict is the result of a paired comparison of times of other with base.
type Verdict int

// The verdicts. Inconclusive means that there are too few rounds for any other verdict. It never means Equivalent.
const (
	Inconclusive Verdict = iota
	Faster
	Slower
	Equivalent
)

var verdicts = [...]string{"inconclusive", "faster", "slower", "equivalent"}

func (v Verdict) String() string {
	if v < 0 || int(v) >= len(verdicts) {
		return "Verdict(" + strconv.Itoa(int(v)) + ")"
	}
	return verdicts[v]
}

// DefaultMargin is the relative difference of times up to which two crawlers count as equivalent.
const DefaultMargin = 0.03
