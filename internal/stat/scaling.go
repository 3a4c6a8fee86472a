package stat

import (
	"cmp"
	"math"
	"slices"
)

// Point is the measurement of one number of workers. Throughput is indexed by round, equally at all
// points; NaN or 0 marks a missing sample.
type Point struct {
	Workers    int // at least 1, distinct
	Throughput []float64
}

// Interval is an estimate with its confidence interval.
type Interval struct{ Value, Lo, Hi float64 }

// Gain is the gain of a number of workers over the smallest one.
type Gain struct {
	Workers int
	Ratio   Paired // of throughputs: above 1 is a gain
	// the ratio divided by that of the workers: 1 means the throughput per worker of the first point
	Efficiency Interval
}

// Speedup returns the gains of all points, in order of workers. The first is 1 by definition.
func Speedup(points []Point) []Gain {
	sorted := byWorkers(points)
	var gains []Gain
	for i, p := range sorted {
		g := Gain{Workers: p.Workers, Ratio: Pair(sorted[0].Throughput, p.Throughput)}
		if i == 0 {
			g.Ratio = Paired{Ratio: 1, Lo: 1, Hi: 1, Confidence: 1, P: 1, N: g.Ratio.N}
		}
		more := float64(p.Workers) / float64(sorted[0].Workers)
		g.Efficiency = Interval{g.Ratio.Ratio / more, g.Ratio.Lo / more, g.Ratio.Hi / more}
		gains = append(gains, g)
	}
	return gains
}

// Knee is the measured number of workers beyond which more do not help; it assumes no law.
type Knee struct {
	Workers int    // smallest number not below the best; 0 if there are no samples
	Best    int    // number with the highest throughput
	Ratio   Paired // throughput of the knee over that of the best
}

// FindKnee returns the knee. A throughput counts as below the best if it is lower by more than
// DefaultMargin and the paired test gives a P below 5 %. With fewer than 6 rounds, which cannot
// reach that P, the margin alone decides. The best is a maximum and thus biased upwards; without
// the margin the knee would be too far to the right.
func FindKnee(points []Point) Knee {
	sorted := byWorkers(points)
	best, most := -1, 0.0
	for i, p := range sorted {
		if c := center(p.Throughput); c > most {
			best, most = i, c
		}
	}
	if best < 0 {
		return Knee{}
	}
	for _, p := range sorted[:best] {
		r := Pair(sorted[best].Throughput, p.Throughput)
		lower := r.Ratio < 1/(1+DefaultMargin)
		noise := r.N >= roundsFor(1-level) && r.P >= 1-level
		if r.N > 0 && (!lower || noise) {
			return Knee{p.Workers, sorted[best].Workers, r}
		}
	}
	p := sorted[best]
	return Knee{p.Workers, p.Workers, Pair(p.Throughput, p.Throughput)}
}

func byWorkers(points []Point) []Point {
	sorted := slices.Clone(points)
	slices.SortStableFunc(sorted, func(p, q Point) int { return cmp.Compare(p.Workers, q.Workers) })
	return sorted
}

// center returns the geometric mean of the usable values, 0 if there are none. Unlike the median it
// varies smoothly with the resampled rounds, and unlike the mean, the ratio of centers is the center of ratios.
func center(x []float64) float64 {
	sum, n := 0.0, 0
	for _, v := range x {
		if usable(v) {
			sum += math.Log(v)
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return math.Exp(sum / float64(n))
}
