package stat

import (
	"math"
	"testing"
)

func TestVerdictText(t *testing.T) {
	for v, want := range map[Verdict]string{
		0: "inconclusive", Faster: "faster", Slower: "slower", Equivalent: "equivalent",
		4: "Verdict(4)", -1: "Verdict(-1)",
	} {
		if v.String() != want {
			t.Errorf("%q, want %q", v.String(), want)
		}
	}
}

func TestUpper(t *testing.T) {
	for p, want := range map[float64]float64{0.5: 0, 0.025: 1.959963985, 0.2: 0.841621234, 0.005: 2.575829304} {
		if got := upper(p); math.Abs(got-want) > 1e-8 {
			t.Errorf("exceeded with %v: %v, want %v", p, got, want)
		}
	}
}
