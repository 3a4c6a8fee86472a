package graph

import "context"

// chain returns a graph in which each page links to the next.
func chain(_ context.Context, s Spec) (*Graph, error) {
	pages := s.Pages
	return shape(pages, pages, func(p int, link func(int)) {
		if p+1 < pages {
			link(p + 1)
		}
	}), nil
}

// star returns a graph whose first page links to all others.
func star(_ context.Context, s Spec) (*Graph, error) {
	pages := s.Pages
	return shape(pages, pages, func(p int, link func(int)) {
		for q := 1; p == 0 && q < pages; q++ {
			link(q)
		}
	}), nil
}

// tree returns a complete tree; page 0 is its root, and its levels are numbered in order.
func tree(_ context.Context, s Spec) (*Graph, error) {
	pages, children := s.Pages, s.count("degree")
	return shape(pages, pages, func(p int, link func(int)) {
		for q := p*children + 1; q <= p*children+children && q < pages; q++ {
			link(q)
		}
	}), nil
}

// grid returns a square grid, filled row by row, in which neighbours link to each other.
func grid(_ context.Context, s Spec) (*Graph, error) {
	pages, side := s.Pages, 1
	for side*side < pages {
		side++
	}
	return shape(pages, 4*pages, func(p int, link func(int)) {
		if p >= side {
			link(p - side)
		}
		if p%side > 0 {
			link(p - 1)
		}
		if p%side < side-1 && p+1 < pages {
			link(p + 1)
		}
		if p+side < pages {
			link(p + side)
		}
	}), nil
}

// shape returns the graph whose links of page p are those that f emits; links is their largest number.
func shape(pages, links int, f func(p int, link func(int))) *Graph {
	g := &Graph{Offsets: make([]uint64, pages+1), Links: make([]uint32, 0, links)}
	for p := range pages {
		f(p, func(q int) { g.Links = append(g.Links, uint32(q)) })
		g.Offsets[p+1] = uint64(len(g.Links))
	}
	return g
}
