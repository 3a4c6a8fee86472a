package stat

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestLooks(t *testing.T) {
	for blocks, want := range map[int][]Look{
		0: nil, 1: nil,
		2:  {{2, 1}},
		6:  {{6, 1}},
		7:  {{7, 1}},
		8:  {{6, 0.5}, {8, 0.5}},
		12: {{6, 1. / 6}, {9, 1. / 3}, {12, 0.5}},
		28: {{6, 0.1}, {9, 0.1}, {14, 0.1}, {20, 0.2}, {28, 0.5}},
		30: {{6, 0.1}, {9, 0.1}, {14, 0.1}, {20, 0.2}, {30, 0.5}},
	} {
		got := InterimLooks(blocks)
		if len(got) != len(want) {
			t.Errorf("%d blocks: %v, want %v", blocks, got, want)
			continue
		}
		for i := range got {
			if got[i].Blocks != want[i].Blocks || !near(got[i].Share, want[i].Share) {
				t.Errorf("%d blocks: %v, want %v", blocks, got, want)
			}
		}
	}
	for blocks := 2; blocks < 500; blocks++ {
		looks := InterimLooks(blocks)
		if err := CheckLooks(looks); err != nil || looks[len(looks)-1].Blocks != blocks {
			t.Errorf("%d blocks: %v: %v", blocks, looks, err)
		}
		if blocks >= 8 && !near(looks[len(looks)-1].Share, 0.5) {
			t.Errorf("%d blocks: the last look has %v", blocks, looks[len(looks)-1].Share)
		}
	}
	if looks := InterimLooks(200); len(looks) != 10 || !near(looks[0].Share, 0.05) {
		t.Errorf("200 blocks: %v", looks)
	}
}

func TestDecideRefuses(t *testing.T) {
	good := Family{Size: 2, Alpha: 0.05, Margin: 0.03, Looks: InterimLooks(6)}
	for want, spoil := range map[string]func(*Family){
		"family of 1: has 2": func(f *Family) { f.Size = 1 },
		"alpha 0,":           func(f *Family) { f.Alpha = 0 },
		"alpha 1,":           func(f *Family) { f.Alpha = 1 },
		"margin 0:":          func(f *Family) { f.Margin = 0 },
		"0 looks":            func(f *Family) { f.Looks = nil },
		"look 0 is at 1":     func(f *Family) { f.Looks = []Look{{1, 1}} },
		"look 1 is at 6":     func(f *Family) { f.Looks = []Look{{6, 0.5}, {6, 0.5}} },
		"share 1.1":          func(f *Family) { f.Looks = []Look{{6, 0.6}, {9, 0.5}} },
	} {
		f := good
		spoil(&f)
		if _, err := f.Decide([][]float64{{0, 1}, {0, 1}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if _, err := good.Decide([][]float64{{0, 1}, {0, math.NaN()}}); err == nil ||
		!strings.Contains(err.Error(), "comparison 1, block 1") {
		t.Errorf("of a missing block: %v", err)
	}
}

func TestNothingIsDecidedBeforeALook(t *testing.T) {
	f := Family{Size: 2, Alpha: 0.05, Margin: 0.03, Looks: InterimLooks(9)}
	for _, family := range [][][]float64{{}, {{}, {}}, {{1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1}}} {
		d, err := f.Decide(family)
		if err != nil || d.Looks != 0 || d.Open() != len(family) {
			t.Errorf("%v: %+v, %v", family, d, err)
		}
		for _, c := range d.Comparisons {
			if c.Verdict != Inconclusive || c.P != 1 || c.Ratio.Lo != 0 || !math.IsInf(c.Ratio.Hi, 1) || c.Look != -1 {
				t.Errorf("%+v", c)
			}
		}
	}
}

// Constant times are what tests of other packages fabricate.
func TestWithoutNoise(t *testing.T) {
	f := Family{Size: 3, Alpha: 0.05, Margin: 0.03, Looks: InterimLooks(6)}
	for _, ranks := range []int{0, 6} {
		f.RanksFrom, f.Looks = ranks, InterimLooks(30)
		d, err := f.Decide([][]float64{constant(30, math.Log(2.2)-math.Log(1.1)), constant(30, 0),
			constant(30, -1e-16)})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []Verdict{Slower, Equivalent, Equivalent} {
			if d.Comparisons[i].Verdict != want {
				t.Errorf("ranks from %d, comparison %d: %+v, want %v", ranks, i, d.Comparisons[i], want)
			}
		}
	}
}

func constant(n int, x float64) []float64 {
	d := make([]float64, n)
	for i := range d {
		d[i] = x
	}
	return d
}

// agreeing tells what is wrong between verdict and intervals of a decision.
func agreeing(f Family, c Decision) string {
	r := c.Ratio
	switch {
	case !(r.Lo <= r.Value && r.Value <= r.Hi):
		return "the estimate is outside of its interval"
	case f.Alpha <= 0.05 && (c.Alone.Lo < r.Lo || c.Alone.Hi > r.Hi) && c.Verdict != Equivalent:
		return "the interval alone is wider"
	case c.Verdict != Inconclusive != c.Settled:
		return "settled is not what the verdict says"
	}
	switch c.Verdict {
	case Faster, Slower:
		if c.P >= f.Alpha || (c.Verdict == Faster) != (r.Hi < 1) || (c.Verdict == Slower) != (r.Lo > 1) {
			return "a difference with 1 in its interval, or with a P that is not below alpha"
		}
	case Equivalent:
		if r.Lo < 1/(1+f.Margin) || r.Hi > 1+f.Margin {
			return "the same with an interval beyond the margin"
		}
	case Inconclusive:
		if c.P < f.Alpha || r.Hi < 1 || r.Lo > 1 || r.Lo > 1/(1+f.Margin) && r.Hi < 1+f.Margin {
			return "inconclusive with an interval that decides"
		}
	}
	return ""
}

// wild returns the log ratios of a family with noise of all kinds, and with ties.
func wild(draw *rand.Rand, m, blocks int) [][]float64 {
	family := make([][]float64, m)
	for i := range family {
		center, sd := 0.1*draw.NormFloat64(), math.Exp(draw.NormFloat64()-3)
		if draw.IntN(3) == 0 {
			center = 0
		}
		for range blocks {
			x := center + sd*unitT3(draw)
			if i%3 == 0 {
				x = math.Round(20*x) / 20
			}
			family[i] = append(family[i], x)
		}
	}
	return family
}

func TestVerdictAndIntervalAgree(t *testing.T) {
	draw := rand.New(rand.NewPCG(21, 0))
	tally := map[Verdict]int{}
	for range runs(300) {
		m := 1 + draw.IntN(12)
		blocks := 4 + draw.IntN(40)
		f := Family{Size: m + draw.IntN(3), Alpha: []float64{0.05, UnlimitedAlpha, RateLimitedAlpha}[draw.IntN(3)],
			Margin: 0.03 * (1 + draw.Float64()), Equivalence: draw.IntN(2) == 0, Looks: InterimLooks(blocks),
			RanksFrom: draw.IntN(3) * 10}
		d, err := f.Decide(wild(draw, m, blocks))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range d.Comparisons {
			tally[c.Verdict]++
			if why := agreeing(f, c); why != "" {
				t.Fatalf("%s: %+v of %+v", why, c, f)
			}
		}
	}
	t.Log(tally)
	if len(tally) != 4 {
		t.Errorf("not all verdicts: %v", tally)
	}
	// The twin: a verdict by adjusted P beside the interval at 95 %.
	if agreeing(Family{Alpha: 0.05, Margin: 0.03},
		Decision{Verdict: Inconclusive, P: 0.2, Ratio: Interval{1.42, 1.23, 1.57}}) == "" {
		t.Error("inconclusive with 1.42 [1.23, 1.57] is found to agree")
	}
}

// A resumed run, and one whose crawlers left, has to decide what the run decided.
func TestDecisionsAreOfTheBlocksUpToTheirLook(t *testing.T) {
	draw := rand.New(rand.NewPCG(22, 0))
	for range runs(60) {
		m := 2 + draw.IntN(10)
		f := Family{Size: m, Alpha: 0.05, Margin: 0.03, Looks: InterimLooks(28), RanksFrom: draw.IntN(2) * RankBlocks}
		family := wild(draw, m, 28)
		all, err := f.Decide(family)
		if err != nil {
			t.Fatal(err)
		}
		for k, look := range f.Looks[:all.Looks] {
			// So many blocks, and some of the round that is under way.
			part := make([][]float64, m)
			for i := range part {
				part[i] = family[i][:min(28, look.Blocks+draw.IntN(2))]
			}
			d, err := f.Decide(part)
			if err != nil || d.Looks != k+1 {
				t.Fatalf("look %d: %d taken, %v", k, d.Looks, err)
			}
			for i, c := range all.Comparisons {
				if c.Look <= k && d.Comparisons[i] != c {
					t.Fatalf("settled at look %d as %+v, and of fewer blocks as %+v", c.Look, c, d.Comparisons[i])
				}
				if c.Look > k && d.Comparisons[i].Settled {
					t.Fatalf("look %d settles what is open later: %+v", k, c)
				}
			}
		}
		// Both crawlers of a settled comparison leave.
		left := make([][]float64, m)
		for i, c := range all.Comparisons {
			left[i] = family[i][:c.Blocks]
		}
		if d, err := f.Decide(left); err != nil || d.Looks < 1 {
			t.Fatalf("crawlers that left: %+v, %v", d, err)
		}
	}
}

func TestStepDownByHand(t *testing.T) {
	for _, c := range []struct{ ps, want []float64 }{
		{nil, nil},
		{[]float64{0.04}, []float64{0.04}},
		// 0.01*4 is below 0.05, then 0.015*3 = 0.045, 0.02*2 = 0.04 which may not be below, and 0.5.
		{[]float64{0.5, 0.015, 0.01, 0.02}, []float64{0.5, 0.045, 0.04, 0.045}},
		{[]float64{0.02, 0.02, 0.02}, []float64{0.06, 0.06, 0.06}},
		// The first is not claimed, so that neither is the second, which alone would be: 0.05*1.
		{[]float64{0.03, 0.04}, []float64{0.06, 0.06}},
	} {
		for i, s := range stepDown(c.ps, len(c.ps), 0.05) {
			if got := 0.05 * s.adjusted; !near(got, c.want[i]) || s.claimed != (c.want[i] < 0.05) {
				t.Errorf("%v: %d adjusted %v, claimed %v, want %v", c.ps, i, got, s.claimed, c.want[i])
			}
		}
	}
}

// What Holm's procedure claims, from its description: go up the sorted ps until one is not below alpha over those left.
func TestStepDownIsHolmsProcedure(t *testing.T) {
	draw := rand.New(rand.NewPCG(23, 0))
	for range 300 {
		ps := make([]float64, 1+draw.IntN(10))
		for i := range ps {
			ps[i] = math.Pow(10, -4*draw.Float64())
		}
		sorted := slices.Sorted(slices.Values(ps))
		claims := 0
		for claims < len(sorted) && sorted[claims]*float64(len(sorted)-claims) < 0.05 {
			claims++
		}
		for i, s := range stepDown(ps, len(ps), 0.05) {
			rank, _ := slices.BinarySearch(sorted, ps[i])
			if s.claimed != (rank < claims) || s.claimed != (ps[i] < s.threshold) || s.claimed != (s.adjusted < 1) {
				t.Fatalf("%v: %d, step %+v", ps, i, s)
			}
		}
	}
}

// The walk over ranks is the known test where nothing is tied.
func TestRankTestIsTheSignedRankTest(t *testing.T) {
	draw := rand.New(rand.NewPCG(24, 0))
	for n := 5; n < 30; n++ {
		d := make([]float64, n)
		for i := range d {
			d[i] = 0.3 + draw.NormFloat64()
		}
		r := newRankTest(d, atMost(allRanks(n)))
		if got, want := noDifference(r), signedRankP(d); !near(got, want) {
			t.Errorf("%v: p %v, want %v", d, got, want)
		}
		k, _ := critical(n, 0.05, true)
		if got := r.interval(0.05); k >= 0 && (got.Lo != walsh(d)[k] && !near(got.Lo, walsh(d)[k])) {
			t.Errorf("%v: interval %+v", d, got)
		}
	}
	if r := newRankTest([]float64{1, 2, 3}, atMost(allRanks(3))); !math.IsInf(r.interval(0.05).Lo, -1) ||
		noDifference(r) != 0.25 {
		t.Error("three values have an interval at 95 %")
	}
}
