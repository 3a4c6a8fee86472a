package stat

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// The one of 40 samples that is smallest is the one of the first hand in 1 of 40 deals, and the
// largest in another: P is 5 % to the last digit, which is not below 5 %.
func TestFivePercentIsNotSignificant(t *testing.T) {
	base, other := []float64{1}, []float64(nil)
	for i := range 39 {
		other = append(other, float64(2+i))
	}
	if p := Unpaired(base, other).P; p != 0.05 {
		t.Errorf("P %v, want 0.05", p)
	}
	if p := Unpaired(base, append(other, 41)).P; !(p < 0.05) {
		t.Errorf("with a sample more: P %v, want less than 0.05", p)
	}
}

// At 100 degrees of freedom what the series leaves out is 2e-8 of the quantile, and each of its terms is more.
func TestWidenedHasEveryTermOfItsSeries(t *testing.T) {
	const quantile = 1.983971518523552 // of Student's t at 97.5 %
	want := math.Erfc(quantile*math.Sqrt(101./100)/math.Sqrt2) / 2
	if got := widened(101); math.Abs(got/want-1) > 6e-8 {
		t.Errorf("%v, want %v: off by %v", got, want, got/want-1)
	}
}

func TestPercentilesLeaveOutTheirShareAtEachEnd(t *testing.T) {
	var x []float64
	for i := range 1000 {
		x = append(x, float64(i*7%1000)) // 0 to 999, in another order
	}
	for value, want := range map[float64]Interval{500: {500, 25, 974}, 3: {3, 3, 974}, 990: {990, 25, 990}} {
		if got := percentiles(value, slices.Clone(x), 0.025); got != want {
			t.Errorf("%v: %+v, want %+v", value, got, want)
		}
	}
}

// Two points whose rounds differ by 1 to either side, on top of what points and rounds have of
// their own: 8 is the sum of the squares, with (2-1)(4-1) degrees of freedom, and a center is of 4
// rounds.
func TestNoiseByHand(t *testing.T) {
	logs := [][]float64{{7 + 1, 7 - 1 + 3, 7 + 1 - 2, 7 - 1}, {4 - 1, 4 + 1 + 3, 4 - 1 - 2, 4 + 1}}
	if got, want := noise(logs), math.Sqrt(8./3/4); !near(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestMissingIntervalNamesItsConfidence(t *testing.T) {
	one := []float64{1, 2, 3}
	for confidence, want := range map[float64]string{0.95: "need >= 6 rounds for an interval at 95 %",
		0.99: "need >= 8 rounds for an interval at 99 %"} {
		if p := pairAt(one, []float64{2, 3, 4}, confidence); len(p.Warnings) != 1 ||
			!strings.HasPrefix(p.Warnings[0], want+", have 3") {
			t.Errorf("%v: %q, want %s", confidence, p.Warnings, want)
		}
	}
}

func TestRoundsForReachesWhatItIsAskedFor(t *testing.T) {
	for p, want := range map[float64]int{1: 1, 0.5: 2, 0.49: 3, 1. / 32: 6, 0.05: 6, 0.01: 8} {
		if got := roundsFor(p); got != want {
			t.Errorf("a P of %v needs %d rounds, want %d", p, got, want)
		}
	}
}

func TestAtMostCountsSubsets(t *testing.T) {
	// Of the 8 subsets of 1, 2, 3 one each has the sums 0, 1, 2, 4, 5, 6, and two have 3.
	if got, want := atMost([]int{1, 2, 3}),
		[]float64{1. / 8, 2. / 8, 3. / 8, 5. / 8, 6. / 8, 7. / 8, 1}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
