package stat

import (
	"math"
	"math/rand/v2"
	"testing"
)

// around returns 20 noisy rounds around mean.
func around(mean float64, seed uint64) []float64 {
	draw := rand.New(rand.NewPCG(seed, 0))
	list := make([]float64, 20)
	for i := range list {
		list[i] = mean * math.Exp(0.02*draw.NormFloat64())
	}
	return list
}

func BenchmarkPair(b *testing.B) {
	base, other := around(1, 1), around(1.01, 2)
	for b.Loop() {
		Pair(base, other)
	}
}

func BenchmarkFitUSL(b *testing.B) {
	var points []Point
	for _, n := range []int{1, 2, 3, 4, 6, 8, 12, 16, 24, 32} {
		points = append(points, Point{Workers: n,
			Throughput: around(Curve{Lambda: 1000, Sigma: 0.05, Kappa: 0.001}.At(float64(n)), uint64(n))})
	}
	for b.Loop() {
		FitUSL(points, 0, 1)
	}
}
