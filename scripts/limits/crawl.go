package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawler"
	"crawlbench/internal/graph"
	"crawlbench/internal/measure"
	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
	"crawlbench/internal/web"
)

// childVerb is the argument with which this program calls itself as a child process; a job follows.
const childVerb = "__crawl"

// job is the work of one child process.
type job struct {
	Crawler, Keys, Graph string // Graph is a cache file
	Workers              int
	Verified             bool        // crawl as in a sample of a run
	Build                *graph.Spec // only build this graph
	Limit                *limitJob   // only measure this limiter
	program              string      // the program to run; "" is this one
}

// The minimum time and number of crawls of a process.
const (
	minTime   = 300 * time.Millisecond
	minCrawls = 3
	longCrawl = time.Second // a single crawl of this length is enough
)

// crawl returns the side of a crawler.
func (s setup) crawl(name, keys string, workers int, g graph.Spec) side {
	return s.crawlSide("", g, job{Crawler: name, Keys: keys, Workers: workers})
}

// verified returns the side of a crawler with the complete harness around it.
func (s setup) verified(name string, workers int, g graph.Spec) side {
	return s.crawlSide(" verified", g, job{Crawler: name, Keys: "id", Workers: workers, Verified: true})
}

// pureGo returns the side of a crawler in a program without our assembly.
func (s setup) pureGo(name string, workers int, g graph.Spec) side {
	return s.crawlSide(" in plain Go", g, job{Crawler: name, Keys: "id", Workers: workers, program: s.purego})
}

func (s setup) crawlSide(how string, g graph.Spec, j job) side {
	return side{fmt.Sprintf("%s %s w=%d %s%s", j.Crawler, j.Keys, j.Workers, graphName(g), how),
		func(ctx context.Context) (r result, err error) {
			if j.Graph, err = s.cache(ctx, g); err != nil {
				return r, err
			}
			return start(ctx, j)
		}}
}

// start runs j in a process of its own.
func start(ctx context.Context, j job) (r result, err error) {
	arg, err := json.Marshal(j)
	if err != nil {
		return r, err
	}
	if j.program == "" {
		if j.program, err = os.Executable(); err != nil {
			return r, err
		}
	}
	cmd := exec.CommandContext(ctx, j.program, childVerb, string(arg))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(out, &r)
}

// cache returns the cache file of g, and builds it if necessary.
func (s setup) cache(ctx context.Context, g graph.Spec) (string, error) {
	file := filepath.Join(s.dir, graphName(g)+".graph")
	if _, err := os.Stat(file); err == nil || !errors.Is(err, os.ErrNotExist) {
		return file, err
	}
	if err := os.MkdirAll(s.dir, 0o777); err != nil {
		return "", err
	}
	built, err := graph.Build(ctx, g, 0)
	if err != nil {
		return "", err
	}
	return file, graph.WriteCache(file, built, graph.Walk(built, nil))
}

// child runs a job and prints its result.
func child(arg string) error {
	var j job
	if err := json.Unmarshal([]byte(arg), &j); err != nil {
		return err
	}
	if j.Build != nil {
		return buildOnly(*j.Build)
	}
	if j.Limit != nil {
		return j.Limit.do()
	}
	cache, err := graph.OpenCache(j.Graph)
	if err != nil {
		return err
	}
	defer cache.Close()
	graph.Walk(cache.Graph, nil) // reads all of it into memory
	measure := j.measure
	if j.Verified {
		measure = j.sample
	}
	r, err := measure(cache)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

func (j job) measure(cache *graph.Cache) (r result, err error) {
	site := web.New(cache.Graph, cache.Reach, graph.Behaviour{}, 0)
	id, url := site.Start()
	var once func(o crawl.Options) (crawl.Result, error)
	for _, c := range crawler.All() {
		switch {
		case c.Name != j.Crawler:
		case j.Keys == "id":
			bare := web.Bare(cache.Graph)
			once = func(o crawl.Options) (crawl.Result, error) {
				return c.ByID(context.Background(), bare, []uint32{id}, o)
			}
		default:
			urls := site.URLs()
			once = func(o crawl.Options) (crawl.Result, error) {
				site.Begin(web.Rules{Workers: o.Workers})
				return c.ByURL(context.Background(), urls, []string{url}, o)
			}
		}
	}
	if once == nil {
		return r, fmt.Errorf("unknown crawler %q", j.Crawler)
	}
	o := crawl.Options{Workers: j.Workers, SizeHint: cache.Graph.Pages()}
	if _, err := once(o); err != nil { // a warm-up, as in a sample
		return r, err
	}
	return repeat(cache.Reach, func() (time.Duration, error) {
		start := time.Now()
		did, err := once(o)
		took := time.Since(start)
		if err != nil || did.Pages != cache.Reach.Pages {
			return 0, fmt.Errorf("%s crawled %d pages of %d: %v", j.Crawler, did.Pages, cache.Reach.Pages, err)
		}
		return took, nil
	})
}

// sample measures crawls as a sample of a run does. Only the crawl is timed, as there.
func (j job) sample(cache *graph.Cache) (r result, err error) {
	ctx := context.Background()
	b, err := measure.Open(measure.Job{Cache: j.Graph,
		Cell: plan.Cell{Impl: j.Crawler, Keys: j.Keys, Workers: j.Workers,
			Procs: runtime.GOMAXPROCS(0)}}, crawler.All())
	if err != nil {
		return r, err
	}
	defer b.Close()
	if err := b.Warm(ctx); err != nil {
		return r, err
	}
	return repeat(cache.Reach, func() (took time.Duration, err error) {
		err = b.Crawl(ctx, func(crawl func()) {
			start := time.Now()
			crawl()
			took = time.Since(start)
		})
		return took, err
	})
}

// repeat crawls until minTime and minCrawls are reached.
func repeat(reach graph.Reach, once func() (time.Duration, error)) (result, error) {
	var seconds, mallocs, bytes []float64
	for all := time.Duration(0); all < minTime || len(seconds) < minCrawls && all < longCrawl; {
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		took, err := once()
		runtime.ReadMemStats(&after)
		if err != nil {
			return result{}, err
		}
		all += took
		seconds = append(seconds, took.Seconds())
		mallocs = append(mallocs, float64(after.Mallocs-before.Mallocs))
		bytes = append(bytes, float64(after.TotalAlloc-before.TotalAlloc))
	}
	return result{Pages: float64(reach.Pages), Links: float64(reach.Links),
			Seconds: stat.Quantile(seconds, 0.5), Mallocs: stat.Quantile(mallocs, 0.5),
			Bytes: stat.Quantile(bytes, 0.5)},
		nil
}
