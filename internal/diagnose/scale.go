package diagnose

import (
	"math"
	"time"

	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
	"crawlbench/internal/store"
)

// scale computes the scaling of each crawler's throughput with its workers.
func (t *Table) scale(run *store.Run) {
	p, cores := run.Plan(), t.Procs
	fetch := p.FetchOf(plan.Cell{Graph: t.Graph, Cost: t.Cost})
	if t.waits = t.info(run).MeanWait(fetch.Latency) > fetch.CPU; t.waits {
		cores = 0
	}
	for _, r := range t.Rows {
		var points []stat.Point
		for _, c := range r.Cells {
			if c.Sound() {
				points = append(points, stat.Point{Workers: c.Workers, Throughput: c.Speed})
			}
		}
		if len(points) < 2 {
			continue
		}
		if t.Transport == plan.Memory { // processor time does not scale with workers
			r.Gains = stat.Speedup(points)
			r.Knee = stat.FindKnee(points)
			r.Fit = stat.FitUSL(points, cores, p.Seed)
		}
		if one := r.Cells[0]; one.Workers == 1 && one.CPU > 0 {
			for _, c := range r.Cells[1:] {
				p := stat.Pair(one.cpu, c.cpu)
				c.Growth = &p
			}
		}
	}
}

// Bound is the upper bound of the throughput of any crawler, and its cause.
type Bound struct {
	Speed float64 // +Inf if there is no known bound
	By    string  // "rate", "latency", "depth", "cores"
	Share float64 // share of it that was reached
	// All are the bounds by cause.
	All map[string]float64
}

// info returns the description of the table's graph.
func (t *Table) info(run *store.Run) (graph store.GraphInfo) {
	for _, g := range run.Manifest().Graphs {
		if g.Name == t.Graph {
			graph = g
		}
	}
	return graph
}

// bound sets the upper bounds of each cell.
func (t *Table) bound(run *store.Run) {
	p, graph := run.Plan(), t.info(run)
	for _, r := range t.Rows {
		// The least processor time per page of any round: no round can exceed the bound that follows from it.
		cost := math.Inf(1)
		for _, c := range r.Cells {
			for _, x := range c.cpu {
				if x > 0 { // false for NaN
					cost = min(cost, x)
				}
			}
		}
		for _, c := range r.Cells {
			c.Site = graph
			fetch := p.FetchOf(c.Cell)
			c.uneven = uneven(fetch)
			if c.Transport == plan.HTTP || c.Processes > 0 { // the processor time of site or server binds too
				continue
			}
			c.Bound = bound(c, graph, graph.MeanWait(fetch.Latency), fetch.CPU, cost)
		}
	}
}

func bound(c *Cell, g store.GraphInfo, wait, cpu time.Duration, cost float64) Bound {
	b := Bound{Speed: math.Inf(1), All: map[string]float64{}}
	set := func(by string, speed float64) {
		b.All[by] = speed
		if speed < b.Speed {
			b.Speed, b.By = speed, by
		}
	}
	pages, depth := g.Reachable, g.Depth
	if c.MaxPages > 0 && c.MaxPages < pages {
		pages, depth = c.MaxPages, 0 // the depth of the first pages depends on the order
	}
	if c.Rate > 0 {
		set("rate", float64(c.Rate))
	}
	if each := (wait + cpu).Seconds(); each > 0 {
		set("latency", float64(c.Workers)/each)
		set("depth", float64(pages)/(float64(depth+1)*each))
	}
	if !math.IsInf(cost, 0) {
		set("cores", float64(c.Procs)/cost)
	}
	if c.Summary.Center > 0 {
		b.Share = c.Summary.Center / b.Speed
	}
	return b
}
