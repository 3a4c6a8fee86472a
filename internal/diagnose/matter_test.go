package diagnose

import (
	"math"
	"testing"
	"time"

	"crawlbench/internal/stat"
)

// TestCrossing uses crawlers whose own time per page differs by d: at a cost c, the throughputs differ by d/c, so that
// the difference falls to a margin m at d/m.
func TestCrossing(t *testing.T) {
	var points []Point
	for _, c := range []time.Duration{0, time.Microsecond, 10 * time.Microsecond, 100 * time.Microsecond,
		time.Millisecond} {
		points = append(points, Point{Cost: c})
	}
	at := func(d float64) []float64 {
		var list []float64
		for _, p := range points {
			list = append(list, d/math.Max(p.Cost.Seconds(), 1e-9))
		}
		return list
	}
	const margin = 0.03
	for _, c := range []struct{ d, want float64 }{
		{0.9e-6, 30e-6},      // between two costs
		{3e-6, 100e-6},       // at a cost
		{0, 0},               // never beyond the margin
		{1e-3, math.Inf(1)},  // at no measured cost within it
		{0.01e-6, 1e-6},      // between nothing and the smallest cost: at most that
		{-0.9e-6, 0},         // the baseline is faster
		{0.31e-6, 10.333e-6}, // just beyond a cost
	} {
		got := crossing(points, at(c.d), margin)
		if !(math.Abs(got-c.want) <= 1e-3*c.want) && got != c.want {
			t.Errorf("difference of %g s: crossing at %g s, want %g", c.d, got, c.want)
		}
	}
	if got := crossing(points, []float64{1, 0.01, 1, 0.01, 0.01}, margin); got <= points[2].Cost.Seconds() {
		t.Errorf("the crossing %g lies before the last cost with a difference", got)
	}
}

func TestCrossingHasAnInterval(t *testing.T) {
	m := Matter{}
	for _, c := range []time.Duration{time.Millisecond, 0, 10 * time.Microsecond, 100 * time.Microsecond} {
		x := 0.9e-6 / max(c.Seconds(), 1e-9)
		m.Points = append(m.Points, Point{Cost: c, All: c >= 100*time.Microsecond,
			Ratio: stat.Interval{Value: 1 + x, Lo: 1 + x/2, Hi: 1 + 2*x}})
	}
	m.cross(0.03)
	for what, x := range map[string][2]float64{"value": {m.Crossing.Value, 30e-6}, "low": {m.Crossing.Lo, 15e-6},
		"high": {m.Crossing.Hi, 60e-6}} {
		if math.Abs(x[0]-x[1]) > 1e-3*x[1] {
			t.Errorf("%s %g, want %g", what, x[0], x[1])
		}
	}
	if m.Proven != 100*time.Microsecond {
		t.Errorf("proven from %v, want 100us", m.Proven)
	}
	m.Points[len(m.Points)-1].All = false // a pair that is inconclusive at the largest cost: nothing is proven
	m.cross(0.03)
	if m.Proven != -1 {
		t.Errorf("proven from %v, want nothing", m.Proven)
	}
}
