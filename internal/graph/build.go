package graph

import (
	"context"
	"fmt"
	"math"
)

// Build builds the graph of s. It refuses one whose Estimate is above limit bytes; 0 is no limit.
func Build(ctx context.Context, s Spec, limit int64) (*Graph, error) {
	need, err := Estimate(s)
	if err != nil {
		return nil, err
	}
	if limit > 0 && need > limit {
		return nil, fmt.Errorf("%s needs about %s of memory to build, and %s are free: choose fewer pages or "+
			"links, or a larger machine",
			s, sizeText(need), sizeText(limit))
	}
	g, err := s.build(ctx, limit)
	if err != nil {
		return nil, err
	}
	if g.Hosts == nil {
		g.Hosts = hostBlocks(g.Pages(), s.count("hosts"), s.Seed)
	}
	return g, nil
}

// build reads or generates the graph of s, without hosts if its kind has no structure of its own.
func (s Spec) build(ctx context.Context, limit int64) (*Graph, error) {
	k, _ := kind(s.Kind)
	if k.read != nil {
		r, err := k.read(ctx, s, limit)
		if err != nil {
			return nil, err
		}
		return r.start(s)
	}
	g, err := k.generate(ctx, s)
	if err == nil && s.Start != "" {
		var start pageNumber
		start, err = parseNumber([]byte(s.Start))
		g.Start = uint32(start.lo) // Check has found that there is such a page
	}
	return g, err
}

// fromHub returns a generator whose graphs are crawled from their hub.
func fromHub(generate func(context.Context, Spec) (*Graph, error)) func(context.Context, Spec) (*Graph, error) {
	return func(ctx context.Context, s Spec) (*Graph, error) {
		g, err := generate(ctx, s)
		if err == nil {
			g.Start = hub(g)
		}
		return g, err
	}
}

// hub returns the page with the most links, the first of them if there are several.
func hub(g *Graph) uint32 {
	best, most := 0, uint64(0)
	for p := range g.Pages() {
		if d := g.Offsets[p+1] - g.Offsets[p]; d > most {
			best, most = p, d
		}
	}
	return uint32(best)
}

// hostBlocks cuts pages into hosts, 0 meaning one for every 100 pages, of sizes that follow a power
// law: the host of rank r has about 1/r of the pages of the largest. Their order is drawn.
func hostBlocks(pages, hosts int, seed uint64) []uint32 {
	if hosts == 0 {
		hosts = (pages + 99) / 100
	}
	hosts = min(hosts, pages)
	ranks := make([]int, hosts)
	for i := range ranks {
		ranks[i] = i
	}
	draw := newStream(seed, streamHosts)
	for i := hosts - 1; i > 0; i-- {
		j := draw.below(uint64(i + 1))
		ranks[i], ranks[j] = ranks[j], ranks[i]
	}
	return cut(pages, ranks)
}

// cut returns the first pages of hosts whose sizes go with 1/(rank+1), each at least a page.
func cut(pages int, ranks []int) []uint32 {
	sum := 0.0
	for r := range ranks {
		sum += 1 / float64(r+1)
	}
	spare := float64(pages - len(ranks)) // beyond the one page that each host has
	starts := make([]uint32, len(ranks))
	share := 0.0
	for i, r := range ranks {
		starts[i] = uint32(i + int(math.Floor(spare*share/sum)))
		share += 1 / float64(r+1)
	}
	return starts
}
