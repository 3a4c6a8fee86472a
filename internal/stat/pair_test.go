package stat

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The largest rank sums that are significant, of n from 6, at 5 % and 1 % two-sided: the table of
// Wilcoxon and Wilcox (1964) that textbooks print. -1 is none.
func TestCriticalValuesAreThoseOfTextbooks(t *testing.T) {
	for p, want := range map[float64][]int{
		0.05: {0, 2, 3, 5, 8, 10, 13, 17, 21, 25, 29, 34, 40, 46, 52, 58, 65, 73, 81, 89},
		0.01: {-1, -1, 0, 1, 3, 5, 7, 9, 12, 15, 19, 23, 27, 32, 37, 42, 48, 54, 61, 68},
	} {
		for i, sum := range want {
			if got, reached := critical(6+i, p, false); got != sum || reached > p || got >= 0 && reached == 0 {
				t.Errorf("n=%d: critical sum at %v is %d with P %v, want %d", 6+i, p, got, reached, sum)
			}
		}
	}
	if got, reached := critical(6, 1./32, false); got != 0 || reached != 1./32 {
		t.Errorf("6 rounds at 1/32: %d, %v", got, reached)
	}
	if got, reached := critical(6, 1./32, true); got != -1 || reached != 0 {
		t.Errorf("6 rounds below 1/32: %d, %v", got, reached)
	}
}

// enumerated returns the P of the signed-rank test from its definition, by all signs.
func enumerated(d []float64) float64 {
	ranks := make([]float64, len(d))
	var kept []int
	for i, x := range d {
		for _, y := range d {
			switch {
			case math.Abs(y) < math.Abs(x):
				ranks[i]++
			case math.Abs(y) == math.Abs(x):
				ranks[i] += 0.5
			}
		}
		ranks[i] += 0.5
		if x != 0 {
			kept = append(kept, i)
		}
	}
	far := func(sign func(bit, i int) bool) float64 {
		sum := 0.0
		for bit, i := range kept {
			if sign(bit, i) {
				sum += ranks[i]
			} else {
				sum -= ranks[i]
			}
		}
		return math.Abs(sum)
	}
	have, hits := far(func(_, i int) bool { return d[i] > 0 }), 0
	for signs := range 1 << len(kept) {
		if far(func(bit, _ int) bool { return signs>>bit&1 == 1 }) >= have {
			hits++
		}
	}
	return float64(hits) / math.Exp2(float64(len(kept)))
}

func TestPIsTheShareOfAllSigns(t *testing.T) {
	draw := rand.New(rand.NewPCG(11, 12))
	kinds := map[string]int{}
	for range 3000 {
		d := make([]float64, 1+draw.IntN(8))
		for i := range d {
			if d[i] = draw.NormFloat64(); draw.IntN(2) == 0 {
				d[i] = float64(draw.IntN(7) - 3) // ties and zeros
			}
			if d[i] == 0 {
				kinds["zero"]++
			}
		}
		if got, want := signedRankP(d), enumerated(d); math.Abs(got-want) > 1e-12 {
			t.Fatalf("%v: P %v, want %v", d, got, want)
		} else if want < 0.05 {
			kinds["significant"]++
		}
	}
	if kinds["zero"] < 100 || kinds["significant"] < 20 {
		t.Errorf("hardly tried: %v", kinds)
	}
}

// With ratios that are powers of 2, whose Walsh averages can be counted by hand.
func TestPairByHand(t *testing.T) {
	base := []float64{1, 1, 1, 1, 1, 1}
	p := Pair(base, []float64{2, 4, 8, 16, 32, 64})
	// The averages of 1..6 have the median 3.5; at 6 rounds the interval is from the smallest to the largest.
	if math.Abs(p.Ratio-math.Exp2(3.5)) > 1e-9 || math.Abs(p.Lo-2) > 1e-9 || math.Abs(p.Hi-64) > 1e-9 {
		t.Errorf("%v, %v to %v; want 2^3.5, 2 to 64", p.Ratio, p.Lo, p.Hi)
	}
	if p.P != 1./32 || p.Confidence != 1-1./32 || p.N != 6 || p.Warnings != nil {
		t.Errorf("%+v, want a P of 1/32", p)
	}
	if want := math.Ln2 * math.Sqrt(3.5); math.Abs(p.SD-want) > 1e-9 {
		t.Errorf("deviation %v, want %v", p.SD, want)
	}
}

func TestTooFewRoundsHaveNoInterval(t *testing.T) {
	for n := range 6 {
		base, other := make([]float64, n), make([]float64, n)
		for i := range n {
			base[i], other[i] = 1, 2+float64(i)
		}
		p := Pair(base, other)
		if p.Lo != 0 || !math.IsInf(p.Hi, 1) || p.Confidence != 1 || p.N != n ||
			p.P != min(1, math.Exp2(float64(1-n))) {
			t.Errorf("n=%d: %+v", n, p)
		}
		if math.IsNaN(p.Ratio) != (n == 0) || math.IsNaN(p.SD) != (n < 2) {
			t.Errorf("n=%d: ratio %v, deviation %v", n, p.Ratio, p.SD)
		}
		if n > 0 && (len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], "need >= 6 rounds")) {
			t.Errorf("n=%d: warnings %q", n, p.Warnings)
		}
	}
	if p := pairAt(make([]float64, 9), make([]float64, 9), 0.95); p.N != 0 || len(p.Warnings) != 1 {
		t.Errorf("without a sample: %+v", p)
	}
	base := slices.Repeat([]float64{1}, 10)
	if p := pairAt(base, shuffled(10), 0.999); !math.IsInf(p.Hi, 1) ||
		!strings.Contains(p.Warnings[0], "need >= 11 rounds") {
		t.Errorf("10 rounds at 99.9 %%: %+v", p)
	}
}

func TestIncompleteRoundsAreLeftOut(t *testing.T) {
	bad := []float64{0, -1, math.NaN(), math.Inf(1), math.Inf(-1)}
	base, other := []float64{3}, []float64{5, 7, 2, 9, 8, 4, 6, 1}
	base = append(base, bad...)
	base = append(base, 2)
	p := Pair(base, other) // rounds 0 and 6 are whole, 1 to 5 have no base, 7 has none either
	if want := Pair([]float64{3, 2}, []float64{5, 6}); p.Ratio != want.Ratio || p.N != 2 {
		t.Errorf("%+v, want the ratio %v of 2", p, want.Ratio)
	}
	if len(p.Warnings) != 2 || !strings.HasPrefix(p.Warnings[0], "6 of 8 rounds are left out") {
		t.Errorf("warnings %q", p.Warnings)
	}
}

func TestEqualSamplesAreEqual(t *testing.T) {
	x := shuffled(8)
	p := Pair(x, x)
	if p.Ratio != 1 || p.Lo != 1 || p.Hi != 1 || p.P != 1 || p.SD != 0 {
		t.Errorf("%+v", p)
	}
	if len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], "8 of 8 ratios are exactly 1") {
		t.Errorf("warnings %q", p.Warnings)
	}
}

func TestHalfTheRatiosAreOne(t *testing.T) {
	base := []float64{1, 2, 3, 4, 5, 6}
	if p := Pair(base, []float64{1, 2, 3, 5, 6, 7}); len(p.Warnings) != 1 ||
		!strings.Contains(p.Warnings[0], "3 of 6 ratios") {
		t.Errorf("three of six: %q", p.Warnings)
	}
	if p := Pair(base, []float64{1, 2, 4, 5, 6, 7}); p.Warnings != nil {
		t.Errorf("two of six: %q", p.Warnings)
	}
}

func TestEqualRatiosOfOtherSamplesAreTies(t *testing.T) {
	base, other, signs := []float64{}, []float64{}, []float64{}
	for i, x := range []float64{1, 2, 3, 5, 7, 11, 13, 17} {
		sign := 1.0
		if base, other = append(base, x), append(other, x*1.1); i < 2 {
			base[i], other[i], sign = other[i], base[i], -1
		}
		signs = append(signs, sign)
	}
	if got, want := Pair(base, other).P, enumerated(signs); got != want {
		t.Errorf("P %v, want %v", got, want)
	}
}

func samples(n int) *rapid.Generator[[]float64] {
	return rapid.SliceOfN(rapid.Float64Range(0.01, 100), n, n)
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(math.Abs(a), math.Abs(b)) || a == b }

func TestPairLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 20).Draw(t, "n")
		base, other := samples(n).Draw(t, "base"), samples(n).Draw(t, "other")
		p, q := Pair(base, other), Pair(other, base)
		if !near(p.Ratio*q.Ratio, 1) || !near(p.Lo*q.Hi, 1) && p.Lo != 0 || p.P != q.P || p.Confidence != q.Confidence {
			t.Fatalf("swapped: %+v and %+v", p, q)
		}
		if p.Ratio < p.Lo || p.Ratio > p.Hi || p.P < math.Exp2(float64(1-n)) || p.P > 1 || n >= 6 &&
			p.Confidence < 0.95 {
			t.Fatalf("%+v", p)
		}
		// Scale by powers of two, which do not round.
		scaledBase, scaledOther := slices.Clone(base), slices.Clone(other)
		for i := range base {
			scaledBase[i], scaledOther[i] = base[i]*8, other[i]*2
		}
		scaledBase2 := slices.Clone(base)
		for i := range base {
			scaledBase2[i] *= 2
		}
		if s := Pair(scaledBase2, scaledOther); math.Abs(s.P-p.P) > 1e-9 || !near(s.Ratio, p.Ratio) {
			t.Fatalf("both doubled: %+v and %+v", p, s)
		}
		if s := Pair(scaledBase, scaledOther); !near(4*s.Ratio, p.Ratio) || !near(4*s.Lo, p.Lo) || !near(4*s.Hi, p.Hi) {
			t.Fatalf("a quarter: %+v and %+v", p, s)
		}
		// The order of the rounds does not matter.
		slices.Reverse(scaledBase2)
		slices.Reverse(scaledOther)
		if s := Pair(scaledBase2, scaledOther); math.Abs(s.P-p.P) > 1e-9 || !near(s.Lo, p.Lo) {
			t.Fatalf("reversed: %+v and %+v", p, s)
		}
		// The interval and P are of one test.
		if d := LogRatios(base, other); n >= 6 && distinct(d) && (p.P <= 0.05) != (p.Lo > 1 || p.Hi < 1) {
			t.Fatalf("P and interval contradict each other: %+v", p)
		}
	})
}

func distinct(d []float64) bool {
	seen := map[float64]bool{0: true}
	for _, x := range d {
		if seen[math.Abs(x)] {
			return false
		}
		seen[math.Abs(x)] = true
	}
	return true
}
