package stat

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestLagOneFindsTheCorrelationOfBlocks(t *testing.T) {
	n := runs(200)
	for _, blocks := range []int{6, 14, 28} {
		for _, lag := range []float64{0, 0.1, 0.3, 0.6} {
			draw := rand.New(rand.NewPCG(25, uint64(blocks)))
			sum, naive := 0.0, 0.0
			for range n {
				family, _ := allPairs(blockwise(unitNormal, 0.25, lag, quiet)(draw, groups, perGroup, blocks),
					make([]float64, perGroup))
				sum += LagOne(family) / float64(n)
				for _, d := range family {
					p, s := lagSums(d)
					naive += (p/s + 1/float64(blocks)) / float64(n*len(family))
				}
			}
			t.Logf("%d blocks, correlation %.1f: %.3f, with 1/n added only %.3f", blocks, lag, sum, naive)
			if math.Abs(sum-lag) > 0.04+0.2*lag {
				t.Errorf("%d blocks, correlation %.1f: %.3f", blocks, lag, sum)
			}
			// The known-bad twin: without the bias correction for a sequence.
			if blocks == 6 && lag == 0.3 && naive > 0.2 {
				t.Errorf("with 1/n added, 6 blocks show %.3f: this test proves nothing", naive)
			}
		}
	}
}

func TestLagOneOfLittle(t *testing.T) {
	for _, family := range [][][]float64{nil, {{}}, {{1}, {1, 2}}, {{1, 1, 1, 1}}, {{1, -1, 1, -1, 1, -1}}} {
		if r := LagOne(family); r != 0 {
			t.Errorf("%v: %v", family, r)
		}
	}
	up := make([]float64, 30)
	for i := range up {
		up[i] = float64(i)
	}
	if r := LagOne([][]float64{up}); r < 0.5 || r > 0.9 {
		t.Errorf("on a straight line: %v", r)
	}
	if f := Inflation(0.5); !near(f, math.Sqrt(3)) {
		t.Errorf("inflation %v", f)
	}
}
