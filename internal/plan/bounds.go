package plan

import (
	"fmt"
	"slices"
	"strings"

	"crawlbench/internal/crawl"
	"crawlbench/internal/plain"
)

// MaxRounds returns the largest number of rounds allowed for p.
func (p *Plan) MaxRounds() int { return min(MaxRounds, mostSlots/max(1, len(p.Cells))) }

// bounded returns an error if the product of the axes exceeds the limits on cells or samples. It
// only counts, because the cells might not fit into memory.
func bounded(a axes, rounds int) error {
	if len(a.graphs) > mostNames {
		return fmt.Errorf("%d graphs: a plan has at most %d: shorten the list of graphs", len(a.graphs), mostNames)
	}
	cells := a.count() // floating point does not overflow
	samples := cells * float64(rounds)
	if cells <= mostCells && samples <= mostSlots {
		return nil
	}
	return fmt.Errorf("%s cells x %s = %s samples: a plan has at most %s cells and %s samples: shorten the "+
		"longest of its "+
		"lists (%s), or give fewer rounds", plain.Number(cells), plain.Count(rounds, "round"), plain.Number(samples),
		plain.Number(mostCells), plain.Number(mostSlots), a.lengths())
}

// axes are the factors of a plan: each value once, and the crawlers that support at least one cell.
type axes struct {
	crawlers       []crawl.Crawler
	graphs         []Graph
	keys           []string
	transports     []Transport
	workers, procs []int
	rates          []Rate
	bursts         []int    // of cells with a rate
	limiters       []string // of cells with a rate
	costs          []Cost
	processes      []int
	fleets         fleets
	onGraph        map[string][]int // workers by graph; nil if all have the same
	simulated      bool
}

func axesOf(s *Scenario, chosen []crawl.Crawler, cores int) axes {
	a := axes{graphs: s.Graphs, keys: s.Keys, transports: s.Transports, workers: resolve(s.Workers, cores),
		procs: resolve(s.Procs, cores), rates: s.Rates, bursts: s.Bursts, limiters: s.Limiters, costs: s.Costs,
		processes: s.Processes, simulated: s.Simulated}
	a.ownWorkers(cores)
	if len(a.transports) == 0 {
		a.transports = []Transport{Memory}
	}
	if len(a.processes) == 0 {
		a.processes = []int{1}
	}
	if len(a.costs) == 0 {
		a.costs = []Cost{{}}
	}
	for _, c := range chosen {
		if k, w := a.able(c); k > 0 && w > 0 {
			a.crawlers = append(a.crawlers, c)
		}
	}
	return a
}

// ownWorkers resolves the numbers of workers of graphs, if some have their own.
func (a *axes) ownWorkers(cores int) {
	if !slices.ContainsFunc(a.graphs, func(g Graph) bool { return len(g.Workers) > 0 }) {
		return
	}
	a.onGraph = map[string][]int{}
	shared, seen := a.workers, map[int]bool{}
	a.workers = nil
	for _, g := range a.graphs {
		own := shared
		if len(g.Workers) > 0 {
			own = resolve(g.Workers, cores)
		}
		a.onGraph[g.Name] = own
		for _, n := range own {
			if !seen[n] {
				seen[n] = true
				a.workers = append(a.workers, n)
			}
		}
	}
}

// setWorkers sets the number of workers of a cell, and reports whether there is such a cell. In a simulation a crawler
// that can use fewer crawls with as many as it can, and one that knows no hosts crawls only the first graph: what it
// does to the hosts is the same on the others.
func (a axes) setWorkers(c *Cell, by crawl.Crawler, n int) bool {
	c.Workers = n
	own := a.workers
	if a.onGraph != nil {
		own = a.onGraph[c.Graph]
	}
	switch {
	case a.onGraph != nil && !slices.Contains(own, n):
		return false
	case !a.simulated:
		return canWorkers(by, n)
	case !by.Polite && c.Graph != a.graphs[0].Name:
		return false
	case !canWorkers(by, n):
		c.Workers = by.MaxWorkers
		return n == own[0]
	}
	return true
}

// resolve returns the distinct numbers that counts mean on a machine with the given number of cores.
func resolve(counts []Count, cores int) []int {
	var list []int
	seen := map[int]bool{}
	for _, c := range counts {
		if n := c.Resolve(cores); !seen[n] {
			seen[n] = true
			list = append(list, n)
		}
	}
	return list
}

// able returns the number of kinds of keys with a transport, and the number of worker counts, that c supports.
func (a axes) able(c crawl.Crawler) (keys, workers int) {
	for _, k := range a.keys {
		for _, t := range a.transports {
			if canKey(c, k) && canCarry(t, k) {
				keys++
			}
		}
	}
	for _, w := range a.workers {
		if canWorkers(c, w) || a.simulated {
			workers++
		}
	}
	return keys, workers
}

// count returns the number of cells.
func (a axes) count() float64 {
	sum := 0.0
	for _, c := range a.crawlers {
		keys, workers := a.able(c)
		sum += float64(keys) * float64(workers) * a.limited(c)
	}
	return sum * float64(len(a.graphs)) * float64(len(a.procs)) * float64(len(a.costs))
}

// limited returns the number of combinations of rate, burst, limiter and processes of a crawler.
func (a axes) limited(c crawl.Crawler) (sum float64) {
	for _, r := range a.rates {
		if r == 0 {
			sum += float64(a.fleets.count(c, r, "", a.processes))
			continue
		}
		for _, l := range a.limiters {
			sum += float64(len(a.bursts)) * float64(a.fleets.count(c, r, l, a.processes))
		}
	}
	return sum
}

// lengths lists the axes with several values.
func (a axes) lengths() string {
	var list []string
	for _, x := range []struct {
		n    int
		name string
	}{{len(a.crawlers), "crawlers"}, {len(a.graphs), "graphs"}, {len(a.keys), "keys"},
		{len(a.transports), "transport"}, {len(a.workers), "workers"}, {len(a.rates), "rate"},
		{len(a.bursts), "burst"}, {len(a.limiters), "limiter"}, {len(a.processes), "processes"},
		{len(a.procs), "gomaxprocs"}, {len(a.costs), "cost"}} {
		if x.n > 1 {
			list = append(list, fmt.Sprintf("%d %s", x.n, x.name))
		}
	}
	return strings.Join(list, ", ")
}
