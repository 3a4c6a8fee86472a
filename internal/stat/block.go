package stat

import (
	"fmt"
	"math"
	"slices"
)

// BlockMeans estimates the log mean crawl time of each crawler in one block. block[crawler][turn]
// is the natural logarithm of the mean seconds per crawl in one slice; all crawlers have the same
// number of turns, at least 1.
//
// It first removes the effect of each turn: the median over the crawlers of their deviations from
// their own means. Then it drops the fastest and the slowest slice of each crawler, if there are at
// least 3, and averages the rest. The difference of two of these means is the log ratio of the
// block, so ratios are consistent: a to b times b to c is a to c. Blocks are the unit of every
// comparison; slices are not, because the slices of a block share its processes.
func BlockMeans(block [][]float64) ([]float64, error) {
	if err := checkBlock(block); err != nil {
		return nil, fmt.Errorf("block means: %w", err)
	}
	means := make([]float64, len(block))
	for c, y := range block {
		means[c] = mean(y)
	}
	if len(block) == 0 {
		return means, nil
	}
	effects := turnEffects(block, means)
	for c, y := range block {
		means[c] = trimmed(y, effects)
	}
	return means, nil
}

func checkBlock(block [][]float64) error {
	for c, y := range block {
		if len(y) == 0 || len(y) != len(block[0]) {
			return fmt.Errorf("crawler %d has %d turns, the first has %d: want the same number, at least 1; take the block again",
				c, len(y), len(block[0]))
		}
		for r, v := range y {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("crawler %d, turn %d: log time %v is not finite; take the block again", c, r, v)
			}
		}
	}
	return nil
}

// turnEffects returns for each turn the median deviation of the crawlers from their means.
func turnEffects(block [][]float64, means []float64) []float64 {
	effects := make([]float64, len(block[0]))
	deviations := make([]float64, len(block))
	for r := range effects {
		for c, y := range block {
			deviations[c] = y[r] - means[c]
		}
		effects[r] = middleOf(deviations)
	}
	return effects
}

// trimmed returns the mean of y minus effects, without its extremes.
func trimmed(y, effects []float64) float64 {
	rest := make([]float64, len(y))
	for r, v := range y {
		rest[r] = v - effects[r]
	}
	if len(rest) >= 3 {
		slices.Sort(rest)
		rest = rest[1 : len(rest)-1]
	}
	return mean(rest)
}

// middleOf sorts x and returns its median.
func middleOf(x []float64) float64 {
	slices.Sort(x)
	n := len(x)
	return x[(n-1)/2]/2 + x[n/2]/2
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}
