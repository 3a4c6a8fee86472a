package stat

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestBlockMeansByHand(t *testing.T) {
	// The second turn is slower by 1 for all crawlers, the last slice of crawler 2 by 9: the median
	// ignores it, and it is trimmed.
	means, err := BlockMeans([][]float64{
		{0, 1, 0, 0, 0},
		{5, 6, 5, 5, 5},
		{7, 8, 7, 7, 16},
	})
	if err != nil {
		t.Fatal(err)
	}
	if !near(means[1]-means[0], 5) || !near(means[2]-means[0], 7) {
		t.Errorf("%v: want differences of 5 and 7", means)
	}
	for _, c := range []struct{ block, want [][]float64 }{
		{nil, [][]float64{{}}},
		{[][]float64{{3}, {4}}, [][]float64{{3, 4}}},       // one turn
		{[][]float64{{3, 5}, {4, 8}}, [][]float64{{4, 6}}}, // two turns: nothing is trimmed
		// a single crawler is its own turn effect
		{[][]float64{{1, 2, 9}}, [][]float64{{4}}},
		{[][]float64{{1, 2, 3, 4}, {11, 12, 13, 14}}, [][]float64{{2.5, 12.5}}}, // drift
	} {
		got, err := BlockMeans(c.block)
		if err != nil || len(got) != len(c.want[0]) {
			t.Errorf("%v: %v, %v", c.block, got, err)
		}
		for i, m := range got {
			if !near(m, c.want[0][i]) {
				t.Errorf("%v: %v, want %v", c.block, got, c.want[0])
			}
		}
	}
}

func TestBlockMeansRefuseWhatIsNotWhole(t *testing.T) {
	for want, block := range map[string][][]float64{
		"crawler 1 has 1 turns": {{1, 2}, {1}},
		"crawler 0 has 0 turns": {{}, {}},
		"crawler 1, turn 0":     {{1}, {math.NaN()}},
		"crawler 0, turn 1":     {{1, math.Inf(-1)}},
	} {
		if _, err := BlockMeans(block); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v, want %q", block, err, want)
		}
	}
}

// The known-bad twin: ratios of turns, trimmed pair by pair, contradict each other.
func TestRatiosOfABlockAreConsistent(t *testing.T) {
	draw := rand.New(rand.NewPCG(12, 0))
	paired := func(x, y []float64) float64 { return trimmed(y, x) }
	worst := 0.0
	for range 200 {
		block := newClock(draw, fitted).block(3)
		before := [][]float64{append([]float64{}, block[0]...), append([]float64{}, block[1]...),
			append([]float64{}, block[2]...)}
		m, err := BlockMeans(block)
		if err != nil {
			t.Fatal(err)
		}
		if gap := (m[1] - m[0]) + (m[2] - m[1]) - (m[2] - m[0]); math.Abs(gap) > 1e-12 {
			t.Fatalf("a to b times b to c differs from a to c by %g", gap)
		}
		for c := range block {
			for r := range block[c] {
				if block[c][r] != before[c][r] {
					t.Fatal("the slices were modified")
				}
			}
		}
		gap := paired(block[0], block[1]) + paired(block[1], block[2]) - paired(block[0], block[2])
		worst = max(worst, math.Abs(gap))
	}
	if worst < 0.01 {
		t.Errorf("pairs trimmed one by one differ by %g only: this test shows nothing", worst)
	}
}

// On a machine with autocorrelated noise, the turn effect and the trimming must reduce the noise at equal time.
func TestBlockMeansAreLessNoisyThanPlainOnes(t *testing.T) {
	draw := rand.New(rand.NewPCG(13, 0))
	spikes := func(block [][]float64) { // one slice of 20 lasts 4.5 times as long
		for _, y := range block {
			for r := range y {
				if draw.IntN(20) == 0 {
					y[r] += 1.5
				}
			}
		}
	}
	for _, c := range []struct {
		name string
		hit  func([][]float64)
		most float64 // of the standard deviation, against plain means
	}{{"as fitted", func([][]float64) {}, 1.05}, {"with others' load", spikes, 0.8}} {
		var plain, robust []float64
		for range runs(2000) {
			block := newClock(draw, fitted).block(7)
			c.hit(block)
			m, err := BlockMeans(block)
			if err != nil {
				t.Fatal(err)
			}
			plain, robust = append(plain, mean(block[1])-mean(block[0])), append(robust, m[1]-m[0])
		}
		p, r := deviation(plain), deviation(robust)
		t.Logf("%s: standard deviation of a ratio %.4f, of plain means %.4f", c.name, r, p)
		if r > c.most*p {
			t.Errorf("%s: standard deviation %.4f against %.4f of plain means, want at most %g times that", c.name, r,
				p, c.most)
		}
	}
}
