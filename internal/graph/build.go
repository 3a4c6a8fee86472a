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
		return nil, fmt.Errorf("%s needs about %s of memory to build, and %s are free: choose fewer pages or links, or a larger machine", s, sizeText(need), sizeText(limit))
	}
	var g *Graph
	if s.File != "" {
		g, err = s.read(ctx, limit)
	} else {
		g, err = s.generate(ctx)
	}
	if err != nil {
		return nil, err
	}
	if g.Hosts == nil {
		g.Hosts = hostBlocks(g.Pages(), int(s.value("hosts")), s.Seed)
	}
	return g, nil
}

// generate generates the graph of s.
func (s Spec) generate(ctx context.Context) (*Graph, error) {
	g, err := s.links(ctx)
	if err != nil {
		return nil, err
	}
	if s.Start != "" {
		start, err := parseNumber([]byte(s.Start))
		g.Start = uint32(start.lo) // Check has seen that there is such a page
		return g, err
	}
	if s.Kind == "rmat" || s.Kind == "uniform" {
		g.Start = hub(g)
	}
	return g, nil
}

func (s Spec) links(ctx context.Context) (*Graph, error) {
	n, _ := s.pages()
	pages, degree := int(n), int(s.value("degree"))
	switch s.Kind {
	case "rmat":
		return rmat(ctx, s.Scale, degree, s.Symmetric, s.Seed)
	case "uniform":
		return uniform(ctx, pages, degree, s.Symmetric, s.Seed)
	case "copying":
		return copying(ctx, pages, degree, s.value("copy"), s.Seed)
	case "hosts":
		return web(ctx, pages, s)
	case "chain":
		return chain(pages), nil
	case "star":
		return star(pages), nil
	case "tree":
		return tree(pages, degree), nil
	}
	return grid(pages), nil
}

// hub returns the page with the most links, the first of them if several have as many.
func hub(g *Graph) uint32 {
	best, most := 0, uint64(0)
	for p := range g.Pages() {
		if d := g.Offsets[p+1] - g.Offsets[p]; d > most {
			best, most = p, d
		}
	}
	return uint32(best)
}

// hostBlocks cuts pages into hosts, 0 meaning one for every 100 pages, of sizes that follow a power law: the host of rank
// r has about 1/r of the pages of the largest. Their order is drawn.
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
