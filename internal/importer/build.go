package importer

import (
	"context"
	"fmt"
	"slices"

	"crawlbench/internal/graph"
)

// seedsPage is the URL of the page that links to all pages from which a crawl has to start, if there are several. Names
// that end in .invalid are never those of a site (RFC 2606).
const seedsPage = "https://seeds.invalid/"

// graph makes the graph. Its hosts, and the pages of a host, are in the order of their records; pages that were never
// fetched follow in the order of the first links to them.
func (c *collector) graph(ctx context.Context, o Options) (*graph.Graph, error) {
	order, g := c.numbered(o.Leaves)
	number := make([]uint32, len(c.urls)) // of each page, plus one; 0 if it is left out
	for p, id := range order {
		number[id] = uint32(p) + 1
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	c.connect(g, number)
	c.links = nil
	if err := c.begin(g, number, o.Start); err != nil {
		return nil, err
	}
	c.ids, number = nil, nil // they take about as much memory as the record
	rec := c.record(g, order)
	if err := g.Validate(); err != nil {
		return nil, err
	}
	return g, g.SetRecord(rec)
}

// numbered returns the pages in the order of the graph, and the graph with its hosts and without links.
func (c *collector) numbered(leaves bool) (order []uint32, g *graph.Graph) {
	linked := make([]bool, len(c.urls))
	for _, to := range c.counted {
		linked[to] = true
	}
	all := slices.Clone(c.order)
	for id := range uint32(len(c.urls)) {
		if linked[id] && c.pages[id].status == 0 {
			c.report.Leaves++
			if leaves {
				all = append(all, id)
			}
		}
	}
	hosts := map[string]uint32{}
	host := make([]uint32, len(all))
	for i, id := range all {
		name := graph.HostOf(c.urls[id])
		if _, ok := hosts[name]; !ok {
			hosts[name] = uint32(len(hosts))
		}
		host[i] = hosts[name]
	}
	firsts, order := graph.Rows(len(hosts), func(yield func(host, id uint32) bool) {
		for i, id := range all {
			if !yield(host[i], id) {
				return
			}
		}
	})
	g = &graph.Graph{Offsets: make([]uint64, len(all)+1)}
	for _, first := range firsts[:len(hosts)] {
		g.Hosts = append(g.Hosts, uint32(first))
	}
	return order, g
}

// connect adds the links between the pages that have a number, in the order in which they were collected.
func (c *collector) connect(g *graph.Graph, number []uint32) {
	g.Offsets, g.Links = graph.Rows(g.Pages(), func(yield func(from, to uint32) bool) {
		for from, to := range c.counted {
			if number[to] > 0 && !yield(number[from]-1, number[to]-1) {
				return
			}
		}
	})
}

// begin sets the start page: the first from which every successfully fetched page can be reached. If there is none, it
// adds a page with as few links as are needed to reach all pages that were fetched.
func (c *collector) begin(g *graph.Graph, number []uint32, start string) error {
	if start != "" {
		url, err := canonical(nil, start)
		if err != nil {
			return fmt.Errorf("invalid start page %w", err)
		}
		id, ok := c.ids[url]
		if !ok || number[id] == 0 {
			return fmt.Errorf("no page %.200q in the crawl: want the URL of a page that was fetched, such as %.200q",
				url, c.urls[c.order[0]])
		}
		g.Start = number[id] - 1
		return nil
	}
	var fetched, succeeded []uint32
	for _, id := range c.order {
		fetched = append(fetched, number[id]-1)
		if !failed(int(c.pages[id].status)) {
			succeeded = append(succeeded, number[id]-1)
		}
	}
	if list := roots(g, succeeded); len(list) == 1 {
		c.report.Roots, g.Start = 1, list[0]
		return nil
	}
	roots := roots(g, fetched)
	if c.report.Roots = len(roots); len(roots) == 1 {
		g.Start = roots[0]
		return nil
	}
	g.Start = uint32(g.Pages())
	g.Hosts = append(g.Hosts, g.Start)
	g.Links = append(g.Links, roots...)
	g.Offsets = append(g.Offsets, uint64(len(g.Links)))
	return nil
}

// roots returns a smallest set of pages from which all can be reached; where there is a choice, the first ones.
func roots(g *graph.Graph, pages []uint32) (list []uint32) {
	seen := make([]bool, g.Pages())
	for _, p := range pages {
		if !seen[p] {
			list = append(list, p)
			flood(g, p, seen)
		}
	}
	// A root may be reached from a later one.
	clear(seen)
	needed := list[:0:0]
	for _, p := range slices.Backward(list) {
		if !seen[p] {
			needed = append(needed, p)
			flood(g, p, seen)
		}
	}
	slices.Reverse(needed)
	return needed
}

// flood marks the pages that can be reached from p.
func flood(g *graph.Graph, p uint32, seen []bool) {
	seen[p] = true
	for queue := []uint32{p}; len(queue) > 0; {
		p, queue = queue[len(queue)-1], queue[:len(queue)-1]
		for _, q := range g.Out(p) {
			if !seen[q] {
				seen[q] = true
				queue = append(queue, q)
			}
		}
	}
}

// record makes the record of g. Its pages are those of order, and perhaps the added start page.
func (c *collector) record(g *graph.Graph, order []uint32) *graph.Record {
	pages := g.Pages()
	r := &graph.Record{
		Ends: make([]uint64, 0, pages), Sizes: make([]uint64, pages), Waits: make([]uint32, pages),
		Status: make([]int16, pages),
	}
	known := func(pages []uint32) (waits []uint32) {
		for _, id := range pages {
			if wait := c.pages[id].wait; wait != unknownWait {
				waits = append(waits, wait)
			}
		}
		return waits
	}
	all := median(known(order), 0)
	for h, first := range g.Hosts {
		past := len(order)
		if h+1 < len(g.Hosts) {
			past = int(g.Hosts[h+1])
		}
		if int(first) == len(order) {
			break // the page of the seeds
		}
		usual := median(known(order[first:past]), all)
		for p := first; int(p) < past; p++ {
			from := c.pages[order[p]]
			r.Text = append(r.Text, c.urls[order[p]]...)
			r.Ends = append(r.Ends, uint64(len(r.Text)))
			r.Sizes[p], r.Status[p], r.Waits[p] = from.bytes, from.status, from.wait
			if from.wait == unknownWait {
				r.Waits[p] = usual
			}
		}
	}
	if pages > len(order) {
		r.Text = append(r.Text, c.unused(seedsPage)...)
		r.Ends = append(r.Ends, uint64(len(r.Text)))
	}
	return r
}

// median returns the median of waits (the lower one if their number is even), or otherwise if there are
// none.
func median(waits []uint32, otherwise uint32) uint32 {
	if len(waits) == 0 {
		return otherwise
	}
	slices.Sort(waits)
	return waits[(len(waits)-1)/2]
}

// unused returns a URL like url, on a host that no page is on.
func (c *collector) unused(url string) string {
	for {
		if !slices.ContainsFunc(c.urls, func(u string) bool { return graph.HostOf(u) == graph.HostOf(url) }) {
			return url
		}
		url = "https://more-" + url[len("https://"):]
	}
}
