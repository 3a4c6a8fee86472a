package stat

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestGateByHand(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		d    Decision
		want Gate
	}{
		{Decision{Verdict: Slower, Ratio: Interval{25, 20, 30}, Alone: Interval{25, 22, 28}}, Fail},
		{Decision{Verdict: Slower, Ratio: Interval{1.04, 1.01, 1.07}, Alone: Interval{1.04, 1.02, 1.06}}, CannotTell},
		{Decision{Verdict: Slower, Ratio: Interval{1.02, 1.01, 1.06}, Alone: Interval{1.02, 1.01, 1.03}}, Pass},
		{Decision{Verdict: Inconclusive, Ratio: Interval{1.4, 0.9, 2}, Alone: Interval{1.4, 1.2, 1.7}}, CannotTell},
		{Decision{Verdict: Inconclusive, Ratio: Interval{1, 0.9, 1.1}, Alone: Interval{1, 0.96, 1.04}}, Pass},
		{Decision{Verdict: Equivalent, Ratio: Interval{1, 0.98, 1.02}, Alone: Interval{1, 0.98, 1.02}}, Pass},
		{Decision{Verdict: Faster, Ratio: Interval{0.5, 0.4, 0.6}, Alone: Interval{0.5, 0.45, 0.55}}, Pass},
		{Decision{Ratio: Interval{math.NaN(), 0, inf}, Alone: Interval{math.NaN(), 0, inf}}, CannotTell},
	} {
		if got := c.d.Gate(0.05); got != c.want {
			t.Errorf("%+v: %v, want %v", c.d, got, c.want)
		}
	}
	pass := Decision{Verdict: Equivalent, Ratio: Interval{1, 0.99, 1.01}, Alone: Interval{1, 0.99, 1.01}}
	fail := Decision{Verdict: Slower, Ratio: Interval{2, 1.5, 3}, Alone: Interval{2, 1.8, 2.5}}
	var open Decision
	open.Alone.Hi = inf
	for _, c := range []struct {
		list    []Decision
		missing int
		want    Gate
	}{
		{nil, 0, CannotTell}, {[]Decision{pass, pass}, 0, Pass}, {[]Decision{pass, pass}, 1, CannotTell},
		{[]Decision{pass, open}, 0, CannotTell}, {[]Decision{open, fail}, 1, Fail}, {[]Decision{fail, open}, 0, Fail},
	} {
		if got := (Decisions{Comparisons: c.list}).Gate(0.05, c.missing); got != c.want {
			t.Errorf("%d comparisons, %d missing: %v, want %v", len(c.list), c.missing, got, c.want)
		}
	}
	if Fail.String() != "fail" || Gate(9).String() != "Gate(9)" || CannotTell.String() != "cannot tell" {
		t.Error("names of the answers")
	}
}

// gated compares a program of 7 crawlers in 8 groups with itself, except that the first crawler is
// slower by ratio in the first hit groups. It counts the answers.
func gated(t *testing.T, draw *rand.Rand, l lab, n, blocks, hit int, ratio float64) map[Gate]int {
	t.Helper()
	answers := map[Gate]int{}
	gate := 0.05
	for range n {
		y := l(draw, 8, 14, blocks)
		var family [][]float64
		for g, group := range y {
			for c := range 7 {
				d := make([]float64, blocks)
				for b := range d {
					d[b] = group[c+7][b] - group[c][b]
					if c == 0 && g < hit {
						d[b] += math.Log(ratio)
					}
				}
				family = append(family, d)
			}
		}
		f := unlimited(InterimLooks(blocks))
		f.Size, f.Gate = len(family), &gate
		d, err := f.Decide(family)
		if err != nil {
			t.Fatal(err)
		}
		answers[d.Gate(gate, 0)]++
	}
	return answers
}

func TestGateSimulated(t *testing.T) {
	n := runs(200)
	noisy := blockwise(unitNormal, 0.25, 0, quiet)
	still := blockwise(func(draw *rand.Rand) float64 { return 0.1 * draw.NormFloat64() }, 0.25, 0, quiet)
	for i, c := range []struct {
		name        string
		lab         lab
		blocks, hit int
		ratio       float64
		fail        [2]float64 // allowed range
		pass        [2]float64
	}{
		{"equal", noisy, 28, 0, 1, [2]float64{0, 0.05}, [2]float64{0, 0.05}}, // too noisy to exclude 5 % everywhere
		{"a crawler 10 % slower", noisy, 28, 8, 1.1, [2]float64{0.8, 1}, [2]float64{0, 0.025}},
		// The default budget, 40 blocks, in the noise of resident blocks: block ratios vary by 12 %.
		{"equal, default budget", noisy, 40, 0, 1, [2]float64{0, 0.05}, [2]float64{0, 1}},
		{"10 %, one cell of 56, default budget", noisy, 40, 1, 1.1, [2]float64{0.8, 1}, [2]float64{0, 0.025}},
		{"25 times in 6 blocks, one cell", noisy, 6, 1, 25, [2]float64{1, 1}, [2]float64{0, 0}},
		{"equal, still machine", still, 14, 0, 1, [2]float64{0, 0.05}, [2]float64{0.95, 1}},
		{"10 %, one cell, still machine", still, 14, 1, 1.1, [2]float64{0.97, 1}, [2]float64{0, 0.025}},
		{"at the gate, still machine", still, 6, 1, 1.051, [2]float64{0, 1}, [2]float64{0, 0.025}},
	} {
		draw := rand.New(rand.NewPCG(51, uint64(i)))
		got := gated(t, draw, c.lab, n, c.blocks, c.hit, c.ratio)
		t.Logf("%s: %v", c.name, got)
		atLeastShare(t, c.name+": fail", got[Fail], n, c.fail[0])
		atMostShare(t, c.name+": fail", got[Fail], n, c.fail[1])
		atLeastShare(t, c.name+": pass", got[Pass], n, c.pass[0])
		atMostShare(t, c.name+": pass", got[Pass], n, c.pass[1])
	}
}

// A regression within the gate is proven slower before it is proven to be within the gate. Settled there, it could
// never pass.
func TestAGatedComparisonStaysOpenUntilTheGateIsDecided(t *testing.T) {
	n := runs(300)
	gate := 0.05
	passes := map[bool]int{}
	for _, on := range []bool{false, true} {
		draw := rand.New(rand.NewPCG(52, 0))
		for range n {
			var family [][]float64
			for _, ratio := range []float64{1, 1.035, 1, 1.2} {
				d := make([]float64, 60)
				for b := range d {
					d[b] = math.Log(ratio) + 0.03*draw.NormFloat64()
				}
				family = append(family, d)
			}
			f := unlimited(InterimLooks(60))
			f.Size = len(family)
			if on {
				f.Gate = &gate
			}
			for _, look := range f.Looks {
				blocks := look.Blocks
				cut := make([][]float64, len(family))
				for i := range family {
					cut[i] = family[i][:blocks]
				}
				d, err := f.Decide(cut)
				if err != nil {
					t.Fatal(err)
				}
				for i, c := range d.Comparisons {
					within := c.Ratio.Lo <= 1 && 1 <= c.Ratio.Hi
					if c.Verdict == Inconclusive != within && c.Verdict != Equivalent {
						t.Fatalf("gated %v, %d blocks, comparison %d: %v by %+v", on, blocks, i, c.Verdict, c.Ratio)
					}
					if claimed(c.Verdict) != (c.P < f.Alpha) {
						t.Fatalf("gated %v, %d blocks, comparison %d: %v with p %v", on, blocks, i, c.Verdict, c.P)
					}
				}
				if blocks < 60 {
					continue
				}
				if d.Comparisons[3].Gate(gate) != Fail {
					t.Errorf("gated %v: 20 %% is %v", on, d.Comparisons[3].Gate(gate))
				}
				if d.Comparisons[1].Gate(gate) == Pass {
					passes[on]++
				}
			}
		}
	}
	t.Logf("a regression of 3.5 %% passes a gate of 5 %% in %v of %d runs", passes, n)
	if passes[true] < 2*passes[false] || passes[true] < n*3/4 {
		t.Errorf("it passes in %v of %d runs", passes, n)
	}
}
