package stat

import (
	"math"
	"math/rand/v2"
	"testing"
)

// adaptive simulates a run in which a crawler leaves its group when all its comparisons are
// settled. It returns the final decisions, the truth, and the share of block means that were
// measured.
func adaptive(t *testing.T, draw *rand.Rand, f Family, shift []float64) (end Decisions, truth []float64,
	taken float64) {
	t.Helper()
	y := blockwise(unitNormal, 0.25, 0, quiet)(draw, groups, len(shift), f.Looks[len(f.Looks)-1].Blocks)
	all, truth := allPairs(y, shift)
	f.Size = len(all)
	plays := make([]int, groups*len(shift)) // blocks of each crawler
	for k, look := range f.Looks {
		open := make([]bool, len(plays))
		eachPair(len(shift), func(pair, i, j int) {
			if k == 0 || !end.Comparisons[pair].Settled {
				open[i], open[j] = true, true
			}
		})
		for c := range plays {
			if open[c] {
				plays[c] = look.Blocks
			}
		}
		have := make([][]float64, len(all))
		eachPair(len(shift), func(pair, i, j int) { have[pair] = all[pair][:min(plays[i], plays[j])] })
		next, err := f.Decide(have)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range end.Comparisons {
			if c.Settled && next.Comparisons[i] != c {
				t.Fatalf("settled as %+v, but one look later as %+v", c, next.Comparisons[i])
			}
		}
		end = next
		if end.Open() == 0 {
			break
		}
	}
	sum := 0
	for _, n := range plays {
		sum += n
	}
	return end, truth, float64(sum) / float64(len(plays)*f.Looks[len(f.Looks)-1].Blocks)
}

// eachPair calls f with the index of each pair, in the order of allPairs, and the indexes of its crawlers.
func eachPair(crawlers int, f func(pair, i, j int)) {
	pair := 0
	for g := range groups {
		for i := range crawlers {
			for j := i + 1; j < crawlers; j++ {
				f(pair, g*crawlers+i, g*crawlers+j)
				pair++
			}
		}
	}
}

func TestCrawlersThatAreSettledLeave(t *testing.T) {
	n := runs(300)
	draw := rand.New(rand.NewPCG(37, 0))
	shift := []float64{0, 0, 0, math.Log(2), math.Log(20)} // three equal, two far slower
	wins, wrong, decided, far, covered, all := 0, 0, 0, 0, 0, 0
	cost := 0.0
	for range n {
		d, truth, taken := adaptive(t, draw, unlimited(InterimLooks(28)), shift)
		cost += taken / float64(n)
		won := 0
		for i, c := range d.Comparisons {
			all++
			if at := math.Exp(truth[i]); c.Alone.Lo <= at && at <= c.Alone.Hi {
				covered++
			}
			switch {
			case truth[i] == 0 && claimed(c.Verdict):
				won = 1
			case truth[i] != 0:
				far++
				if c.Verdict == Slower == (truth[i] > 0) && claimed(c.Verdict) {
					decided++
				} else if claimed(c.Verdict) {
					wrong++
				}
			}
		}
		wins += won
	}
	t.Logf("%.0f %% of the block means were measured", 100*cost)
	atMostShare(t, "false win", wins, n, 0.055)
	atMostShare(t, "wrong way", wrong, far, 0)
	atLeastShare(t, "differences found", decided, far, 0.999)
	atLeastShare(t, "covered", covered, all, 0.94)
	if cost > 0.75 {
		t.Errorf("%.0f %% of the block means were measured: want two crawlers of five to leave early", 100*cost)
	}
}
