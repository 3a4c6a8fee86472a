package stat

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestUDistributionByEnumeration(t *testing.T) {
	const m, n = 4, 5
	want := make([]float64, m*n+1)
	total := 0.0
	for set := range 1 << (m + n) { // which ranks belong to the first sample
		u, size := 0, 0
		for r := range m + n {
			if set>>r&1 == 1 {
				u += r - size
				size++
			}
		}
		if size == m {
			want[u]++
			total++
		}
	}
	for u, p := range uDistribution(m, n) {
		if math.Abs(p-want[u]/total) > 1e-12 {
			t.Errorf("P(U = %d) is %v, want %v", u, p, want[u]/total)
		}
	}
}

// For 8 and 8 samples the tables reject at 5 % for U <= 13, so the interval excludes 13 differences at each end.
func TestUQuantileIsThatOfTheTables(t *testing.T) {
	if k, c := uQuantile(8, 8, 0.95); k != 13 || c < 0.95 || c > 0.97 {
		t.Errorf("k %d at %v", k, c)
	}
	if k, _ := uQuantile(3, 3, 0.95); k != -1 {
		t.Errorf("three and three samples have an interval: k %d", k)
	}
}

func TestUnpairedFindsTheRatio(t *testing.T) {
	draw := rand.New(rand.NewPCG(1, 2))
	sample := func(center float64) []float64 {
		list := make([]float64, 14)
		for i := range list {
			list[i] = center * math.Exp(0.02*draw.NormFloat64())
		}
		return list
	}
	covered := 0
	for range 500 {
		p := Unpaired(sample(3), sample(3.3))
		if p.Lo <= 1.1 && 1.1 <= p.Hi {
			covered++
		}
		if back := Unpaired(sample(3.3), sample(3)); back.Ratio > 1 {
			t.Errorf("the other way round: %v", back.Ratio)
		}
	}
	if covered < 460 || covered > 490 { // 95.0 to 95.4 %
		t.Errorf("covered %d of 500", covered)
	}
	if p := Unpaired([]float64{1}, nil); p.N != 0 || !math.IsNaN(p.Ratio) || p.P != 1 {
		t.Errorf("%+v", p)
	}
}
