package web

import (
	"math"
	"testing"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
)

// Prefetching never reads beyond the graph, whatever pages it is told, and is not verified.
func TestAheadIsAHint(t *testing.T) {
	none := &graph.Graph{Offsets: make([]uint64, 4), Hosts: []uint32{0}}
	one := &graph.Graph{Offsets: []uint64{0, 0, 3, 3}, Links: []uint32{0, 1, 2}, Hosts: []uint32{0}, Start: 1}
	pages := []uint32{0, 1, 2, 3, 4, math.MaxUint32}
	for _, g := range []*graph.Graph{none, one} {
		s := New(g, graph.Walk(g, nil), graph.Behaviour{}, 0)
		s.Begin(Rules{Workers: 1})
		for _, w := range []crawl.Web[uint32]{Bare(g), s.IDs()} {
			for n := range len(pages) + 1 {
				w.(crawl.Prefetcher[uint32]).Prefetch(pages[:n], pages[n:])
			}
		}
		if s.Fetched() != 0 {
			t.Errorf("%d fetches", s.Fetched())
		}
	}
}

func TestBareServesTheGraph(t *testing.T) {
	g := &graph.Graph{Offsets: []uint64{0, 2, 2}, Links: []uint32{1, 1}, Hosts: []uint32{0}}
	w := Bare(g)
	if links, err := w.Fetch(t.Context(), 0); err != nil || len(links) != 2 {
		t.Errorf("%v, %v", links, err)
	}
	if links, err := w.Fetch(t.Context(), 1); err != nil || len(links) != 0 {
		t.Error("a page that does not exist was served")
	}
	if _, err := w.Fetch(t.Context(), 2); err == nil {
		t.Error("a page that there is not was served")
	}
}
