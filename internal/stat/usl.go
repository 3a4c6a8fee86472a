package stat

import (
	"fmt"
	"math"
)

// Curve is Gunther's Universal Scalability Law: the throughput of N workers is Lambda N / (1 +
// Sigma (N-1) + Kappa N (N-1)). It is Amdahl's law if Kappa is 0.
type Curve struct {
	Lambda float64 // throughput of one worker
	Sigma  float64 // contention, the serial share of the work: locks, a single owner
	Kappa  float64 // cost of coherency between each two workers: cache lines, retries
}

// At returns the throughput of n workers.
func (c Curve) At(workers float64) float64 {
	return c.Lambda * workers / (1 + c.Sigma*(workers-1) + c.Kappa*workers*(workers-1))
}

// Peak returns the number of workers with the highest throughput, not rounded and at least 1; it is
// +Inf if more workers always help.
func (c Curve) Peak() float64 {
	if c.Sigma >= 1 {
		return 1
	}
	return max(1, math.Sqrt((1-c.Sigma)/c.Kappa))
}

// Fit is a curve through measured points. The numbers of a refused fit are meaningless.
type Fit struct {
	Lambda, Sigma, Kappa Interval
	Peak                 Interval // Value is +Inf if no peak is proven: the interval of Kappa includes 0
	Residual             float64  // the largest distance of a point from the curve, relative to the point
	Amdahl               Curve    // the best with Kappa 0
	AmdahlResidual       float64
	Points, Rounds       int    // used for the fit: rounds that are complete at all points
	Refused              string // why the law does not apply; "" if it does
	Warnings             []string
}

// Curve returns the curve with the estimates.
func (f Fit) Curve() Curve { return Curve{f.Lambda.Value, f.Sigma.Value, f.Kappa.Value} }

// Retrograde reports whether it is proven that beyond some number of workers, more of them are
// slower. If not, Amdahl's law describes the points as well. The interval of Kappa decides, not an
// information criterion: with 5 points and up to 3 parameters and a variance, the small-sample term
// of AICc divides by 0.
func (f Fit) Retrograde() bool { return f.Refused == "" && f.Kappa.Lo > 0 }

const (
	fewestPoints = 5
	fewestRounds = 5
	maxResidual  = 0.05
	resamples    = 1000
)

// FitUSL fits the law to points. Workers must be numbers that can run at once: for crawls that wait
// for the network all workers, for those that compute at most cores, the value of GOMAXPROCS; 0
// means that cores do not limit the crawl. Beyond the cores a hard ceiling looks like contention,
// and the fit is refused if a ceiling explains the points as well.
//
// The intervals are at 95 %, from a bootstrap of whole rounds, the same for all points, so the
// effects of a round cancel out. The percentiles are widened for few rounds as in Hesterberg, "What
// teachers should know about the bootstrap" (2015); seed makes them reproducible.
func FitUSL(points []Point, cores int, seed uint64) Fit {
	workers, logs := complete(points)
	fit := Fit{Points: len(workers), Peak: Interval{Value: math.Inf(1), Lo: 1, Hi: math.Inf(1)}}
	if fit.Refused = unfit(workers); fit.Refused != "" {
		return fit
	}
	fit.Rounds = len(logs[0])
	all := 0
	for _, p := range points {
		all = max(all, len(p.Throughput))
	}
	if all > fit.Rounds {
		fit.Warnings = append(fit.Warnings, fmt.Sprintf("%d of %d rounds are left out: a sample is missing, or "+
			"not above 0", all-fit.Rounds, all))
	}
	if fit.Rounds < fewestRounds {
		fit.Refused = fmt.Sprintf("%d complete rounds are too few to tell noise from a law: measure at least %d",
			fit.Rounds, fewestRounds)
		return fit
	}
	x := make([]float64, len(logs))
	centers(x, logs, allRounds(fit.Rounds))
	s := newSolver(len(x))
	best := s.fitCurve(workers, x, 3)
	fit.Amdahl = s.fitCurve(workers, x, 2)
	fit.Residual, _ = residuals(best, workers, x)
	fit.AmdahlResidual, _ = residuals(fit.Amdahl, workers, x)
	s.intervals(&fit, best, workers, logs, seed)
	switch ceiling := s.plateau(best, workers, x, logs, cores); {
	case ceiling != "":
		fit.Refused = ceiling
	case fit.Residual > maxResidual:
		fit.Refused = fmt.Sprintf("a point lies %.1f %% off the curve: the law does not describe these points, so "+
			"read the measured knee", 100*fit.Residual)
	}
	if last := workers[len(workers)-1]; fit.Retrograde() && fit.Peak.Value > 2*last {
		fit.Warnings = append(fit.Warnings, fmt.Sprintf("the peak at %.0f workers lies far beyond the %.0f that "+
			"were measured", fit.Peak.Value, last))
	}
	return fit
}

// complete returns the sorted numbers of workers, and for each the logarithms of the throughput in
// the complete rounds.
func complete(points []Point) (workers []float64, logs [][]float64) {
	sorted := byWorkers(points)
	for _, p := range sorted {
		workers = append(workers, float64(p.Workers))
	}
	logs = make([][]float64, len(sorted))
	for round := 0; ; round++ {
		ended, whole := true, true
		for _, p := range sorted {
			has := round < len(p.Throughput)
			ended = ended && !has
			whole = whole && has && usable(p.Throughput[round])
		}
		if ended {
			return workers, logs
		}
		for i, p := range sorted {
			if whole {
				logs[i] = append(logs[i], math.Log(p.Throughput[round]))
			}
		}
	}
}

// unfit returns the reason why the numbers of workers cannot be fitted, "" if they can.
func unfit(workers []float64) string {
	if len(workers) < fewestPoints {
		return fmt.Sprintf("%d points are too few for three parameters: measure at least %d numbers of workers",
			len(workers), fewestPoints)
	}
	for i, n := range workers {
		if n < 1 || i > 0 && n == workers[i-1] {
			return fmt.Sprintf("%.0f workers are below 1 or occur twice", n)
		}
	}
	return ""
}

// fitCurve minimises the relative distances, with N/X = a + b (N-1) + c N (N-1), which is linear in
// a, b, c; terms is 3, or 2 without c. Contributions below rounding at the largest number of
// workers count as 0.
func (s *solver) fitCurve(workers, x []float64, terms int) Curve {
	for i, n := range workers {
		perY := x[i] / n
		s.columns[0][i], s.columns[1][i], s.columns[2][i] = perY, (n-1)*perY, n*(n-1)*perY
	}
	w := s.leastSquares(terms)
	last := workers[len(workers)-1]
	c := Curve{1 / w[0], w[1] / w[0], w[2] / w[0]}
	whole := last / c.At(last) * c.Lambda
	if c.Sigma*(last-1) < 1e-9*whole {
		c.Sigma = 0
	}
	if c.Kappa*last*(last-1) < 1e-9*whole {
		c.Kappa = 0
	}
	return c
}

// residuals returns the maximum and the root mean square of the relative distances from the curve.
func residuals(c Curve, workers, x []float64) (largest, rms float64) {
	for i, n := range workers {
		d := math.Abs(c.At(n)/x[i] - 1)
		largest = max(largest, d)
		rms += d * d / float64(len(x))
	}
	return largest, math.Sqrt(rms)
}
