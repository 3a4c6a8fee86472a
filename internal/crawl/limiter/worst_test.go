package limiter

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// worstByHand computes the ratio of Worst from all pairs of grants.
func worstByHand(at []time.Duration, rate float64, burst int) (ratio float64) {
	for i := range at {
		for j := i; j < len(at); j++ {
			d := max(at[j]-at[i], Shortest)
			ratio = max(ratio, float64(j-i+1)/(rate*d.Seconds()+float64(burst)))
		}
	}
	return ratio
}

func TestWorstOfAllWindows(t *testing.T) {
	for seed := range uint64(300) {
		draw := rand.New(rand.NewPCG(seed, 1))
		at := make([]time.Duration, draw.IntN(200))
		length := math.Pow(10, 5+4*draw.Float64()) // 100 µs to 1 s
		for i := range at {
			at[i] = time.Duration(length * draw.Float64())
			if draw.IntN(3) == 0 {
				at[i] = at[i].Round(time.Millisecond)
			}
		}
		slices.Sort(at)
		rate, burst := math.Pow(10, 6*draw.Float64()), 1+draw.IntN(50)
		got, window := Worst(at, rate, burst)
		if want := worstByHand(at, rate, burst); math.Abs(got-want) > 1e-9*want {
			t.Fatalf("seed %d: %v, by hand %v", seed, got, want)
		}
		if len(at) > 0 && window < Shortest {
			t.Fatalf("seed %d: a window of %v", seed, window)
		}
	}
}

func TestWorstKnown(t *testing.T) {
	const ms = time.Millisecond
	every := func(n int, d time.Duration) (at []time.Duration) {
		for i := range n {
			at = append(at, time.Duration(i+1)*d)
		}
		return at
	}
	for _, test := range []struct {
		name   string
		at     []time.Duration
		rate   float64
		burst  int
		ratio  float64
		window time.Duration
	}{
		{"nothing", nil, 100, 1, 0, 0},
		{"steady", every(50, 10*ms), 100, 1, 1, 10 * ms},
		{"twice as fast for a second", every(200, 5*ms), 100, 1, 200.0 / (1 + 99.5), 995 * ms},
		{"all at once", every(44, 0), 1000, 10, 4, ms},
	} {
		ratio, window := Worst(test.at, test.rate, test.burst)
		if math.Abs(ratio-test.ratio) > 1e-9 || test.name != "steady" && window != test.window {
			t.Errorf("%s: %v in %v, want %v in %v", test.name, ratio, window, test.ratio, test.window)
		}
	}
}

func BenchmarkWorst(b *testing.B) {
	at := make([]time.Duration, 200_000)
	for i := range at {
		at[i] = time.Duration(i/900) * 1100 * time.Microsecond
	}
	for b.Loop() {
		Worst(at, 1e6, 10_000)
	}
}
