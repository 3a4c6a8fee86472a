package stat

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestSkewnessIsToldFromHeavyTails(t *testing.T) {
	n := runs(200)
	for i, c := range []struct {
		name   string
		lab    lab
		lo, hi [2]float64 // of the mean, by blocks
	}{
		{"normal", blockwise(unitNormal, 0.8, 0, quiet), [2]float64{0, 0}, [2]float64{0.25, 0.1}},
		{"t3", blockwise(unitT3, 0.25, 0, quiet), [2]float64{0, 0}, [2]float64{0.25, 0.3}},
		{"exponential", blockwise(unitSkewed, 0.8, 0, quiet), [2]float64{0.2, 0.7}, [2]float64{0.6, 1.5}},
	} {
		for k, blocks := range []int{6, 28} {
			draw := rand.New(rand.NewPCG(71, uint64(i)))
			sum, single := 0.0, 0.0
			for range n {
				family, _ := allPairs(c.lab(draw, groups, perGroup, blocks), make([]float64, perGroup))
				sum += Skewness(family) / float64(n)
				for _, d := range family {
					s := spreadOf(d)
					x := thirdMoment(d, rand.Perm(blocks)) / math.Pow(s.Variance, 1.5)
					single += x * x / float64(n*len(family))
				}
			}
			t.Logf("%s, %d blocks: %.2f; root mean square of single estimates %.2f", c.name, blocks, sum, math.Sqrt(single))
			if sum < c.lo[k] || sum > c.hi[k] {
				t.Errorf("%s, %d blocks: skewness %.2f, want %v to %v", c.name, blocks, sum, c.lo[k], c.hi[k])
			}
			if c.name == "t3" && math.Sqrt(single) < 2*c.hi[k] {
				t.Errorf("%d blocks: single estimates show heavy tails as skewness %.2f: this test proves nothing", blocks,
					math.Sqrt(single))
			}
		}
	}
}

func TestSkewnessOfLittle(t *testing.T) {
	for _, family := range [][][]float64{nil, {{}}, {{1, 2, 3, 4, 9}}, {constant(30, 1)}} {
		if s := Skewness(family); s != 0 {
			t.Errorf("%v: %v", family, s)
		}
	}
}

// Where noise is far more skewed than any that was seen, some claims are still wrong.
func TestTheGuardReducesFalseWinsOfExtremeSkew(t *testing.T) {
	n := runs(500)
	extreme := blockwise(unitSkewed, 1.2, 0, quiet) // deviations mostly differ by a factor of 2 to 10
	wins, _, _, _ := falseWins(t, rand.New(rand.NewPCG(72, 0)), extreme, unlimited(InterimLooks(28)), n)
	draw, plain := rand.New(rand.NewPCG(72, 0)), 0
	for range n {
		family, _ := allPairs(extreme(draw, groups, perGroup, 28), make([]float64, perGroup))
		if plainWins(family, UnlimitedAlpha) {
			plain++
		}
	}
	t.Logf("of %d families: with looks and guard %d, at the end without guard %d", n, wins, plain)
	atMostShare(t, "extreme skew", wins, n, 0.085)
	if 2*plain < 3*wins {
		t.Errorf("of %d families, the guard leaves %d of %d false wins", n, wins, plain)
	}
}

// Widening and its inverse must agree, because verdicts use one and intervals the other.
func TestWideningIsInverted(t *testing.T) {
	for _, term := range []float64{0, 1e-9, 0.01, 0.14, 1} {
		last := -1.0
		for _, q := range []float64{0, 1e-6, 0.5, 2, 8, 100} {
			wide := skewed(q, term)
			if got := unskewed(wide, term); math.Abs(got-q) > 1e-9*(1+q) || wide < q || wide <= last {
				t.Errorf("term %v: %v is widened to %v and back to %v", term, q, wide, got)
			}
			last = wide
		}
		if got := unskewed(term/2, term); got > term/2 {
			t.Errorf("term %v: half of it becomes %v", term, got)
		}
		if got := unskewed(math.Inf(1), term); !math.IsInf(got, 1) {
			t.Errorf("term %v: infinity becomes %v", term, got)
		}
	}
}
