package web

import (
	"context"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
)

// Bare returns the graph as a Web, without verification or behaviour. A crawl of it takes only the
// crawler's own time; compare with a Site to see the harness overhead.
func Bare(g *graph.Graph) crawl.Web[uint32] { return bare{g} }

type bare struct{ *graph.Graph }

func (b bare) Fetch(_ context.Context, page uint32) ([]uint32, error) {
	if int(page) >= b.Pages() {
		return nil, errUnknown
	}
	return b.Out(page), nil
}

func (b bare) Prefetch(near, far []uint32) { prefetch(b.Graph, near, far) }

// Prefetch implements crawl.Prefetcher.
func (s byID) Prefetch(near, far []uint32) { prefetch(s.graph, near, far) }

// prefetch prefetches the cache lines that the fetches will read: the offsets of far pages, and
// the first links of near pages, whose offsets are in the cache by then. On a graph larger than the
// caches a crawl spends nearly all of its time waiting for these.
func prefetch(g *graph.Graph, near, far []uint32) {
	if len(g.Links) == 0 {
		return
	}
	loadLinks(g.Offsets, g.Links, near)
	loadOffsets(g.Offsets, far)
}
