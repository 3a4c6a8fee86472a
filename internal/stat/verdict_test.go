package stat

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestHolmByHand(t *testing.T) {
	for _, c := range []struct{ ps, want []float64 }{
		{nil, nil},
		{[]float64{0.04}, []float64{0.04}},
		// 0.01*4, then 0.015*3 = 0.045, 0.02*2 = 0.04 which may not be below, and 0.5.
		{[]float64{0.5, 0.015, 0.01, 0.02}, []float64{0.5, 0.045, 0.04, 0.045}},
		{[]float64{0.6, 0.7}, []float64{1, 1}},
		{[]float64{0.02, 0.02, 0.02}, []float64{0.06, 0.06, 0.06}},
	} {
		got := Holm(c.ps)
		if !slices.EqualFunc(got, c.want, near) {
			t.Errorf("%v: %v, want %v", c.ps, got, c.want)
		}
	}
}

// What Holm's procedure rejects, from its description: go up the sorted Ps until one is not below
// alpha over those left.
func TestHolmIsTheStepDownProcedure(t *testing.T) {
	draw := rand.New(rand.NewPCG(21, 22))
	rejected := 0
	for range 2000 {
		ps := make([]float64, 1+draw.IntN(12))
		for i := range ps {
			ps[i] = math.Pow(draw.Float64(), 4)
		}
		before := slices.Clone(ps)
		adjusted := Holm(ps)
		if !slices.Equal(ps, before) {
			t.Fatal("the Ps have changed")
		}
		sorted := slices.Sorted(slices.Values(ps))
		claims := 0
		for claims < len(sorted) && sorted[claims]*float64(len(sorted)-claims) < 0.05 {
			claims++
		}
		for i, p := range ps {
			rank, _ := slices.BinarySearch(sorted, p)
			if (adjusted[i] < 0.05) != (rank < claims) || adjusted[i] < p || adjusted[i] > 1 {
				t.Fatalf("%v: adjusted %v, but %d are rejected", ps, adjusted, claims)
			}
		}
		rejected += claims
	}
	if rejected == 0 {
		t.Error("nothing was ever rejected")
	}
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		lo, hi, confidence, adjusted float64
		want                         Verdict
	}{
		{0.80, 0.90, 0.95, 0.01, Faster},
		{1.10, 1.20, 0.95, 0.01, Slower},
		{0.99, 1.02, 0.95, 0.60, Equivalent},
		{1 / 1.03, 1.03, 0.95, 1, Equivalent},
		{1, 1, 0.95, 1, Equivalent},
		{0.96, 1.02, 0.95, 0.60, Inconclusive},
		{0.99, 1.031, 0.95, 0.60, Inconclusive},
		{0, math.Inf(1), 1, 0.5, Inconclusive},
		// Real and small: real comes first.
		{0.98, 0.99, 0.95, 0.01, Faster},
		{1.01, 1.02, 0.95, 0.01, Slower},
		// Not real in its family: small is left, or nothing.
		{1.01, 1.02, 0.95, 0.07, Equivalent},
		{1.10, 1.20, 0.95, 0.07, Inconclusive},
		{1.10, 1.20, 0.95, 0.05, Inconclusive},
		{0.80, 0.90, 0.95, 0.05, Inconclusive},
		// Ties can make P and interval contradict each other: no claim then.
		{1, 1.20, 0.95, 0.01, Inconclusive},
		{0.9, 1, 0.95, 0.01, Inconclusive},
		// An interval that holds too seldom.
		{0.99, 1.02, 0.80, 0.60, Inconclusive},
		{0.99, 1.02, 0.90, 0.60, Equivalent},
	} {
		p := Paired{Lo: c.lo, Hi: c.hi, Confidence: c.confidence}
		if got := Decide(p, c.adjusted, 0.05, DefaultMargin); got != c.want {
			t.Errorf("%v to %v at %v, adjusted P %v: %v, want %v", c.lo, c.hi, c.confidence, c.adjusted, got, c.want)
		}
	}
}

func TestVerdictText(t *testing.T) {
	for v, want := range map[Verdict]string{
		0: "unresolved", Faster: "faster", Slower: "slower", Equivalent: "same", 4: "Verdict(4)", -1: "Verdict(-1)",
	} {
		if v.String() != want {
			t.Errorf("%q, want %q", v.String(), want)
		}
	}
}

func TestReach(t *testing.T) {
	for _, c := range []struct {
		n, family int
		alpha     float64
		want      Preflight
	}{
		{10, 48, 0.05, Preflight{1. / 512, 48. / 512, false, 11}},
		{11, 48, 0.05, Preflight{1. / 1024, 48. / 1024, true, 11}},
		{10, 9, 0.05, Preflight{1. / 512, 9. / 512, true, 10 - 1}},
		{12, 144, 0.05, Preflight{1. / 2048, 144. / 2048, false, 13}},
		{6, 1, 0.05, Preflight{1. / 32, 1. / 32, true, 6}},
		{5, 1, 0.05, Preflight{1. / 16, 1. / 16, false, 6}},
		{5, 1, 0.10, Preflight{1. / 16, 1. / 16, false, 6}}, // P would do, the interval does not
		{6, 2, 1. / 16, Preflight{1. / 32, 1. / 16, false, 7}},
		{0, 3, 0.05, Preflight{1, 1, false, 7}},
	} {
		if got := Reach(c.n, c.family, c.alpha); got != c.want {
			t.Errorf("%d rounds, %d comparisons at %v: %+v, want %+v", c.n, c.family, c.alpha, got, c.want)
		}
	}
}

// What Reach says is what the verdicts do when all rounds agree and the others of the family do not.
func TestReachIsWhatJudgeDoes(t *testing.T) {
	for n := 1; n <= 14; n++ {
		for _, family := range []int{1, 2, 3, 9, 48, 144} {
			base, other := slices.Repeat([]float64{1}, n), make([]float64, n)
			for i := range other {
				other[i] = 2 + float64(i)
			}
			p := Pair(base, other)
			ps := slices.Repeat([]float64{1}, family)
			ps[0] = p.P
			got, want := Decide(p, Holm(ps)[0], 0.05, DefaultMargin), Reach(n, family, 0.05)
			if (got == Slower) != want.Reachable || (got == Slower) != (n >= want.Rounds) {
				t.Errorf("n=%d, family of %d: %v, but %+v", n, family, got, want)
			}
		}
	}
}

func TestDetectable(t *testing.T) {
	if !math.IsInf(Detectable(5, 1, 0.05, 0.01), 1) || !math.IsInf(Detectable(10, 48, 0.05, 0.01), 1) {
		t.Error("what cannot be reached is detectable")
	}
	// At the smallest P all rounds must agree, which n normal values with mean m do with chance Phi(m)^n.
	want := math.Exp(0.02 * -upper(math.Pow(Power, 1./6)))
	if got := Detectable(6, 1, 0.05, 0.02); math.Abs(math.Log(got)/math.Log(want)-1) > 0.03 {
		t.Errorf("6 rounds detect %v, want %v", got, want)
	}
	// The drawn and the approximated meet.
	at30, at31 := math.Log(Detectable(30, 1, 0.05, 1))*math.Sqrt(30), math.Log(Detectable(31, 1, 0.05, 1))*math.Sqrt(31)
	if math.Abs(at30/at31-1) > 0.06 {
		t.Errorf("a break between 30 rounds, %v, and 31, %v", at30, at31)
	}
	for _, c := range []struct{ n, family int }{{8, 1}, {10, 1}, {12, 20}, {30, 1}, {31, 1}, {31, 20}, {50, 20}} {
		ratio, found, n := Detectable(c.n, c.family, 0.05, 0.014), 0, runs(1000)
		draw := rand.New(rand.NewPCG(23, uint64(c.n)))
		base, other := slices.Repeat([]float64{1}, c.n), make([]float64, c.n)
		for range n {
			for i := range other {
				other[i] = ratio * math.Exp(0.014*draw.NormFloat64())
			}
			p := Pair(base, other)
			if Decide(p, min(1, p.P*float64(c.family)), 0.05, 0) == Slower {
				found++
			}
		}
		if share := float64(found) / float64(n); math.Abs(share-Power) > 0.05 {
			t.Errorf("%d rounds, family of %d: %v is found in %.1f %%", c.n, c.family, ratio, 100*share)
		} else {
			t.Logf("%d rounds, family of %d: %v is found in %.1f %%", c.n, c.family, ratio, 100*share)
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
