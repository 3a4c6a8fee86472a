package diagnose

import (
	"math"
	"slices"
	"time"

	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
)

// Matter answers at which cost of a fetch the choice of the crawler stops mattering: the same cells at several costs.
type Matter struct {
	Key             // of the tables, without their cost
	Workers int     // the largest number that was measured
	By      string  // what costs: "latency" or "cpu"
	Points  []Point // by cost, the cheapest first
	// Crossing is the cost in seconds above which the best crawler has at most 1 + Margin times the throughput of the
	// baseline, interpolated between the costs that were measured, with the costs at which the ends of the intervals
	// cross. It is 0 below the smallest cost above 0, and +Inf above the largest.
	Crossing stat.Interval
	// Proven is the smallest cost at and above which all pairs of crawlers are proven equivalent; -1 if there is none.
	Proven time.Duration
}

// Point is one cost.
type Point struct {
	Cost time.Duration
	*Table
	Best string
	// Ratio is the throughput of the best crawler divided by the baseline's, with the interval of this comparison
	// alone; 1 if the baseline is the best.
	Ratio stat.Interval
	// Versus is the comparison with the baseline; nil if the baseline is the best.
	Versus *Comparison
	All    bool // all pairs of crawlers are proven equivalent
}

// matters finds the tables that differ only in the cost of a fetch.
func (a *Analysis) matters() []Matter {
	var list []Matter
	for _, by := range []string{"cpu", "latency"} {
		for _, t := range a.Tables {
			cost, only := costOf(t.Cost, by)
			if !only {
				continue
			}
			k := t.Key
			k.Cost = plan.Cost{}
			i := slices.IndexFunc(list, func(m Matter) bool { return m.Key == k && m.By == by })
			if i < 0 {
				i = len(list)
				list = append(list, Matter{Key: k, By: by, Workers: slices.Max(t.Workers)})
			}
			if p, ok := point(a.Baseline, t, list[i].Workers); ok {
				p.Cost = cost
				list[i].Points = append(list[i].Points, p)
			}
		}
	}
	list = slices.DeleteFunc(list, func(m Matter) bool { return len(m.Points) < 2 })
	for i := range list {
		list[i].cross(a.Margin)
	}
	return list
}

// costOf returns the cost by latency or cpu, and whether there is no other.
func costOf(c plan.Cost, by string) (time.Duration, bool) {
	if by == "latency" {
		return c.Latency, c.CPU == 0
	}
	return c.CPU, c.Latency == 0
}

// point compares the best crawler of a table with the baseline.
func point(baseline string, t *Table, workers int) (p Point, ok bool) {
	g := t.Group(workers)
	if g == nil || g.Best == "" || t.Cell(baseline, workers) == nil {
		return p, false
	}
	p = Point{Table: t, Best: g.Best, All: g.Equivalent(), Ratio: stat.Interval{Value: 1, Lo: 1, Hi: 1}}
	if g.Best != baseline {
		if p.Versus = g.Comparison(g.Best, baseline); p.Versus == nil {
			return p, false
		}
		p.Ratio = inverse(p.Versus.Alone)
		p.Ratio.Value = 1 / p.Versus.Ratio.Value
	}
	return p, true
}

// cross fills in Crossing and Proven.
func (m *Matter) cross(margin float64) {
	slices.SortFunc(m.Points, func(x, y Point) int { return int(x.Cost - y.Cost) })
	at := func(of func(stat.Interval) float64) float64 {
		excess := make([]float64, len(m.Points))
		for i, p := range m.Points {
			excess[i] = of(p.Ratio) - 1
		}
		return crossing(m.Points, excess, margin)
	}
	m.Crossing = stat.Interval{
		Value: at(func(r stat.Interval) float64 { return r.Value }),
		Lo:    at(func(r stat.Interval) float64 { return r.Lo }),
		Hi:    at(func(r stat.Interval) float64 { return r.Hi }),
	}
	m.Proven = -1
	for _, p := range slices.Backward(m.Points) {
		if !p.All {
			break
		}
		m.Proven = p.Cost
	}
}

// crossing returns the cost in seconds above which the excess stays below the margin. Between two costs, the logarithm
// of the excess is linear in that of the cost, since a crawl of n pages takes n (own + cost): the excess falls with
// 1/cost where the cost is large.
func crossing(points []Point, excess []float64, margin float64) float64 {
	last := -1 // the last cost at which it exceeds the margin
	for i, e := range excess {
		if e > margin {
			last = i
		}
	}
	switch {
	case last < 0:
		return 0
	case last == len(points)-1:
		return math.Inf(1)
	}
	from, to := points[last].Cost.Seconds(), points[last+1].Cost.Seconds()
	if from == 0 {
		return to // there is no logarithm of 0: the cost lies below the smallest one
	}
	const least = 1e-4 // an excess of 0 or less has no logarithm
	a, b := math.Log(excess[last]), math.Log(max(excess[last+1], least))
	share := (a - math.Log(margin)) / (a - b)
	return from * math.Pow(to/from, share)
}
