package stat

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The closed form must match simulation: one comparison differs in a family of equals.
func TestMDEIsFoundWithItsPower(t *testing.T) {
	n := runs(600)
	for i, c := range []struct {
		groups, crawlers, blocks, ranksFrom int
		equivalence                         bool
	}{
		{1, 2, 6, 0, false}, {1, 2, 14, 0, false}, {1, 2, 28, 0, false},
		{6, 4, 6, 0, false}, {6, 4, 14, 0, false}, {6, 4, 28, 0, false}, {6, 4, 28, 20, false},
		{6, 4, 4, 0, true},
	} {
		draw := rand.New(rand.NewPCG(41, uint64(i)))
		f := Family{Alpha: UnlimitedAlpha, Margin: 1e-9, Looks: InterimLooks(c.blocks), RanksFrom: c.ranksFrom,
			Equivalence: c.equivalence}
		f.Size = c.groups * c.crawlers * (c.crawlers - 1) / 2
		sd := typical * math.Sqrt2
		mde := f.MDE(c.blocks, sd)
		found, half := 0, 0
		for range n {
			family, _ := allPairs(blockwise(unitNormal, 0, 0, quiet)(draw, c.groups, c.crawlers, c.blocks),
				make([]float64, c.crawlers))
			for _, at := range []float64{1, 0.5} {
				shift := math.Log(mde)
				shifted := append([][]float64{}, family...)
				shifted[0] = append([]float64{}, family[0]...)
				for b := range shifted[0] {
					shifted[0][b] += at * shift
				}
				d, err := f.Decide(shifted)
				if err != nil {
					t.Fatal(err)
				}
				if d.Comparisons[0].Verdict == Slower {
					if at == 1 {
						found++
					} else {
						half++
					}
				}
			}
		}
		share := float64(found) / float64(n)
		t.Logf("%+v: MDE %.1f %%, found in %.1f %%, half of it in %.1f %%", c, 100*(mde-1), 100*share,
			100*float64(half)/float64(n))
		atLeastShare(t, "found", found, n, 0.78)
		atMostShare(t, "found", found, n, 0.87)
		// The known-bad twin: half the MDE.
		if 2*half > n {
			t.Errorf("half of the MDE is found in %d of %d", half, n)
		}
	}
}

func TestMDEByBlocks(t *testing.T) {
	f := Family{Size: 132, Alpha: UnlimitedAlpha, Margin: DefaultMargin}
	for _, blocks := range []int{-1, 0, 1} {
		if got := f.MDE(blocks, 0.12); !math.IsInf(got, 1) {
			t.Errorf("%d blocks find %v", blocks, got)
		}
	}
	last := math.Inf(1)
	for blocks := 9; blocks < 300; blocks++ {
		got := f.MDE(blocks, 0.12)
		if !(got > 1 && got < last) {
			t.Errorf("%d blocks find %v, one block less finds %v", blocks, got, last)
		}
		last = got
	}
	if one := (Family{Size: 1, Alpha: UnlimitedAlpha}).MDE(30, 0.12); !(one < f.MDE(30, 0.12)) {
		t.Error("a larger family has the same MDE")
	}
	// With 6 blocks, the rank test cannot claim anything in a family of 132.
	f.RanksFrom = 6
	if got := f.MDE(6, 0.12); !math.IsInf(got, 1) {
		t.Errorf("ranks of 6 blocks find %v", got)
	}
}

func TestBlocksForInvertsMDE(t *testing.T) {
	for _, f := range []Family{{Size: 132, Alpha: UnlimitedAlpha}, {Size: 1, Alpha: 0.05},
		{Size: 132, Alpha: UnlimitedAlpha, RanksFrom: RankBlocks}} {
		for _, ratio := range []float64{1.05, 1.1, 1.3, 1.5, 25} {
			n := f.BlocksFor(ratio, 0.12)
			if f.MDE(n, 0.12) > ratio {
				t.Errorf("%+v: %d blocks do not find %v", f, n, ratio)
			}
			for m := range n {
				if f.MDE(m, 0.12) <= ratio {
					t.Errorf("%+v: %d blocks find %v, but BlocksFor returned %d", f, m, ratio, n)
				}
			}
		}
	}
	for _, ratio := range []float64{0.9, 1, 1.0001} {
		if n := (Family{Size: 132, Alpha: UnlimitedAlpha}).BlocksFor(ratio, 0.12); n != 0 {
			t.Errorf("%d blocks find %v", n, ratio)
		}
	}
}
