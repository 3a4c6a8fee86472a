package bench

import (
	"runtime"
	"testing"

	"crawlbench/internal/host"
	"crawlbench/internal/measure"
	"crawlbench/internal/plan"
	"crawlbench/internal/web/delay"
)

// Benchmark measures c with "go test -bench", as sub-benchmarks of b: each graph, each kind of key that
// c supports, and 1, 2 and 4 workers for each of GOMAXPROCS processors. Without graphs it uses those of
// the scenario quick. Every crawl is verified, outside of the time that is measured, and an incorrect one
// fails the benchmark.
//
// If b is BenchmarkCrawl, the benchmarks have the names that the command run writes to bench.txt, so that
// "benchstat -ignore pkg" compares the two. All crawls of a benchmark run in one process, one crawler after
// the other, so a difference of a few percent may come from their order: run measures each sample in a
// process of its own, in random order.
func Benchmark(b *testing.B, c Crawler, graphs ...Graph) {
	b.Helper()
	if c.Fleet {
		b.Fatalf("crawler %s is made for fleets, whose processes a benchmark does not start: measure it with run", c.Name)
	}
	quick, err := plan.Load("quick")
	if err != nil {
		b.Fatal(err)
	}
	s := *quick
	s.Name, s.Crawlers, s.Baseline, s.Control = "bench", []string{c.Name}, c.Name, false
	s.Keys, s.Rates, s.Profiles = []string{"id", "url"}, []plan.Rate{0}, plan.Profiles{}
	if len(graphs) > 0 {
		s.Graphs = nil
	}
	for _, g := range graphs {
		if err := g.check(); err != nil {
			b.Fatal(err)
		}
		s.Graphs = append(s.Graphs, plan.Graph{Name: g.name, Spec: g.spec})
	}
	p, err := plan.Make(&s, []Crawler{c}, runtime.GOMAXPROCS(0))
	if err != nil {
		b.Fatal(err)
	}
	benchmark(b, p, []Crawler{c})
}

// benchmark runs the cells of p as sub-benchmarks, except those with another GOMAXPROCS than this process and
// the A/A control, which needs random order.
func benchmark(b *testing.B, p *plan.Plan, crawlers []Crawler) {
	graphs, err := measure.Build(b.Context(), p, b.TempDir(), host.FreeMemory())
	if err != nil {
		b.Fatal(err)
	}
	spin := 0.0
	if p.UsesCPU() {
		spin = delay.Calibrate()
	}
	built := map[string]measure.Graph{}
	for _, g := range graphs {
		built[g.Info.Name] = g
	}
	for _, c := range p.Cells {
		if c.Procs != runtime.GOMAXPROCS(0) || c.IsControl() {
			continue
		}
		b.Run(c.SubName(), func(b *testing.B) {
			job := measure.Job{Cell: c, Cache: built[c.Graph].Cache, Fetch: p.BehaviourOf(c.Graph), Spin: spin,
				Politeness: p.Politeness}
			repeat(b, job, crawlers)
		})
	}
}

// repeat crawls b.N times. Only the crawls are measured, not their verification.
func repeat(b *testing.B, job measure.Job, crawlers []Crawler) {
	run, err := measure.Open(job, crawlers)
	if err != nil {
		b.Fatal(err)
	}
	defer run.Close()
	if err := run.Warm(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	b.StopTimer()
	for range b.N {
		err := run.Crawl(b.Context(), func(crawl func()) {
			b.StartTimer()
			crawl()
			b.StopTimer()
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
