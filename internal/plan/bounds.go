package plan

import (
	"fmt"
	"strings"

	"crawlbench/internal/crawl"
	"crawlbench/internal/plain"
	"crawlbench/internal/scenario"
)

// MaxRounds returns the largest number of rounds that p may have.
func (p *Plan) MaxRounds() int { return min(scenario.MaxRounds, mostSlots/max(1, len(p.Cells))) }

// bounded returns an error if the axes multiply to more cells or samples than a plan may have. It
// only counts: there may be no memory for the cells themselves.
func bounded(a axes, rounds int) error {
	if len(a.graphs) > mostNames {
		return fmt.Errorf("%d graphs: a plan has at most %d: shorten the list of graphs", len(a.graphs), mostNames)
	}
	cells := a.count() // floating-point, which does not overflow
	samples := cells * float64(rounds)
	if cells <= mostCells && samples <= mostSlots {
		return nil
	}
	return fmt.Errorf("%s cells x %s = %s samples: a plan has at most %s cells and %s samples: shorten the "+
		"longest of its "+
		"lists (%s), or give fewer rounds", plain.Number(cells), plain.Count(rounds, "round"), plain.Number(samples),
		plain.Number(mostCells), plain.Number(mostSlots), a.lengths())
}

// axes are what a plan is the product of: each value once, and the crawlers that can crawl at least
// one cell.
type axes struct {
	crawlers       []crawl.Crawler
	graphs         []scenario.Graph
	keys           []string
	workers, procs []int
	rates          []scenario.Rate
	bursts         []int    // of cells with a rate
	limiters       []string // of cells with a rate
}

func axesOf(s *scenario.Scenario, chosen []crawl.Crawler, cores int) axes {
	a := axes{graphs: s.Graphs, keys: s.Keys, workers: resolve(s.Workers, cores), procs: resolve(s.Procs, cores),
		rates: s.Rates, bursts: s.Bursts, limiters: s.Limiters}
	for _, c := range chosen {
		if k, w := a.able(c); k > 0 && w > 0 {
			a.crawlers = append(a.crawlers, c)
		}
	}
	return a
}

// resolve returns the numbers, each once, that counts stand for on a machine with that many cores.
func resolve(counts []scenario.Count, cores int) []int {
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

// able returns how many kinds of keys and how many numbers of workers c supports.
func (a axes) able(c crawl.Crawler) (keys, workers int) {
	for _, k := range a.keys {
		if canKey(c, k) {
			keys++
		}
	}
	for _, w := range a.workers {
		if canWorkers(c, w) {
			workers++
		}
	}
	return keys, workers
}

// count returns the number of cells.
func (a axes) count() float64 {
	paced := 0.0 // combinations of rate, burst and limiter
	for _, r := range a.rates {
		if r == 0 {
			paced++
		} else {
			paced += float64(len(a.bursts)) * float64(len(a.limiters))
		}
	}
	sum := 0.0
	for _, c := range a.crawlers {
		keys, workers := a.able(c)
		sum += float64(keys) * float64(workers)
	}
	return sum * float64(len(a.graphs)) * float64(len(a.procs)) * paced
}

// lengths lists the axes that have several values.
func (a axes) lengths() string {
	var list []string
	for _, x := range []struct {
		n    int
		name string
	}{{len(a.crawlers), "crawlers"}, {len(a.graphs), "graphs"}, {len(a.keys), "keys"}, {len(a.workers), "workers"},
		{len(a.rates), "rate"},
		{len(a.bursts), "burst"}, {len(a.limiters), "limiter"}, {len(a.procs), "gomaxprocs"}} {
		if x.n > 1 {
			list = append(list, fmt.Sprintf("%d %s", x.n, x.name))
		}
	}
	return strings.Join(list, ", ")
}
