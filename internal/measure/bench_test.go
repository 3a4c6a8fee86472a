package measure

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawler/chunked"
	"crawlbench/internal/crawler/mutexmap"
	"crawlbench/internal/crawler/readahead"
	"crawlbench/internal/graph"
	"crawlbench/internal/web"
)

// BenchmarkHarness crawls the bare graph and the verifying site in turn. It shows the overhead of the harness for the
// fastest crawlers and for a slow one. The ratio is the median over the pairs.
func BenchmarkHarness(b *testing.B) {
	g, err := graph.Build(b.Context(), graph.Spec{Kind: "rmat", Scale: 18, Degree: 16, Seed: 1}, 0)
	if err != nil {
		b.Fatal(err)
	}
	reach := graph.Walk(g, nil)
	site := web.New(g, reach, graph.Behaviour{}, 0)
	const workers = 2
	b.Cleanup(func() { runtime.GOMAXPROCS(runtime.NumCPU()) })
	runtime.GOMAXPROCS(workers)
	for _, c := range []crawl.Crawler{chunked.Crawler(), readahead.Crawler(), mutexmap.Crawler()} {
		crawlOf := func(w crawl.Web[uint32]) (crawl.Result, time.Duration) {
			start := time.Now()
			did, err := c.ByID(b.Context(), w, []uint32{g.Start}, crawl.Options{Workers: workers, SizeHint: g.Pages()})
			took := time.Since(start)
			if err != nil || did.Pages != reach.Pages {
				b.Fatal(did, err)
			}
			return did, took
		}
		site.Begin(web.Rules{Workers: workers, Exact: true}) // from here on pages are renamed, as in a sample
		did, _ := crawlOf(site.IDs())
		if err := site.End(did, nil); err != nil {
			b.Fatal(err)
		}
		b.Run("impl="+c.Name, func(b *testing.B) {
			var bare, verified, ratios []float64
			for b.Loop() {
				_, without := crawlOf(web.Bare(g))
				site.Begin(web.Rules{Workers: workers})
				did, with := crawlOf(site.IDs())
				if err := site.End(did, nil); err != nil {
					b.Fatal(err)
				}
				pages := float64(reach.Pages)
				bare = append(bare, float64(without)/pages)
				verified = append(verified, float64(with)/pages)
				ratios = append(ratios, float64(with)/float64(without))
			}
			for unit, list := range map[string][]float64{
				"bare-ns/page": bare, "verified-ns/page": verified, "verified/bare": ratios,
			} {
				slices.Sort(list)
				b.ReportMetric(list[len(list)/2], unit)
			}
		})
	}
}
