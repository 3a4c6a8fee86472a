package measure

import (
	"context"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/limiter"
	"crawlbench/internal/crawler"
	"crawlbench/internal/graph"
	"crawlbench/internal/plan"
)

// unusual returns crawlers that keep the contract in unusual ways.
func unusual() (list []crawl.Crawler) {
	add := func(name string, byID crawl.Func[uint32], byURL crawl.Func[string]) {
		list = append(list, crawl.Crawler{Name: name, ByID: byID, ByURL: byURL})
	}
	first := func(int) int { return 0 }
	for _, s := range []style{
		{name: "lock-per-page", take: first},
		{name: "depth-first", take: func(n int) int { return n - 1 }},
		{name: "random-order", take: rand.IntN},
		{name: "links-copied", take: first, copied: true},
		{name: "prefetches", take: first, ahead: true},
		{name: "lazy-workers", take: first, lazy: true},
		{name: "counts-exits", take: first, goodbyes: true},
		{name: "all-combined", take: rand.IntN, copied: true, ahead: true, lazy: true, goodbyes: true},
	} {
		add(s.name, styled[uint32](s), styled[string](s))
	}
	add("one-owner", oneOwner[uint32], oneOwner[string])
	add("goroutine-per-page", perPage[uint32], perPage[string])
	add("batch-at-end", batches[uint32], batches[string])
	return list
}

// frontier is the state of a crawl: the pages seen and the queue. It is not safe for concurrent use.
type frontier[K comparable] struct {
	seen  map[K]bool
	queue []K
	most  int
}

func newFrontier[K comparable](seeds []K, o crawl.Options) *frontier[K] {
	f := &frontier[K]{seen: map[K]bool{}, most: o.MaxPages}
	f.add(seeds)
	return f
}

func (f *frontier[K]) add(links []K) {
	for _, link := range links {
		if !f.seen[link] && (f.most == 0 || len(f.seen) < f.most) {
			f.seen[link] = true
			f.queue = append(f.queue, link)
		}
	}
}

func (f *frontier[K]) take(i int) K {
	page := f.queue[i]
	f.queue = slices.Delete(f.queue, i, i+1)
	return page
}

// get waits on the limiter, if there is one, then fetches a page.
func get[K comparable](ctx context.Context, w crawl.Web[K], page K, o crawl.Options) ([]K, error) {
	if o.Limiter != nil {
		if err := o.Limiter.Wait(ctx); err != nil {
			return nil, err
		}
	}
	return w.Fetch(ctx, page)
}

// style describes an unusual pool of workers that share one lock. Each worker waits on the limiter itself.
type style struct {
	name     string
	take     func(n int) int // which of n pages is next
	copied   bool            // links are copied and reversed
	ahead    bool            // tells the site which pages it will fetch
	lazy     bool            // workers are started on demand
	goodbyes bool            // counts the exits of workers instead of using a WaitGroup
}

func styled[K comparable](s style) crawl.Func[K] {
	return func(ctx context.Context, w crawl.Web[K], seeds []K, o crawl.Options) (did crawl.Result, err error) {
		var mu sync.Mutex
		changed := sync.NewCond(&mu)
		f, busy, workers := newFrontier(seeds, o), 0, 0
		var pool sync.WaitGroup
		ended := make(chan bool, o.Workers)
		var start func()
		work := func() {
			mu.Lock()
			defer mu.Unlock()
			for {
				for len(f.queue) == 0 && busy > 0 {
					changed.Wait()
				}
				if len(f.queue) == 0 {
					changed.Broadcast()
					return
				}
				page := f.take(s.take(len(f.queue)))
				busy++
				if s.lazy && workers < o.Workers && len(f.queue) > 0 {
					start()
				}
				mu.Unlock()
				links, failed := get(ctx, w, page, o)
				if s.copied {
					links = slices.Clone(links)
					slices.Reverse(links)
				}
				mu.Lock()
				busy--
				did.Pages++
				if failed != nil {
					did.Errors++
				}
				f.add(links)
				if a, ok := w.(crawl.Prefetcher[K]); ok && s.ahead {
					a.Prefetch(links, f.queue)
				}
				changed.Broadcast()
			}
		}
		start = func() {
			workers++
			if s.goodbyes {
				go func() {
					work()
					ended <- true
				}()
			} else {
				pool.Go(work)
			}
		}
		mu.Lock()
		for start(); !s.lazy && workers < o.Workers; {
			start()
		}
		mu.Unlock()
		pool.Wait()
		for n := 0; s.goodbyes; n++ {
			mu.Lock()
			all := n == workers
			mu.Unlock()
			if all {
				break
			}
			<-ended
		}
		return did, ctx.Err()
	}
}

// oneOwner crawls with one goroutine that owns all state and waits on the limiter before it hands out a page.
func oneOwner[K comparable](
	ctx context.Context,
	w crawl.Web[K],
	seeds []K,
	o crawl.Options,
) (did crawl.Result, err error) {
	type answer struct {
		links []K
		err   error
	}
	pages, answers := make(chan K), make(chan answer)
	var pool sync.WaitGroup
	for range o.Workers {
		pool.Go(func() {
			for page := range pages {
				links, err := w.Fetch(ctx, page)
				answers <- answer{links, err}
			}
		})
	}
	f := newFrontier(seeds, o)
	out := 0
	for granted := false; len(f.queue) > 0 || out > 0; {
		if len(f.queue) > 0 && !granted {
			if o.Limiter != nil {
				o.Limiter.Wait(ctx)
			}
			granted = true
		}
		var give chan K
		var next K
		if len(f.queue) > 0 {
			give, next = pages, f.queue[0]
		}
		select {
		case give <- next:
			f.queue = f.queue[1:]
			out++
			granted = false
		case a := <-answers:
			out--
			did.Pages++
			if a.err != nil {
				did.Errors++
			}
			f.add(a.links)
		}
	}
	close(pages)
	pool.Wait()
	return did, ctx.Err()
}

// perPage starts a goroutine for every page, which waits for a slot and then on the limiter.
func perPage[K comparable](
	ctx context.Context,
	w crawl.Web[K],
	seeds []K,
	o crawl.Options,
) (did crawl.Result, err error) {
	slots := make(chan bool, o.Workers)
	var mu sync.Mutex
	var pool sync.WaitGroup
	f := newFrontier(seeds, o)
	var spawn func()
	spawn = func() { // the caller holds mu
		for _, page := range f.queue {
			pool.Go(func() {
				slots <- true
				links, failed := get(ctx, w, page, o)
				<-slots
				mu.Lock()
				defer mu.Unlock()
				did.Pages++
				if failed != nil {
					did.Errors++
				}
				f.add(links)
				spawn()
			})
		}
		f.queue = nil
	}
	mu.Lock()
	spawn()
	mu.Unlock()
	pool.Wait()
	return did, ctx.Err()
}

// batches fetches all queued pages with new workers and processes the links when all have finished.
func batches[K comparable](
	ctx context.Context,
	w crawl.Web[K],
	seeds []K,
	o crawl.Options,
) (did crawl.Result, err error) {
	f := newFrontier(seeds, o)
	for len(f.queue) > 0 {
		batch := f.queue
		f.queue = nil
		found, failed := make([][]K, len(batch)), make([]error, len(batch))
		var pool sync.WaitGroup
		for worker := range o.Workers {
			pool.Go(func() {
				for i := worker; i < len(batch); i += o.Workers {
					found[i], failed[i] = get(ctx, w, batch[i], o)
				}
			})
		}
		pool.Wait()
		for i := range batch {
			did.Pages++
			if failed[i] != nil {
				did.Errors++
			}
			f.add(found[i])
		}
	}
	return did, ctx.Err()
}

// A crawler that keeps the contract is never rejected, however unusual it is, for any number of workers and processors.
func TestValidCrawlersAreAccepted(t *testing.T) {
	table := append(unusual(), crawler.All()...)
	plain := cache(t, graph.Spec{Kind: "hosts", Pages: 600, Seed: 1}, nil)
	partly := cache(t, graph.Spec{Kind: "rmat", Scale: 9, Seed: 1}, nil)
	flaky := graph.Behaviour{Fail: 0.1, Seed: 1}
	failing := cache(t, graph.Spec{Kind: "uniform", Pages: 300, Seed: 1}, flaky.Fails)
	slow := graph.Behaviour{Seed: 1,
		Latency: graph.Latency{Model: "lognormal", Median: 50 * time.Microsecond, Sigma: 1}}
	jobs := map[string]Job{
		"hosts":       {Cache: plain},
		"rmat":        {Cache: partly},
		"with budget": {Cache: plain},
		"failing":     {Cache: failing, Fetch: flaky},
		"slow":        {Cache: partly, Fetch: slow},
		"paced":       {Cache: plain},
		"paced, slow": {Cache: plain, Fetch: slow},
		"burning":     {Cache: partly, Fetch: graph.Behaviour{CPU: time.Microsecond}, Spin: 300},
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	every := 6 // one combination in every; different ones each time
	if testing.Short() {
		every = 24
	}
	n := rand.IntN(every)
	for what, j := range jobs {
		for _, procs := range []int{1, 2, 8} {
			for _, workers := range []int{1, 3, 64} {
				for _, c := range table {
					if n++; n%every != 0 {
						continue
					}
					j.Cell.Impl, j.Cell.Graph, j.Cell.Keys = c.Name, "g", []string{"id", "url"}[rand.IntN(2)]
					j.Cell.Workers, j.Cell.Procs, j.Cell.MaxPages, j.Cell.Rate = workers, procs, 0, 0
					j.Sample, j.Retained = 2*time.Millisecond, false
					switch what {
					case "with budget":
						j.Cell.MaxPages = 100
					case "paced", "paced, slow":
						j.Cell.Rate, j.Cell.MaxPages = plan.Rate(50_000), 100
						j.Cell.Limiter = limiter.Names()[rand.IntN(len(limiter.Names()))]
					case "hosts":
						j.Retained = rand.IntN(8) == 0
					}
					if c.MaxWorkers > 0 {
						j.Cell.Workers = min(workers, c.MaxWorkers)
					}
					o, err := Run(t.Context(), j, table)
					if err != nil || o.Wrong != "" || o.Sample == nil {
						t.Errorf("%s, %s: %v %s", what, j.Cell.ID(), err, o.Wrong)
					}
				}
			}
		}
	}
}
