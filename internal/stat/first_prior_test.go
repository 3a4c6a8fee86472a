package stat

import (
	"math"
	"math/rand/v2"
	"testing"
)

// keptPrior fits a prior without the cap; the known-bad twin keeps it from the first look.
func keptPrior(spreads []Spread) Prior {
	var logs []float64
	expected := 0.0
	for _, s := range spreads {
		logs = append(logs, math.Log(s.Variance)-digamma(s.Degrees/2)+math.Log(s.Degrees/2))
		expected += trigamma(s.Degrees/2) / float64(len(spreads))
	}
	sd, d := deviation(logs), 1e5
	if excess := sd*sd - expected; excess > 0 {
		d = min(d, 2*trigammaInverse(excess))
	}
	return Prior{math.Exp(mean(logs) + digamma(d/2) - math.Log(d/2)), d}
}

func TestThePriorOfTheFirstLookKeptWinsFalsely(t *testing.T) {
	const n = 4000
	draw := rand.New(rand.NewPCG(36, 0))
	kept, anew := 0, 0
	for range n {
		family, _ := allPairs(blockwise(unitNormal, 0.35, 0, quiet)(draw, 2, 4, 28), make([]float64, 4))
		var first Prior
		wins := [2]bool{}
		for k, look := range InterimLooks(28) {
			spreads := make([]Spread, len(family))
			for i, d := range family {
				spreads[i] = spreadOf(d[:look.Blocks])
			}
			if k == 0 {
				first = keptPrior(spreads)
			}
			for v, prior := range []Prior{first, fitPrior(spreads)} {
				for i, d := range family {
					s := prior.Moderate(spreads[i])
					x := mean(d[:look.Blocks]) / math.Sqrt(s.Variance/float64(look.Blocks))
					wins[v] = wins[v] || studentTails(x, s.Degrees) < 0.05*look.Share/float64(len(family))
				}
			}
		}
		if wins[0] {
			kept++
		}
		if wins[1] {
			anew++
		}
	}
	atLeastCaught(t, "the prior of the first look, without a cap", kept, n, 0.055)
	atMostShare(t, "the prior of each look", anew, n, 0.055)
}
