package measure

import (
	"context"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
	"crawlbench/internal/stat"
	"crawlbench/internal/web"
)

// nullRuns is the number of crawls of the null crawler, of which the median is reported.
const nullRuns = 9

// MeasureNull measures the cost of the harness: the seconds per page of a crawler without visited
// set, frontier or concurrency that knows all pages in advance and only fetches them. The site has
// no latency and uses no processor time. MeasureNull also measures the cost of the engine for each
// of the job's crews.
func MeasureNull(ctx context.Context, job Job) (Outcome, error) {
	cache, err := graph.OpenCache(job.Cache)
	if err != nil {
		return Outcome{}, err
	}
	defer cache.Close()
	site := web.New(cache.Graph, cache.Reach, web.Behaviour{}, 0)
	var ids []uint32
	var urls []string
	for p := range uint32(cache.Graph.Pages()) {
		if cache.Reach.Has(p) {
			ids = append(ids, p)
			urls = append(urls, cache.Graph.URL(p))
		}
	}
	crawl := func() { fetchAll(ctx, site.IDs(), ids) }
	if job.Cell.Keys == "url" {
		byURL := site.URLs()
		crawl = func() { fetchAll(ctx, byURL, urls) }
	}
	runs := make([]float64, nullRuns)
	for i := range runs {
		site.Begin(web.Rules{Workers: 1})
		start := time.Now()
		crawl()
		runs[i] = time.Since(start).Seconds() / float64(len(ids))
	}
	costs, err := engineCosts(ctx, cache.Graph, job.Cell.Keys, job.Crews)
	if err != nil {
		return Outcome{}, err
	}
	return Outcome{Null: stat.Quantile(runs, 0.5), Engine: costs}, nil
}

func fetchAll[K comparable](ctx context.Context, web crawl.Web[K], pages []K) {
	for _, p := range pages {
		web.Fetch(ctx, p)
	}
}
