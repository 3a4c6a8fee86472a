package web

import (
	"context"
	"testing"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
)

// path returns a graph with the given number of pages, of which the first linked ones form a chain
// and no link leads to the rest. With more than 64 pages the verifier's bitsets have more than one
// word.
func path(pages, linked int) *graph.Graph {
	g := &graph.Graph{Offsets: []uint64{0}, Hosts: []uint32{0}}
	for p := range pages {
		if p+1 < linked {
			g.Links = append(g.Links, uint32(p+1))
		}
		g.Offsets = append(g.Offsets, uint64(len(g.Links)))
	}
	return g
}

// A violation counts all pages concerned, and names the first three.
func TestViolationsCountEveryPageAndNameThree(t *testing.T) {
	span := func(from, to uint32) (pages []uint32) {
		for p := from; p < to; p++ {
			pages = append(pages, p)
		}
		return pages
	}
	for _, test := range []struct {
		name          string
		pages, linked int
		budget        int
		fetch         []uint32
		want          string
	}{
		{"three words, correct", 192, 192, 0, span(0, 192), ""},
		{"three words and a page, correct", 193, 193, 0, span(0, 193), ""},
		{"budget met in two words", 200, 200, 100, span(0, 100), ""},
		{"budget missed in two words", 200, 200, 101, span(0, 100), "100 pages were fetched, the budget is 101"},
		{"the budget is the graph", 9, 9, 9, span(0, 8), "1 of 9 reachable pages were not fetched (page 8)"},
		{"missing in two words", 200, 200, 0, span(0, 100),
			"100 of 200 reachable pages were not fetched (page 100, 101, 102)"},
		{"missing in the first word", 200, 200, 0, append(span(0, 61), span(63, 200)...),
			"2 of 200 reachable pages were not fetched (page 61, 62)"},
		{"missing across words", 200, 200, 0, append(span(0, 63), append(span(64, 127), span(129, 200)...)...),
			"3 of 200 reachable pages were not fetched (page 63, 127, 128)"},
		{"strays in every word", 200, 2, 0, []uint32{0, 1, 5, 70, 140, 199},
			"4 pages were fetched that no link leads to (page 5, 70, 140)"},
		{"duplicates", 9, 9, 0, append(span(0, 9), 7, 3, 3, 1), "4 fetches of pages that had been fetched before (page 7, 3, 3)"},
		{"unknown", 9, 9, 0, append(span(0, 9), 9, 20, 11, 15), "4 fetches of unknown pages (9, 20, 11)"},
	} {
		g := path(test.pages, test.linked)
		s := New(g, graph.Walk(g, graph.Behaviour{}.Fails), graph.Behaviour{}, 0)
		s.Begin(Rules{Workers: 1, MaxPages: test.budget})
		for _, p := range test.fetch {
			s.IDs().Fetch(context.Background(), p)
		}
		got := ""
		if err := s.End(crawl.Result{Pages: s.Fetched()}, nil); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}
