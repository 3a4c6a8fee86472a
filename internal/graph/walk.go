package graph

import "slices"

// Reach is the sequential oracle: what a crawl from the start page has to fetch.
type Reach struct {
	Set    []uint64 // bitset of the pages
	Pages  int      // number of pages, including those that fail
	Failed int      // those that fail
	Links  int64    // links on the pages that do not fail
	Depth  int      // largest distance from the start page, in links
	Widest int      // largest number of pages at the same distance
}

// group is the number of pages processed together, step by step, so that their cache misses
// overlap. This makes the walk of a graph of 10 million pages three times as fast.
const group = 64

// Walk crawls g breadth first. The links of a page that fails are not followed; a nil fails means that none does.
func Walk(g *Graph, fails func(page uint32) bool) Reach { return walkAllowed(g, fails, nil) }

// walkAllowed is Walk without the pages that are forbidden; a nil forbids means that none is. The start page is
// allowed.
func walkAllowed(g *Graph, fails, forbids func(page uint32) bool) Reach {
	r := Reach{Set: make([]uint64, (g.Pages()+63)/64), Depth: -1}
	level := []uint32{g.Start}
	r.Set[g.Start/64] |= 1 << (g.Start % 64)
	var next, links []uint32
	rows := make([][]uint32, 0, group)
	for len(level) > 0 {
		r.Depth++
		r.Pages += len(level)
		r.Widest = max(r.Widest, len(level))
		next = next[:0]
		for pages := range slices.Chunk(level, group) {
			rows, links = rows[:0], links[:0]
			for _, p := range pages {
				if fails != nil && fails(p) {
					r.Failed++
					continue
				}
				rows = append(rows, g.Out(p))
			}
			for _, row := range rows {
				links = append(links, row...)
			}
			r.Links += int64(len(links))
			for _, q := range links {
				if mask := uint64(1) << (q % 64); r.Set[q/64]&mask == 0 && (forbids == nil || !forbids(q)) {
					r.Set[q/64] |= mask
					next = append(next, q)
				}
			}
		}
		level, next = next, level
	}
	return r
}

// Has reports whether p is reachable.
func (r Reach) Has(p uint32) bool { return r.Set[p/64]>>(p%64)&1 != 0 }

// Spanning returns the breadth-first tree of g: a crawl of it fetches the same pages and meets no duplicate.
func Spanning(g *Graph) *Graph {
	tree := &Graph{Hosts: g.Hosts, Start: g.Start, Record: g.Record}
	by := make([]uint32, g.Pages()) // parent of each page, plus one; 0 if not found
	by[g.Start] = g.Start + 1
	order := []uint32{g.Start}
	for i := 0; i < len(order); i++ {
		for _, q := range g.Out(order[i]) {
			if by[q] == 0 {
				by[q] = order[i] + 1
				order = append(order, q)
			}
		}
	}
	tree.Offsets, tree.Links = Rows(g.Pages(), func(yield func(from, to uint32) bool) {
		for _, q := range order[1:] {
			if !yield(by[q]-1, q) {
				return
			}
		}
	})
	return tree
}
