package bench_test

import (
	"context"
	"flag"
	"testing"

	"crawlbench/bench"
)

// once makes benchmarks crawl once.
func once(t *testing.T) {
	before := flag.Lookup("test.benchtime").Value.String()
	flag.Set("test.benchtime", "1x")
	t.Cleanup(func() { flag.Set("test.benchtime", before) })
}

// skips is a crawler that forgets the last link of each page.
func skips(right bench.Crawler) bench.Crawler {
	crawl := right.ByID
	right.ByURL = nil
	right.ByID = func(ctx context.Context, web bench.Web[uint32], seeds []uint32,
		o bench.Options) (bench.Result, error) {
		return crawl(ctx, forgetful{web}, seeds, o)
	}
	return right
}

type forgetful struct{ bench.Web[uint32] }

func (f forgetful) Fetch(ctx context.Context, page uint32) ([]uint32, error) {
	links, err := f.Web.Fetch(ctx, page)
	return links[:max(0, len(links)-1)], err
}

func TestBenchmarkVerifiesEveryCrawl(t *testing.T) {
	once(t)
	mine := bench.FromVisited("mine", "one lock a page", newSet[uint32], newSet[string])
	fails := func(c bench.Crawler, g bench.Graph) (failed bool) {
		testing.Benchmark(func(b *testing.B) {
			defer func() { failed = b.Failed() }()
			bench.Benchmark(b, c, g)
		})
		return failed
	}
	for _, g := range []bench.Graph{bench.RMAT("rmat8", 8, 12), bench.Uniform("uniform", 300, 8),
		bench.Hosts("hosts", 300), bench.Chain("chain", 300), bench.Star("star", 300), bench.Tree("tree", 300, 3),
		bench.Grid("grid", 300)} {
		if fails(mine, g) {
			t.Errorf("%+v: the benchmark failed, want it to measure", g)
		}
		if !fails(skips(mine), g) {
			t.Errorf("%+v: a crawler that forgets pages was measured", g)
		}
	}
	for what, g := range map[string]bench.Graph{
		"no pages":     bench.Grid("grid", 0),
		"invalid name": bench.Grid("a grid", 300),
		"no file":      bench.File("file", "edges", t.TempDir()+"/none.txt"),
	} {
		if !fails(mine, g) {
			t.Errorf("%s: measured, want an error", what)
		}
	}
}
