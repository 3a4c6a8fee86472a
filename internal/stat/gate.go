package stat

import "strconv"

// Gate is what a gate for regressions says.
type Gate int

// The answers of a gate. CannotTell is the answer to everything that is proven neither way; it never means Pass.
const (
	CannotTell Gate = iota
	Pass
	Fail
)

var gates = [...]string{"cannot tell", "pass", "fail"}

func (g Gate) String() string {
	if g < 0 || int(g) >= len(gates) {
		return "Gate(" + strconv.Itoa(int(g)) + ")"
	}
	return gates[g]
}

// tiny is a relative difference of times that nothing can cause: constant times pass a gate of 0.
const tiny = 1e-6

// Gate returns whether times regress by more than the share gate, at least 0. It is Fail if the
// comparison is proven slower, adjusted for family and look, and estimated beyond the gate; Pass if
// its interval alone excludes a regression beyond it.
func (d Decision) Gate(gate float64) Gate {
	switch {
	case d.Verdict == Slower && d.Ratio.Value > 1+gate:
		return Fail
	case d.Alone.Hi <= (1+gate)*(1+tiny):
		return Pass
	}
	return CannotTell
}

// Gate returns the answer for all comparisons together: Fail if any fails, Pass if all pass. A run
// in which any regresses beyond the gate thus passes in at most 2.5 % of cases, without an
// adjustment for their number: that one has to pass too (an intersection-union test, Berger 1982).
// missing is how many comparisons of the plan have no decision: with any, or with none at all, it
// is no Pass.
func (d Decisions) Gate(gate float64, missing int) Gate {
	answer := Pass
	if missing > 0 || len(d.Comparisons) == 0 {
		answer = CannotTell
	}
	for _, c := range d.Comparisons {
		switch c.Gate(gate) {
		case Fail:
			return Fail
		case CannotTell:
			answer = CannotTell
		}
	}
	return answer
}
