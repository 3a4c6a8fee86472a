package measure

import (
	"context"
	"runtime"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/engine"
	"crawlbench/internal/graph"
	"crawlbench/internal/stat"
	"crawlbench/internal/web"
)

// Crew is a number of workers and the GOMAXPROCS that they run with.
type Crew struct{ Workers, Procs int }

// Each crew crawls engineRuns times with the null set; fewer times on a large graph, once engineTime has passed.
const (
	engineRuns = 5
	engineTime = 300 * time.Millisecond
)

// null is a visited set that treats every link as new, which is correct on a tree.
type null[K comparable] struct{}

func newNull[K comparable](int) crawl.Visited[K] { return null[K]{} }

func (null[K]) AddNew(dst, links []K) []K { return append(dst, links...) }

// nullCrawler returns the engine with the null set, under a name.
func nullCrawler(name string) crawl.Crawler {
	return engine.FromVisited(name, "a set that treats every link as new", newNull[uint32], newNull[string])
}

// engineCosts returns the cost of the engine that the visited-set crawlers share, including the
// site and verification: the seconds per page of each crew when it crawls the graph's spanning tree
// with the null set.
func engineCosts(ctx context.Context, g *graph.Graph, keys string, crews []Crew) ([]float64, error) {
	tree := graph.Spanning(g)
	site := web.New(tree, graph.Walk(tree, nil), graph.Behaviour{}, 0)
	set := nullCrawler("null")
	id, url := site.Start()
	once := func(o crawl.Options) (crawl.Result, error) { return set.ByID(ctx, site.IDs(), []uint32{id}, o) }
	if keys == "url" {
		urls := site.URLs()
		once = func(o crawl.Options) (crawl.Result, error) { return set.ByURL(ctx, urls, []string{url}, o) }
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	costs := make([]float64, len(crews))
	for i, crew := range crews {
		runtime.GOMAXPROCS(crew.Procs)
		var runs []float64
		for begin := time.Now(); len(runs) == 0 || len(runs) < engineRuns && time.Since(begin) < engineTime; {
			site.Begin(web.Rules{Workers: crew.Workers})
			start := time.Now()
			did, err := once(crawl.Options{Workers: crew.Workers, SizeHint: tree.Pages()})
			took := time.Since(start)
			if err := site.End(did, err); err != nil {
				return nil, err
			}
			runs = append(runs, took.Seconds()/float64(did.Pages))
		}
		costs[i] = stat.Quantile(runs, 0.5)
	}
	return costs, nil
}
