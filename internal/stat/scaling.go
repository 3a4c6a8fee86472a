package stat

import (
	"cmp"
	"math"
	"slices"
)

// Point is what one number of workers gave. Throughput is by round, the same index being the same round at all points; NaN
// or 0 stands for a sample that is missing.
type Point struct {
	Workers    int // at least 1, and no number twice
	Throughput []float64
}

// Interval is an estimate with its confidence interval.
type Interval struct{ Value, Lo, Hi float64 }

// Gain is what a number of workers gives, against the fewest.
type Gain struct {
	Workers    int
	Ratio      Paired   // of throughputs: above 1 is a gain
	Efficiency Interval // the ratio over that of the workers: 1 is as much from each worker as from those of the first point
}

// Speedup returns the gains of all points, from the fewest workers up. The first is 1 by definition.
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

// Knee is where more workers stop to help, as measured: it assumes no law.
type Knee struct {
	Workers int    // the fewest that are not below the best; 0 if there is no point with a sample
	Best    int    // those with the highest throughput
	Ratio   Paired // throughput of the knee over that of the best
}

// FindKnee returns the knee. A throughput counts as below that of the best if it is lower by more than DefaultMargin, and if
// that is no noise: the P of the paired test is below 5 %. Fewer than 6 rounds cannot tell, and then the margin decides alone.
// As the best is chosen for being high, some of it is luck; without the margin the knee would be found too far to the right.
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

// center returns the geometric mean of what is usable, 0 if nothing is. Other than the median it varies smoothly with the
// rounds that are drawn, and other than the mean it gives ratios of centers that are centers of ratios.
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
