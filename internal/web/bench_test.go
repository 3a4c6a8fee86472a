package web

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
)

// BenchmarkNull measures the cost of a page for a crawler that knows all pages in advance: of the
// bare graph, and of the site with verification.
func BenchmarkNull(b *testing.B) {
	g, err := graph.Build(b.Context(), graph.Spec{Kind: "hosts", Pages: 1 << 18, Seed: 1}, 0)
	if err != nil {
		b.Fatal(err)
	}
	s := New(g, graph.Walk(g, nil), graph.Behaviour{}, 0)
	for _, workers := range []int{1, 2, 8} {
		for _, w := range []struct {
			name string
			web  crawl.Web[uint32]
		}{{"bare", Bare(g)}, {"verified", s.IDs()}} {
			b.Run(fmt.Sprintf("web=%s/workers=%d", w.name, workers), func(b *testing.B) {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(min(workers, runtime.NumCPU())))
				for b.Loop() {
					s.Begin(Rules{Workers: workers})
					var pool sync.WaitGroup
					for i := range workers {
						pool.Go(func() {
							for n := i; n < g.Pages(); n += workers {
								// In an order without locality, like that of a crawl.
								w.web.Fetch(context.Background(), uint32(n)*0x9e3779b1%uint32(g.Pages()))
							}
						})
					}
					pool.Wait()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(g.Pages()), "ns/page")
			})
		}
	}
}
