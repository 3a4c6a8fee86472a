package graph

import (
	"fmt"
	"hash/crc64"
	"slices"
	"sort"
	"strings"

	"crawlbench/internal/parallel"
)

// Graph is a directed graph in compressed sparse rows: the links of page p are Links[Offsets[p]:Offsets[p+1]].
type Graph struct {
	Offsets []uint64 // one per page and one more, ascending from 0
	Links   []uint32
	Hosts   []uint32 // first page of each host, ascending from 0; a host is a contiguous block of pages
	Start   uint32   // page from which crawls start
	// Notes describe how a file was read, including the start page's number in the file; nil for a generated graph.
	Notes []string
	// Record is what a crawl recorded of the pages; nil if the graph was not imported from one.
	Record *Record
}

// Pages returns the number of pages.
func (g *Graph) Pages() int { return len(g.Offsets) - 1 }

// Out returns the links of p, which must not be modified.
func (g *Graph) Out(p uint32) []uint32 {
	from, to := g.Offsets[p], g.Offsets[p+1]
	return g.Links[from:to:to]
}

// Host returns the index in Hosts of the host of p.
func (g *Graph) Host(p uint32) uint32 {
	return uint32(sort.Search(len(g.Hosts), func(i int) bool { return g.Hosts[i] > p }) - 1)
}

// Block returns the first page of a host, and the page after its last one.
func (g *Graph) Block(host uint32) (first, past uint32) {
	return g.Hosts[host], g.past(int(host), g.Pages())
}

// HostOfEach returns the host of each page. Numbers from Pages to n-1, which no page has, count to the last host.
func (g *Graph) HostOfEach(n int) []uint32 {
	hosts, h := make([]uint32, n), 0
	for p := range hosts {
		for h+1 < len(g.Hosts) && uint32(p) >= g.Hosts[h+1] {
			h++
		}
		hosts[p] = uint32(h)
	}
	return hosts
}

// Largest returns the first page of the host with the most pages, and the page after its last one.
func (g *Graph) Largest() (first, past uint32) {
	for h, at := range g.Hosts {
		if end := g.past(h, g.Pages()); end-at > past-first {
			first, past = at, end
		}
	}
	return first, past
}

// Described returns the specification that g was built from, followed by its notes.
func (g *Graph) Described(s Spec) string {
	return strings.Join(append([]string{s.String()}, g.Notes...), "; ")
}

// Digest returns a checksum of the whole graph. Different graphs almost surely have different digests.
func (g *Graph) Digest() string {
	parts := g.parts()
	sums := make([]uint64, len(parts), len(parts)+4)
	table := crc64.MakeTable(crc64.ECMA)
	parallel.Each(len(parts), func(i int) { sums[i] = crc64.Checksum(parts[i], table) })
	sums = append(sums, uint64(len(g.Offsets)), uint64(len(g.Links)), uint64(len(g.Hosts)), uint64(g.Start))
	return fmt.Sprintf("%016x", crc64.Checksum(raw(sums), table))
}

// parts returns the memory of g in parts of at most a megabyte.
func (g *Graph) parts() (parts [][]byte) {
	arrays := [][]byte{raw(g.Offsets), raw(g.Links), raw(g.Hosts)}
	if r := g.Record; r != nil {
		arrays = append(arrays, raw(r.Ends), raw(r.Sizes), raw(r.Waits), raw(r.Status), r.Text)
	}
	for _, array := range arrays {
		parts = slices.AppendSeq(parts, slices.Chunk(array, 1<<20))
	}
	return parts
}

// Validate returns an error if g is not a valid graph.
func (g *Graph) Validate() error {
	n := g.Pages()
	switch {
	case n < 1:
		return fmt.Errorf("graph: it has no pages")
	case g.Offsets[0] != 0 || g.Offsets[n] != uint64(len(g.Links)) || !slices.IsSorted(g.Offsets):
		return fmt.Errorf("graph: its offsets do not ascend from 0 to %d", len(g.Links))
	case len(g.Hosts) == 0 || g.Hosts[0] != 0 || !slices.IsSorted(g.Hosts) || int(g.Hosts[len(g.Hosts)-1]) >= n:
		return fmt.Errorf("graph: its hosts do not ascend from page 0 to %d", n-1)
	case int(g.Start) >= n:
		return fmt.Errorf("graph: the start page %d is not among its %d pages", g.Start, n)
	}
	for i, l := range g.Links {
		if int(l) >= n {
			return fmt.Errorf("graph: link %d leads to page %d, of %d pages", i, l, n)
		}
	}
	return nil
}
