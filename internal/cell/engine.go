package cell

import (
	"context"
	"runtime"
	"slices"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/engine"
	"crawlbench/internal/graph"
	"crawlbench/internal/web"
)

// Crew is how many workers crawl on how many processors.
type Crew struct{ Workers, Procs int }

// A crew crawls so often with the null set; on a large graph less often, for about so long.
const (
	engineRuns = 5
	engineTime = 300 * time.Millisecond
)

// null is the set that knows nothing: it believes that every link is new. On a tree it is right.
type null[K comparable] struct{}

func newNull[K comparable](int) crawl.Visited[K] { return null[K]{} }

func (null[K]) AddNew(dst, links []K) []K { return append(dst, links...) }

// engines measures what the engine of the visited-set designs costs, with site and judge: the seconds a page of each crew
// that crawls the graph's spanning tree with the null set.
func engines(ctx context.Context, g *graph.Graph, keys string, crews []Crew) ([]float64, error) {
	tree := graph.Spanning(g)
	site := web.New(tree, graph.Walk(tree, nil), web.Behaviour{}, 0)
	design := engine.FromVisited("null", "a set that knows nothing", newNull[uint32], newNull[string])
	id, url := site.Start()
	once := func(o crawl.Options) (crawl.Result, error) { return design.ByID(ctx, site.IDs(), []uint32{id}, o) }
	if keys == "url" {
		urls := site.URLs()
		once = func(o crawl.Options) (crawl.Result, error) { return design.ByURL(ctx, urls, []string{url}, o) }
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
		slices.Sort(runs)
		costs[i] = runs[len(runs)/2]
	}
	return costs, nil
}
