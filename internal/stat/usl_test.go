package stat

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var doubling = []int{1, 2, 4, 8, 16, 32, 64}

// steady returns the points of a curve in rounds without noise.
func steady(workers []int, rounds int, throughput func(n float64) float64) []Point {
	var points []Point
	for _, n := range workers {
		points = append(points, Point{n, slices.Repeat([]float64{throughput(float64(n))}, rounds)})
	}
	return points
}

// noisy returns the points of a curve as measured by a machine, in rounds of random order.
func noisy(draw *rand.Rand, state machine, workers []int, rounds int, throughput func(n float64) float64) []Point {
	var times []float64
	for _, n := range workers {
		times = append(times, 1/throughput(float64(n)))
	}
	var points []Point
	for i, sec := range inRounds(draw, state, normal, rounds, times) {
		for r := range sec {
			sec[r] = 1 / sec[r]
		}
		points = append(points, Point{workers[i], sec})
	}
	return points
}

func TestUSLIsFoundWithoutNoise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Curve{
			Lambda: rapid.Float64Range(1e-3, 1e7).Draw(t, "lambda"),
			Sigma:  rapid.SampledFrom([]float64{0, 1e-4, 0.03, 0.4, 0.99, 1.5}).Draw(t, "sigma"),
			Kappa:  rapid.SampledFrom([]float64{0, 1e-6, 1e-3, 0.2}).Draw(t, "kappa"),
		}
		f := FitUSL(steady(doubling, 5, want.At), 0, 1)
		close := func(a, b float64) bool { return math.Abs(a-b) <= 1e-6*b }
		got := f.Curve()
		if f.Refused != "" || f.Residual > 1e-9 || !close(got.Lambda, want.Lambda) || !close(got.Sigma, want.Sigma) ||
			!close(got.Kappa, want.Kappa) {
			t.Fatalf("%+v, want %+v", f, want)
		}
		if f.Retrograde() != (want.Kappa > 0) {
			t.Fatalf("retrograde %v of %+v", f.Retrograde(), want)
		}
		if p := want.Peak(); f.Peak.Value != p && !close(f.Peak.Value, p) {
			t.Fatalf("peak %v, want %v", f.Peak.Value, p)
		}
		if f.Amdahl.Kappa != 0 || f.AmdahlResidual < f.Residual-1e-9 {
			t.Fatalf("Amdahl %+v, off by %v", f.Amdahl, f.AmdahlResidual)
		}
	})
}

// The contribution at 64 workers decides, not the parameter.
func TestContributionsBelowRoundingAreNone(t *testing.T) {
	var workers []float64
	for _, n := range doubling {
		workers = append(workers, float64(n))
	}
	for _, c := range []struct{ is, want Curve }{
		{Curve{1e-3, 1e-8, 0}, Curve{1e-3, 1e-8, 0}},   // 6e-7 of 1
		{Curve{1e-3, 0, 1e-10}, Curve{1e-3, 0, 1e-10}}, // 4e-7 of 1
		{Curve{1, 1, 2e-12}, Curve{1, 1, 0}},           // 8e-9 of 64
		{Curve{1, 1e-9, 0.2}, Curve{1, 0, 0.2}},        // 6e-8 of 807
	} {
		var x []float64
		for _, n := range workers {
			x = append(x, c.is.At(n))
		}
		got := newSolver(len(x)).fitCurve(workers, x, 3)
		near := func(a, b float64) bool { return math.Abs(a-b) <= 1e-3*b } // exact for 0
		if !near(got.Lambda, c.want.Lambda) || !near(got.Sigma, c.want.Sigma) || !near(got.Kappa, c.want.Kappa) {
			t.Errorf("%+v is found to be %+v, want %+v", c.is, got, c.want)
		}
	}
}

func TestPeakIsWhereTheCurveIsHighest(t *testing.T) {
	for _, c := range []Curve{{100, 0.05, 0.001}, {3, 0.5, 0.02}, {1, 0, 0.3}, {1, 0.9, 2}, {1, 1, 0}, {1, 1.2, 0.1}} {
		peak := c.Peak()
		for _, n := range []float64{peak * 0.9, peak * 1.1} {
			if n >= 1 && c.At(n) > c.At(peak)+1e-12 {
				t.Errorf("%+v: %v at the peak %v, but %v at %v", c, c.At(peak), peak, c.At(n), n)
			}
		}
	}
	if p := (Curve{1, 1, 0}).Peak(); p != 1 {
		t.Errorf("a curve that never gains has its peak at %v", p)
	}
	if p := (Curve{1, 0.3, 0}).Peak(); !math.IsInf(p, 1) {
		t.Errorf("Amdahl's law has a peak at %v", p)
	}
}

// solve is leastSquares of columns.
func solve(columns [][]float64) []float64 {
	w := filled(columns).leastSquares(len(columns))
	return w[:len(columns)]
}

func filled(columns [][]float64) *solver {
	s := newSolver(len(columns[0]))
	for i, c := range columns {
		copy(s.columns[i], c)
	}
	return s
}

// At the minimum, the gradient is 0, or positive at a weight of 0 (Kuhn and Tucker).
func TestLeastSquaresAreLeast(t *testing.T) {
	draw := rand.New(rand.NewPCG(31, 32))
	zeros, tried := 0, 0
	for range 3000 {
		columns := make([][]float64, 1+draw.IntN(3))
		for j := range columns {
			columns[j] = make([]float64, 5)
			for i := range columns[j] {
				columns[j][i] = 0.1 + draw.Float64()
			}
		}
		w := solve(columns)
		left := []float64{1, 1, 1, 1, 1}
		if betterWithout(columns[1:], w, columns) {
			continue
		}
		tried++
		for j := range columns {
			subtract(left, w[j], columns[j])
		}
		for j, c := range columns {
			slope := dot(c, left)
			if w[j] < 0 || w[j] > 0 && math.Abs(slope) > 1e-9 || w[j] == 0 && slope > 1e-9 && j > 0 {
				t.Fatalf("%v: weights %v, slope %v at %d", columns, w, slope, j)
			}
			if w[j] == 0 {
				zeros++
			}
		}
	}
	if zeros == 0 || tried < 1000 {
		t.Errorf("%d weights at their bounds in %d", zeros, tried)
	}
	if w := solve([][]float64{{1, 1, 1}, {2, 2, 2}, {0, 0, 0}}); !near(w[0], 1) || w[1] != 0 || w[2] != 0 {
		t.Errorf("dependent columns: %v", w)
	}
	for _, scale := range []float64{1e-9, 1e9} { // independent of the unit
		if w := solve([][]float64{{scale, 0, 0}, {0, scale, scale}}); !near(w[0]*scale, 1) || !near(w[1]*scale, 1) {
			t.Errorf("columns of %v: %v", scale, w)
		}
		if w := solve([][]float64{{scale, 2 * scale, scale}, {scale / 3, 2 * scale / 3, scale / 3}}); w[1] != 0 {
			t.Errorf("dependent columns of %v: %v", scale, w)
		}
	}
}

// betterWithout reports whether the minimum would not use the first column, which leastSquares must.
func betterWithout(others [][]float64, w []float64, columns [][]float64) bool {
	left := []float64{1, 1, 1, 1, 1}
	for j := range columns {
		subtract(left, w[j], columns[j])
	}
	for choice := 1; choice < 1<<len(others); choice++ {
		var some []int
		for i := range others {
			if choice>>i&1 == 1 {
				some = append(some, i)
			}
		}
		if _, rest, ok := filled(others).project(some); ok && rest < dot(left, left)-1e-12 {
			return true
		}
	}
	return false
}

func TestKnownLawsAreCovered(t *testing.T) {
	n := runs(150)
	for i, c := range []struct {
		m, rounds int
		want      Curve
	}{
		{0, 10, Curve{1000, 0.05, 0.001}}, {1, 10, Curve{1000, 0.05, 0.001}}, {2, 10, Curve{50, 0.4, 0.002}},
		{3, 10, Curve{1000, 0.02, 0.01}},
		// Percentiles without widening cover 84 % here.
		{1, 5, Curve{50, 0.4, 0.002}},
	} {
		draw := rand.New(rand.NewPCG(33, uint64(i)))
		sigma, kappa, peak, refused := 0, 0, 0, 0
		for range n {
			f := FitUSL(noisy(draw, machines[c.m].state, doubling, c.rounds, c.want.At), 0, 1)
			if f.Refused != "" {
				refused++
			}
			for hits, is := range map[*int]bool{
				&sigma: f.Sigma.Lo <= c.want.Sigma && c.want.Sigma <= f.Sigma.Hi,
				&kappa: f.Kappa.Lo <= c.want.Kappa && c.want.Kappa <= f.Kappa.Hi,
				&peak:  f.Peak.Lo <= c.want.Peak() && c.want.Peak() <= f.Peak.Hi,
			} {
				if is {
					*hits++
				}
			}
		}
		name := machines[c.m].name
		atLeastShare(t, name+": sigma covered", sigma, n, 0.9)
		atLeastShare(t, name+": kappa covered", kappa, n, 0.9)
		atLeastShare(t, name+": peak covered", peak, n, 0.9)
		atMostShare(t, name+": refused", refused, n, 0.01)
		// An infinitely wide interval would also pass.
		f := FitUSL(noisy(draw, machines[c.m].state, doubling, c.rounds, c.want.At), 0, 1)
		if width := f.Kappa.Hi - f.Kappa.Lo; width > 0.5*c.want.Kappa || width == 0 {
			t.Errorf("%s: the interval of kappa, %v to %v, is too wide", name, f.Kappa.Lo, f.Kappa.Hi)
		}
	}
}

func TestNoPeakWithoutCoherence(t *testing.T) {
	n := runs(120)
	for i, c := range []Curve{{100, 0, 0}, {100, 0.05, 0}} {
		draw := rand.New(rand.NewPCG(34, uint64(i)))
		claims, refused := 0, 0
		for k := range n {
			f := FitUSL(noisy(draw, machines[k%len(machines)].state, doubling, 10, c.At), 0, 1)
			if f.Retrograde() || !math.IsInf(f.Peak.Value, 1) || !math.IsInf(f.Peak.Hi, 1) {
				claims++
			}
			if f.Refused != "" {
				refused++
			}
		}
		atMostShare(t, "a peak is claimed", claims, n, 0.025)
		atMostShare(t, "refused", refused, n, 0.01)
	}
}

func TestPlateausAreRefused(t *testing.T) {
	plateau := func(cores float64) func(float64) float64 {
		return func(n float64) float64 { return Curve{100, 0.03, 0}.At(min(n, cores)) }
	}
	for _, cores := range []int{1, 2, 4, 8, 32} {
		if f := FitUSL(steady(doubling, 5, plateau(float64(cores))), cores, 1); !strings.Contains(f.Refused,
			"a ceiling") {
			t.Errorf("a plateau at %d cores: %+v", cores, f)
		}
		refused, n := 0, runs(30)
		draw := rand.New(rand.NewPCG(35, uint64(cores)))
		for range n {
			if FitUSL(noisy(draw, machines[1].state, doubling, 10, plateau(float64(cores))), cores, 1).Refused != "" {
				refused++
			}
		}
		atLeastShare(t, "plateau refused", refused, n, 0.95)
	}
	// Measured on two cores. Without the number of cores, the law has a peak at 16 workers and is up to 21 % off.
	two := map[float64]float64{1: 100, 2: 195, 4: 198, 8: 197, 16: 196, 32: 195, 64: 195}
	points := steady(doubling, 6, func(n float64) float64 { return two[n] })
	if f := FitUSL(points, 2, 1); !strings.Contains(f.Refused, "beyond 2 cores the throughput stays at about 196") {
		t.Errorf("refused: %q", f.Refused)
	}
	if f := FitUSL(points, 0, 1); !strings.Contains(f.Refused,
		fmt.Sprintf("lies %.1f %% off the curve", 100*f.Residual)) || f.Residual < 0.1 || f.Retrograde() {
		t.Errorf("refused: %q, %+v", f.Refused, f)
	}
}

// Contention beyond the cores must not be mistaken for a ceiling.
func TestContentionBeyondTheCoresIsNotAPlateau(t *testing.T) {
	draw := rand.New(rand.NewPCG(36, 0))
	for _, c := range []Curve{{100, 0.02, 0}, {100, 0.3, 0}, {100, 0.05, 0.002}, {100, 0.3, 0.01}} {
		// A single point beyond the cores, as with 60, is not a plateau.
		for _, cores := range []int{2, 4, 60, 64, 100} {
			if f := FitUSL(noisy(draw, machines[1].state, doubling, 10, c.At), cores, 1); f.Refused != "" {
				t.Errorf("%+v with %d cores: %s", c, cores, f.Refused)
			}
		}
	}
	// From 2 to 64 workers the throughput grows by 5 %, more than noise.
	if f := FitUSL(noisy(draw, machines[1].state, doubling, 10, Curve{100, 0.9, 0}.At), 2, 1); f.Refused != "" {
		t.Error(f.Refused)
	}
}

func TestEveryRoundIsDrawn(t *testing.T) {
	for odd := range 6 {
		points := steady(doubling, 6, Curve{100, 0.1, 0.001}.At)
		for i := range points {
			points[i].Throughput[odd] = Curve{100, 0.1, 0.002}.At(float64(points[i].Workers))
		}
		if f := FitUSL(points, 0, 1); f.Kappa.Lo > 0.00101 || f.Kappa.Hi < 0.0013 {
			t.Errorf("round %d is odd: kappa %+v", odd, f.Kappa)
		}
	}
}

func TestRefusals(t *testing.T) {
	law := Curve{100, 0.1, 0.001}.At
	for why, points := range map[string][]Point{
		"0 points are too few":                 nil,
		"4 points are too few":                 steady([]int{1, 2, 4, 8}, 9, law),
		"4 complete rounds are too few":        steady(doubling, 4, law),
		"0 complete rounds":                    append(steady(doubling, 9, law), Point{Workers: 128}),
		"0 workers are below 1":                steady([]int{0, 1, 2, 3, 4}, 9, law),
		"4 workers are below 1 or occur twice": steady([]int{4, 1, 2, 4, 8}, 9, law),
		"off the curve": steady(doubling, 9,
			func(n float64) float64 { return 100 * n * (1 + math.Mod(n, 3)/5) }),
	} {
		if f := FitUSL(points, 0, 1); !strings.Contains(f.Refused, why) || f.Retrograde() ||
			!math.IsInf(f.Peak.Hi, 1) && f.Rounds < 5 {
			t.Errorf("%s: refused %q, %+v", why, f.Refused, f)
		}
	}
	if f := FitUSL(steady([]int{1, 2, 3, 4, 5}, 5, law), 0, 1); f.Refused != "" || f.Points != 5 || f.Rounds != 5 {
		t.Errorf("five points in five rounds: %+v", f)
	}
}

func TestRoundsThatAreNotCompleteDoNotCount(t *testing.T) {
	draw := rand.New(rand.NewPCG(37, 0))
	points := noisy(draw, machines[0].state, doubling, 9, Curve{100, 0.1, 0.001}.At)
	cut := slices.Clone(points)
	for i := range cut {
		cut[i].Throughput = slices.Clone(points[i].Throughput[:7])
		points[i].Throughput[7] *= 3
	}
	points[2].Throughput[7] = math.NaN()
	points[3].Throughput = points[3].Throughput[:8]
	want := FitUSL(cut, 0, 5)
	for range points { // whichever comes first or last
		points = append(points[1:], points[0])
		got := FitUSL(points, 0, 5)
		if len(got.Warnings) != 1 || !strings.HasPrefix(got.Warnings[0], "2 of 9 rounds are left out") {
			t.Errorf("warnings %q", got.Warnings)
		}
		got.Warnings = nil
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	if other := FitUSL(cut, 0, 6); other.Kappa == want.Kappa || !reflect.DeepEqual(want, FitUSL(cut, 0, 5)) {
		t.Error("the result is not a function of the seed")
	}
}

// Drift between rounds must not widen the intervals of the curve's shape.
func TestWhatRoundsHaveInCommonDoesNotCount(t *testing.T) {
	draw := rand.New(rand.NewPCG(38, 0))
	points := noisy(draw, machines[0].state, doubling, 10, Curve{100, 0.1, 0.001}.At)
	slow := slices.Clone(points)
	for i := range slow {
		slow[i].Throughput = slices.Clone(points[i].Throughput)
		for r := range slow[i].Throughput {
			slow[i].Throughput[r] /= 1 + float64(r)/5
		}
	}
	got, want := FitUSL(slow, 0, 1), FitUSL(points, 0, 1)
	for name, pair := range map[string][2]Interval{"sigma": {got.Sigma, want.Sigma}, "kappa": {got.Kappa, want.Kappa}} {
		for _, v := range [][2]float64{{pair[0].Value, pair[1].Value}, {pair[0].Lo, pair[1].Lo},
			{pair[0].Hi, pair[1].Hi}} {
			if math.Abs(v[0]/v[1]-1) > 1e-6 {
				t.Errorf("%s is %v with a drift between rounds, %v without", name, pair[0], pair[1])
			}
		}
	}
}

func TestAPeakFarBeyondIsWarnedOf(t *testing.T) {
	far := FitUSL(steady(doubling, 5, Curve{100, 0, 1e-5}.At), 0, 1) // at 316
	if len(far.Warnings) != 1 || !strings.Contains(far.Warnings[0], "the peak at 316 workers lies far beyond the 64") {
		t.Errorf("warnings %q", far.Warnings)
	}
	if near := FitUSL(steady(doubling, 5, Curve{100, 0, 1e-4}.At), 0, 1); near.Warnings != nil { // at 100
		t.Errorf("warnings %q", near.Warnings)
	}
}

func TestPercentilesAreWidenedLikeStudents(t *testing.T) {
	// Quantiles of Student's t at 97.5 % from tables.
	for n, quantile := range map[int]float64{6: 2.570582, 10: 2.262157, 20: 2.093024, 31: 2.042272} {
		want := math.Erfc(quantile*math.Sqrt(float64(n)/float64(n-1))/math.Sqrt2) / 2
		if got := widened(n); math.Abs(got/want-1) > 0.02 {
			t.Errorf("n=%d: %v, want %v", n, got, want)
		}
	}
}
