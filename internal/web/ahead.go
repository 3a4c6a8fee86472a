package web

import (
	"context"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
)

// Bare serves a graph by ids with nothing around it: no judge, no behaviour. What a crawl of it takes is what the design
// takes; compare with a Site for what the harness costs.
func Bare(g *graph.Graph) crawl.Web[uint32] { return bare{g} }

type bare struct{ *graph.Graph }

func (b bare) Fetch(_ context.Context, page uint32) ([]uint32, error) {
	if int(page) >= b.Pages() {
		return nil, errUnknown
	}
	return b.Out(page), nil
}

func (b bare) Ahead(near, far []uint32) { loadAhead(b.Graph, near, far) }

// Ahead is the site's crawl.Ahead.
func (s byID) Ahead(near, far []uint32) { loadAhead(s.graph, near, far) }

// loadAhead asks for the cache lines that the fetches of pages will read: of far pages those of their offsets, of near
// ones those of their first links, to which the offsets have come by then. On a graph that no cache holds nearly all of a
// crawl's time goes by waiting for these.
func loadAhead(g *graph.Graph, near, far []uint32) {
	if len(g.Links) == 0 {
		return
	}
	loadLinks(g.Offsets, g.Links, near)
	loadOffsets(g.Offsets, far)
}
