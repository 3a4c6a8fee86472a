package graph

import "context"

// The shapes of hosts that show what a polite crawler does with its time. Each page has one link to it, so that a page
// is found in one way only.

// sized returns a generator of trees of the given sizes of hosts: page 0 of each host is the root of a tree of its
// pages, and a page near the root of an earlier host, both drawn at random, links to it.
func sized(sizes func(s Spec, hosts int) []uint32) func(context.Context, Spec) (*Graph, error) {
	return func(_ context.Context, s Spec) (*Graph, error) {
		g := &Graph{Hosts: sizes(s, s.hosts(s.Pages))}
		draw := newStream(s.Seed, streamHosts)
		children := uint32(s.count("degree"))
		return g.linked(s.Pages, func(host int, i uint32) uint32 {
			if i > 0 {
				return g.Hosts[host] + (i-1)/children
			}
			from := int(draw.below(uint64(host)))
			near := min(g.Hosts[from+1]-g.Hosts[from], 1+children)
			return g.Hosts[from] + uint32(draw.below(uint64(near)))
		}), nil
	}
}

// flat returns a graph of equal hosts whose first page links to all others.
func flat(_ context.Context, s Spec) (*Graph, error) {
	g := &Graph{Hosts: even(s, s.hosts(s.Pages))}
	return g.linked(s.Pages, func(int, uint32) uint32 { return 0 }), nil
}

// wide returns a graph of equal hosts whose first page links to the first page of each, which links to the others.
func wide(_ context.Context, s Spec) (*Graph, error) {
	g := &Graph{Hosts: even(s, s.hosts(s.Pages))}
	return g.linked(s.Pages, func(host int, i uint32) uint32 {
		if i == 0 {
			return 0
		}
		return g.Hosts[host]
	}), nil
}

// pingPong returns a chain that visits all hosts in turn. The queue of each host is empty before its next page is
// known, and a crawler that then forgets the host comes back too early.
func pingPong(_ context.Context, s Spec) (*Graph, error) {
	hosts := s.hosts(s.Pages)
	g := &Graph{Hosts: even(s, hosts)}
	return g.linked(s.Pages, func(host int, i uint32) uint32 {
		if host > 0 {
			return g.Hosts[host-1] + i
		}
		last := hosts - 1 // the last host that has a page before page i of the first
		for last > 0 && g.Hosts[last]+i-1 >= g.past(last, s.Pages) {
			last--
		}
		return g.Hosts[last] + i - 1
	}), nil
}

// even returns the first pages of hosts of equal sizes. The first ones have a page more if it does not divide.
func even(s Spec, hosts int) []uint32 {
	starts := make([]uint32, hosts)
	each, more := s.Pages/hosts, s.Pages%hosts
	for i := range starts {
		starts[i] = uint32(i*each + min(i, more))
	}
	return starts
}

// zipf returns the first pages of hosts whose sizes are proportional to 1/rank, the largest first.
func zipf(s Spec, hosts int) []uint32 { return cut(s.Pages, ascending(hosts)) }

// giant returns the first pages of a host with half of the pages, and of equal ones.
func giant(s Spec, hosts int) []uint32 {
	if hosts == 1 {
		return []uint32{0}
	}
	half := min(s.Pages/2, s.Pages-(hosts-1))
	rest := even(Spec{Pages: s.Pages - half}, hosts-1)
	starts := make([]uint32, 1, hosts)
	for _, first := range rest {
		starts = append(starts, uint32(half)+first)
	}
	return starts
}

// past returns the page after the last one of a host.
func (g *Graph) past(host, pages int) uint32 {
	if host+1 < len(g.Hosts) {
		return g.Hosts[host+1]
	}
	return uint32(pages)
}

// linked adds a link to page i of each host from the page that from returns, except to page 0.
func (g *Graph) linked(pages int, from func(host int, i uint32) uint32) *Graph {
	parents := make([]uint32, pages)
	for h, first := range g.Hosts {
		for p := max(1, first); p < g.past(h, pages); p++ {
			parents[p] = from(h, p-first)
		}
	}
	g.Offsets, g.Links = Rows(pages, func(yield func(from, to uint32) bool) {
		for p := 1; p < pages && yield(parents[p], uint32(p)); p++ {
		}
	})
	return g
}
