package stat

import (
	"fmt"
	"math"
)

// plateau explains why the points beyond the cores look like a hard ceiling; it returns "" if they
// do not. The alternative to the law is Amdahl's law with at most cores workers, and the same
// throughput for all beyond. It has one parameter less, so it is preferred if it is closer to the
// points, or equally close within the noise of the centers.
func (s *solver) plateau(best Curve, workers, x []float64, logs [][]float64, cores int) string {
	capped := make([]float64, len(workers))
	reached := 0
	for i, n := range workers {
		capped[i] = min(n, float64(cores))
		if n >= float64(cores) {
			reached++
		}
	}
	if cores < 1 || reached < 2 {
		return ""
	}
	flat := s.fitCurve(capped, x, 2)
	_, law := residuals(best, workers, x)
	_, ceiling := residuals(flat, capped, x)
	if ceiling > max(law, 2*noise(logs)) {
		return ""
	}
	return fmt.Sprintf("beyond %d cores the throughput stays at about %.4g: a ceiling explains the points as well "+
		"as contention would, "+
		"so the machine may be the limit, not the crawler", cores, flat.At(float64(cores)))
}

// noise returns the relative standard error of a center, after effects common to a round are
// removed.
func noise(logs [][]float64) float64 {
	points, rounds := len(logs), len(logs[0])
	byPoint, byRound, all := make([]float64, points), make([]float64, rounds), 0.0
	for i := range logs {
		for r, v := range logs[i] {
			byPoint[i] += v / float64(rounds)
			byRound[r] += v / float64(points)
			all += v / float64(points*rounds)
		}
	}
	sum := 0.0
	for i := range logs {
		for r, v := range logs[i] {
			d := v - byPoint[i] - byRound[r] + all
			sum += d * d
		}
	}
	return math.Sqrt(sum / float64((points-1)*(rounds-1)) / float64(rounds))
}
