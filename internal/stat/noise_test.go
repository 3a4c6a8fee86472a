package stat

import (
	"math"
	"math/rand/v2"
)

// lab simulates measuring groups of equal crawlers in blocks. It returns block means by group, crawler and block.
type lab func(draw *rand.Rand, groups, crawlers, blocks int) [][][]float64

// typical is the standard deviation of the block mean of one crawler; a ratio of two has the square
// root of 2 times that.
const typical = 0.085

// blockwise makes a lab from errors of unit variance per block, with standard deviations that
// differ between crawlers by a factor of e^spread, and a machine effect common to all crawlers of a
// block, in units of the typical deviation.
func blockwise(unit func(*rand.Rand) float64, spread, lagOne float64, state machine) lab {
	return func(draw *rand.Rand, groups, crawlers, blocks int) [][][]float64 {
		y := make([][][]float64, groups)
		for g := range y {
			slow := state(draw, blocks)
			for range crawlers {
				sd := typical * math.Exp(spread*draw.NormFloat64())
				d := make([]float64, blocks)
				e := unit(draw)
				for b := range d {
					d[b] = sd*e + 2*slow[b] // 2: the drift over a run is then 0.1
					e = lagOne*e + math.Sqrt(1-lagOne*lagOne)*unit(draw)
				}
				y[g] = append(y[g], d)
			}
		}
		return y
	}
}

func unitNormal(draw *rand.Rand) float64 { return draw.NormFloat64() }

// unitT3 draws from Student's t with 3 degrees of freedom, scaled to unit variance.
func unitT3(draw *rand.Rand) float64 {
	square := 0.0
	for range 3 {
		x := draw.NormFloat64()
		square += x * x
	}
	return draw.NormFloat64() / math.Sqrt(square)
}

// unitOutliers draws normal errors, except that one block in 20 is slower by 2 to 6 standard deviations.
func unitOutliers(draw *rand.Rand) float64 {
	x := draw.NormFloat64()
	if draw.IntN(20) == 0 {
		x += 2 + 4*draw.Float64()
	}
	return x / math.Sqrt(1.8)
}

func unitSkewed(draw *rand.Rand) float64 { return draw.ExpFloat64() - 1 }

// resident simulates measuring on a shared machine.
func resident(draw *rand.Rand, groups, crawlers, blocks int) [][][]float64 {
	return residentOn(fitted)(draw, groups, crawlers, blocks)
}

// residentOn makes a lab that measures in blocks with resident processes, groups in turn, crawlers in slices, on a
// machine whose speed changes over time.
func residentOn(noise noises) lab {
	return func(draw *rand.Rand, groups, crawlers, blocks int) [][][]float64 {
		return onClock(newClock(draw, noise), groups, crawlers, blocks)
	}
}

func onClock(clock *clock, groups, crawlers, blocks int) [][][]float64 {
	y := make([][][]float64, groups)
	for g := range y {
		y[g] = make([][]float64, crawlers)
	}
	for range blocks {
		for _, g := range clock.draw.Perm(groups) {
			means, err := BlockMeans(clock.block(crawlers))
			if err != nil {
				panic(err)
			}
			for c, m := range means {
				y[g][c] = append(y[g][c], m)
			}
		}
	}
	return y
}

func quiet(_ *rand.Rand, slots int) []float64 { return make([]float64, slots) }

// allPairs returns the log ratios of all pairs within groups, and the true log ratio of each, which
// shift adds to the crawlers.
func allPairs(y [][][]float64, shift []float64) (family [][]float64, truth []float64) {
	for _, group := range y {
		for i := range group {
			for j := i + 1; j < len(group); j++ {
				delta := shift[j] - shift[i]
				d := make([]float64, len(group[i]))
				for b := range d {
					d[b] = group[j][b] - group[i][b] + delta
				}
				family, truth = append(family, d), append(truth, delta)
			}
		}
	}
	return family, truth
}
