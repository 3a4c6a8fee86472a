package stat

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestSpeedup(t *testing.T) {
	points := []Point{
		{8, []float64{40, 44, 36, 40, 48, 40}}, // 4, 4, 4, 4, 4, 4 times the first
		{2, []float64{10, 11, 9, 10, 12, 10}},
		{4, []float64{10, 12, 9, 10, 12, 10}},
	}
	gains := Speedup(points)
	if len(gains) != 3 || gains[0].Workers != 2 || gains[1].Workers != 4 || gains[2].Workers != 8 {
		t.Fatalf("%+v", gains)
	}
	first, last := gains[0], gains[2]
	if first.Ratio.Ratio != 1 || first.Ratio.Lo != 1 || first.Ratio.Hi != 1 || first.Ratio.Warnings != nil ||
		first.Efficiency != (Interval{1, 1, 1}) {
		t.Errorf("first: %+v", first)
	}
	if r := last.Ratio; !near(r.Ratio, 4) || !near(r.Lo, 4) || !near(r.Hi, 4) || r.P != 1./32 {
		t.Errorf("4 times: %+v", r)
	}
	if e := last.Efficiency; !near(e.Value, 1) || !near(e.Lo, 1) || !near(e.Hi, 1) {
		t.Errorf("4 times with 4 times the workers: %+v", e)
	}
	second := gains[1]
	want := Pair(points[1].Throughput, points[2].Throughput)
	if second.Ratio.Ratio != want.Ratio || !near(second.Efficiency.Hi, want.Hi/2) ||
		!near(second.Efficiency.Lo, want.Lo/2) {
		t.Errorf("second: %+v, want %+v", second, want)
	}
	if points[0].Workers != 8 || Speedup(nil) != nil {
		t.Error("the points were modified, or there are gains without points")
	}
}

func TestKneeByHand(t *testing.T) {
	rounds := func(n int, x float64) []float64 { return slices.Repeat([]float64{x}, n) }
	for _, n := range []int{3, 8} {
		for _, c := range []struct {
			x          []float64
			knee, best int
		}{
			{[]float64{100, 200, 390, 400}, 4, 8}, // 2.5 % lower is within the margin
			{[]float64{100, 200, 380, 400}, 8, 8}, // 5 % lower is not, and not noise
			{[]float64{100, 190, 150, 90}, 2, 2},
			{[]float64{100, 99, 98, 97}, 1, 1},
			{[]float64{100, 100, 100, 100}, 1, 1},
		} {
			var points []Point
			for i, x := range c.x {
				// A little scatter common to all points, so that rounds differ.
				p := Point{1 << i, rounds(n, x)}
				for r := range p.Throughput {
					p.Throughput[r] *= 1 + float64(r)/10
				}
				points = append(points, p)
			}
			slices.Reverse(points)
			k := FindKnee(points)
			if k.Workers != c.knee || k.Best != c.best {
				t.Errorf("%v in %d rounds: %+v, want %d, the best being %d", c.x, n, k, c.knee, c.best)
			}
			if want := c.x[int(math.Log2(float64(c.knee)))] / slices.Max(c.x); !near(k.Ratio.Ratio, want) {
				t.Errorf("%v: ratio %v, want %v", c.x, k.Ratio.Ratio, want)
			}
		}
	}
	// 6 % lower in the median, but higher as often: noise.
	a, b := []float64{100, 100, 100, 100, 100, 100, 100, 100}, []float64{70, 130, 80, 85, 125, 90, 140, 75}
	b[4], b[6] = 130, 170
	if k := FindKnee([]Point{{1, a}, {2, []float64{140, 80, 130, 128, 85, 120, 82, 135}},
		{3, []float64{150, 90, 135, 85, 150, 120, 90, 130}}}); k.Workers != 1 {
		t.Errorf("noise: %+v", k)
	}
	// Six rounds are the minimum for a significant result.
	six := []Point{{1, []float64{100, 100, 100, 100, 100, 100}}, {2, []float64{130, 90, 125, 95, 140, 92}}}
	if k := FindKnee(six); k.Workers != 1 || k.Best != 2 {
		t.Errorf("noise of six rounds: %+v", k)
	}
	for i := range six {
		six[i].Throughput = six[i].Throughput[:5]
	}
	if k := FindKnee(six); k.Workers != 2 {
		t.Errorf("with five rounds the margin decides: %+v", k)
	}
	if k := FindKnee(nil); k.Workers != 0 {
		t.Errorf("no point: %+v", k)
	}
	if k := FindKnee([]Point{{1, []float64{math.NaN(), 0}}, {2, []float64{math.NaN(), 5}}}); k.Workers != 2 {
		t.Errorf("a point without samples: %+v", k)
	}
}

func TestCenterIsTheGeometricMeanOfWhatIsUsable(t *testing.T) {
	if c := center([]float64{2, math.NaN(), 32, 0, 1}); !near(c, 4) {
		t.Errorf("of 2, 32 and 1: %v", c)
	}
}

func TestTheKneeIsFoundInNoise(t *testing.T) {
	n := runs(500)
	for i, m := range machines {
		draw := rand.New(rand.NewPCG(41, uint64(i)))
		plateau, growing := 0, 0
		for range n {
			if FindKnee(noisy(draw, m.state, doubling, 10,
				func(n float64) float64 { return 100 * min(n, 4) })).Workers == 4 {
				plateau++
			}
			if FindKnee(noisy(draw, m.state, doubling, 10,
				func(n float64) float64 { return 100 * math.Pow(n, 0.1) })).Workers == 64 {
				growing++
			}
		}
		atLeastShare(t, m.name+": knee of a plateau", plateau, n, 0.95)
		atLeastShare(t, m.name+": the last of those that grow by 7 %", growing, n, 0.95)
	}
}
