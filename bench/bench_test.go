package bench_test

import (
	"os"
	"runtime"
	"testing"

	"crawlbench/bench"
	"crawlbench/internal/measure"
	"crawlbench/internal/plan"

	"crawlbench/internal/web"
)

// BenchmarkCrawl runs the cells of a scenario, quick unless CRAWLBENCH_SCENARIO names another, as
// go test does: in one process, one cell after the other, with crawlbench's benchmark names. It
// skips cells with another GOMAXPROCS than this process.
func BenchmarkCrawl(b *testing.B) {
	name := os.Getenv("CRAWLBENCH_SCENARIO")
	if name == "" {
		name = "quick"
	}
	s, err := plan.Load(name)
	if err != nil {
		b.Fatal(err)
	}
	p, err := plan.Make(s, bench.Crawlers(), runtime.NumCPU())
	if err != nil {
		b.Fatal(err)
	}
	graphs, err := measure.Build(b.Context(), p, b.TempDir(), 0)
	if err != nil {
		b.Fatal(err)
	}
	spin := web.Calibrate()
	caches := map[string]string{}
	for _, g := range graphs {
		caches[g.Info.Name] = g.Cache
	}
	for _, c := range p.Cells {
		if c.Procs != runtime.GOMAXPROCS(0) {
			continue
		}
		b.Run(c.SubName(), func(b *testing.B) {
			job := measure.Job{Cell: c, Cache: caches[c.Graph], Fetch: p.Fetch, Spin: spin}
			run, err := measure.Open(job, bench.Crawlers())
			if err != nil {
				b.Fatal(err)
			}
			defer run.Close()
			if err := run.Warm(b.Context()); err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			for range b.N {
				b.StopTimer()
				err := run.Crawl(b.Context(), func(crawl func()) {
					b.StartTimer()
					crawl()
					b.StopTimer()
				})
				if err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
	}
}
