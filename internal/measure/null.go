package measure

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
	"crawlbench/internal/web"
)

// nullRuns is the number of crawls of the null crawler; their median is reported.
const nullRuns = 9

// measureNull measures the cost of the harness: the seconds per page of a crawler without visited
// set, frontier or concurrency that knows all pages in advance and only fetches them. The site has
// no latency and uses no processor time. measureNull also measures the cost of the engine for each
// of the job's crews.
func measureNull(ctx context.Context, job Job) (Outcome, error) {
	cache, err := graph.OpenCache(job.Cache)
	if err != nil {
		return Outcome{}, err
	}
	defer cache.Close()
	if job.Cell.Transport == plan.HTTP {
		return nullOverHTTP(ctx, job, cache)
	}
	site := web.New(cache.Graph, cache.Reach, graph.Behaviour{}, 0)
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

// nullOverHTTP measures what fetching costs over HTTP: the processor time per page, of this process, of workers that
// know all pages in advance. No crawler that fetches in a similar order can need less.
func nullOverHTTP(ctx context.Context, job Job, cache *graph.Cache) (Outcome, error) {
	site := web.New(cache.Graph, cache.Reach, job.Fetch, 0)
	var urls []string
	cost := func(workers int) (float64, error) {
		r := newRemote(job.Site, workers)
		r.hurry, r.plain = true, true
		site.Over(r.fetch, nil)
		if urls == nil {
			for p := range uint32(cache.Graph.Pages()) {
				if cache.Reach.Has(p) {
					urls = append(urls, site.URL(p))
				}
			}
		}
		var runs []float64
		for begin := time.Now(); len(runs) == 0 || len(runs) < engineRuns && time.Since(begin) < engineTime; {
			if err := r.begin(ctx); err != nil {
				return 0, err
			}
			site.Begin(web.Rules{Workers: workers})
			before := cpuSeconds()
			fetchTogether(ctx, site.URLs(), urls, workers)
			runs = append(runs, (cpuSeconds()-before)/float64(len(urls)))
			if err := r.end(ctx); err != nil {
				return 0, err
			}
			if text := site.Strange(); text != "" {
				return 0, fmt.Errorf("fetch over HTTP: %s", text)
			}
		}
		return stat.Quantile(runs, 0.5), nil
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	runtime.GOMAXPROCS(job.Cell.Procs)
	if _, err := cost(1); err != nil { // warms up
		return Outcome{}, err
	}
	one, err := cost(1)
	costs := make([]float64, len(job.Crews))
	for i, crew := range job.Crews {
		runtime.GOMAXPROCS(crew.Procs)
		if err == nil {
			costs[i], err = cost(crew.Workers)
		}
	}
	return Outcome{Null: one, Engine: costs}, err
}

// fetchTogether fetches all pages with a number of workers.
func fetchTogether(ctx context.Context, web crawl.Web[string], pages []string, workers int) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(pages)); i = next.Add(1) - 1 {
				web.Fetch(ctx, pages[i])
			}
		})
	}
	all.Wait()
}
