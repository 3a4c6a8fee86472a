package bench_test

import (
	"os"
	"runtime"
	"testing"

	"crawlbench/bench"
	"crawlbench/internal/plan"
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
	bench.BenchmarkPlan(b, p, bench.Crawlers())
}
