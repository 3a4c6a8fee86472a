package graph

import (
	"cmp"
	"context"
	"fmt"
	"math"
)

// Build builds the graph of s. It returns an error if Estimate exceeds limit bytes; 0 means no limit.
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
		g.Hosts = hostBlocks(g.Pages(), s.hosts(g.Pages()), s.Seed)
	}
	return g, nil
}

// build reads or generates the graph of s, without hosts if its kind defines none.
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
		g.Start = uint32(start.lo) // Check has verified that the page exists
	}
	return g, err
}

// fromHub wraps a generator so that crawls start at the hub.
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

// hosts returns the number of hosts of that many pages: one for every 100 if s does not say.
func (s Spec) hosts(pages int) int { return min(cmp.Or(s.count("hosts"), (pages+99)/100), pages) }

// hostBlocks divides pages among hosts. Sizes follow a power law: the host of rank r has about 1/r of the pages of the
// largest. The order of the hosts is random.
func hostBlocks(pages, hosts int, seed uint64) []uint32 {
	ranks := ascending(hosts)
	draw := newStream(seed, streamHosts)
	for i := hosts - 1; i > 0; i-- {
		j := draw.below(uint64(i + 1))
		ranks[i], ranks[j] = ranks[j], ranks[i]
	}
	return cut(pages, ranks)
}

// ascending returns the numbers below n.
func ascending(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// cut returns the first page of each host. Sizes are proportional to 1/(rank+1), at least one page.
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
