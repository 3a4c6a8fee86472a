package stat

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// shuffled returns 1, 4, 9 ... n*n in random order, so the value of the k-th smallest identifies it.
func shuffled(n int) []float64 {
	draw := rand.New(rand.NewPCG(uint64(n), 5))
	x := make([]float64, n)
	for i, v := range draw.Perm(n) {
		x[i] = float64((v + 1) * (v + 1))
	}
	return x
}

// coverage returns the probability that the median lies between the lo-th and the hi-th smallest of
// n samples, where 0 is minus infinity and n+1 is infinity: a binomial probability.
func coverage(n, lo, hi int) float64 {
	sum, choose := 0.0, 1.0
	for k := range n + 1 {
		if k >= lo && k < hi {
			sum += choose
		}
		choose = choose * float64(n-k) / float64(k+1)
	}
	return sum / math.Exp2(float64(n))
}

// rank returns the rank of x among the samples; infinite bounds lie outside.
func rank(x float64, n int) int {
	switch {
	case math.IsInf(x, -1):
		return 0
	case math.IsInf(x, 1):
		return n + 1
	}
	return int(math.Round(math.Sqrt(x)))
}

func TestMedianIntervalCoversWhatItSays(t *testing.T) {
	for n := 1; n <= 30; n++ {
		x := shuffled(n)
		s := Median(x)
		lower, upper := float64((n+1)/2), float64(n/2+1)
		if want := (lower*lower + upper*upper) / 2; s.N != n || s.Center != want {
			t.Errorf("n=%d: median %v of %d, want %v", n, s.Center, s.N, want)
		}
		if n > 1 && n < 6 {
			continue // see TestFewSamplesHaveAStudentInterval
		}
		lo, hi := rank(s.Lo, n), rank(s.Hi, n)
		if want := coverage(n, lo, hi); math.Abs(s.Confidence-want) > 1e-12 || want < 0.95 {
			t.Errorf("n=%d: rank %d to %d claims a coverage of %v, want %v", n, lo, hi, s.Confidence, want)
		}
		for from := 0; from <= n+1-(hi-lo-1); from++ {
			if c := coverage(n, from, from+hi-lo-1); c >= 0.95 {
				t.Errorf("n=%d: rank %d to %d, but %d to %d would cover %v", n, lo, hi, from, from+hi-lo-1, c)
			}
		}
		finite := lo >= 1 && hi <= n
		warned := len(s.Warnings) == 1 && strings.Contains(s.Warnings[0], "need >= 6 samples")
		if finite != (n >= 6) || warned != (n < 6) || !warned && s.Warnings != nil {
			t.Errorf("n=%d: interval from %v to %v, warnings %q", n, s.Lo, s.Hi, s.Warnings)
		}
		if !slices.Equal(x, shuffled(n)) {
			t.Errorf("n=%d: the samples were reordered", n)
		}
	}
}

// Rate-limited cells have 4 samples.
func TestFewSamplesHaveAStudentInterval(t *testing.T) {
	// By hand: -d, d, 3d, 5d have the mean 2d and the deviation d*sqrt(20/3); t with 3 degrees is 3.18245.
	d := 0.001
	s := Median([]float64{math.Exp(3 * d), math.Exp(-d), math.Exp(5 * d), math.Exp(d)})
	half := 3.182446305 * d * math.Sqrt(20./3) / 2
	if !near(s.Lo, math.Exp(2*d-half)) || !near(s.Hi, math.Exp(2*d+half)) || s.Confidence != 0.95 || s.Warnings != nil {
		t.Errorf("%+v", s)
	}
	draw := rand.New(rand.NewPCG(71, 0))
	n := runs(4000)
	for size := 2; size < 6; size++ {
		covered := 0
		for range n {
			x := make([]float64, size)
			for i := range x {
				x[i] = 500 * math.Exp(0.004*draw.NormFloat64())
			}
			s := Median(x)
			if s.Lo <= 500 && 500 <= s.Hi {
				covered++
			}
		}
		atLeastShare(t, "covered", covered, n, 0.95)
		// Their range misses the median if all samples are on one side of it.
		if share := 1 - math.Pow(2, 1-float64(size)); share > 0.94 {
			t.Errorf("%d samples: their range covers %.3f: this test proves nothing", size, share)
		}
	}
	for _, x := range [][]float64{{5}, {1, 0, 2}} {
		if s := Median(x); len(s.Warnings) == 0 {
			t.Errorf("%v: %+v", x, s)
		}
	}
	if s := Median([]float64{7, 7, 7}); !near(s.Lo, 7) || !near(s.Hi, 7) {
		t.Errorf("constant: %+v", s)
	}
}

// permuted returns the P of a U-test by its definition: the share of all splits of the values into
// two sets of these sizes in which the number of ordered pairs is at least as far from half of all
// pairs.
func permuted(a, b []float64) float64 {
	all := slices.Concat(a, b)
	far := func(first uint) int {
		u := 0
		for i := range all {
			for j := range all {
				if first>>i&1 == 1 && first>>j&1 == 0 && all[i] < all[j] {
					u++
				}
			}
		}
		return max(2*u-len(a)*len(b), len(a)*len(b)-2*u)
	}
	have := far(1<<len(a) - 1)
	hits, deals := 0, 0
	for first := range uint(1) << len(all) {
		if bits.OnesCount(first) == len(a) {
			deals++
			if far(first) >= have {
				hits++
			}
		}
	}
	return float64(hits) / float64(deals)
}

func TestUnpairedIsThePermutationTest(t *testing.T) {
	draw := rand.New(rand.NewPCG(6, 7))
	verdicts := map[bool]int{}
	for range 40 {
		a, b := make([]float64, 3+draw.IntN(3)), make([]float64, 3+draw.IntN(3))
		for i := range a {
			a[i] = 1 + draw.Float64()
		}
		shift := draw.Float64()
		for i := range b {
			b[i] = 1 + shift + draw.Float64()
		}
		x, y := slices.Clone(a), slices.Clone(b)
		p := Unpaired(a, b)
		if want := permuted(a, b); math.Abs(p.P-want) > 1e-12 {
			t.Errorf("%v and %v: P %v, want %v", a, b, p.P, want)
		}
		if !slices.Equal(a, x) || !slices.Equal(b, y) {
			t.Error("the order of the samples has changed")
		}
		verdicts[p.P < 0.05]++
	}
	if verdicts[true] == 0 || verdicts[false] == 0 {
		t.Errorf("only one verdict occurred: %v", verdicts)
	}
}

func TestUnpairedWarns(t *testing.T) {
	warns := func(a, b []float64, word string) {
		t.Helper()
		if d := Unpaired(a, b); d.P < 0.05 || len(d.Warnings) != 1 || !strings.Contains(d.Warnings[0], word) {
			t.Errorf("%v and %v: %+v, want a warning of %q", a, b, d, word)
		}
	}
	warns([]float64{1, 2, 3}, []float64{4, 5, 6}, "need >= 4 samples")
	warns([]float64{2, 2, 2, 2, 2, 2}, []float64{2, 2, 2, 2, 2, 2}, "equal")
}

func TestQuantile(t *testing.T) {
	x := []float64{4, 1, 3, 2}
	for q, want := range map[float64]float64{0: 1, 0.5: 2.5, 1: 4} {
		if got := Quantile(x, q); got != want {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
	if !slices.Equal(x, []float64{4, 1, 3, 2}) {
		t.Errorf("the samples were modified: %v", x)
	}
	if got := Quantile([]float64{7, 5, 6}, 0.5); got != 6 {
		t.Errorf("the median of three is %v", got)
	}
}
