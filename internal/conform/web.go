package conform

import (
	"context"
	"fmt"
	"runtime"
	"runtime/metrics"
	"slices"
	"sync"
	"sync/atomic"
	"testing/synctest"
	"time"

	"crawlbench/internal/crawl"
)

// outcome records what a crawl did.
type outcome struct {
	did      crawl.Result
	err      error
	count    []int // fetches, by page
	failed   []bool
	starts   []time.Time     // of the fetches, in order
	start    time.Time       // of the crawl
	offered  []time.Duration // by page: when the first link to it was handed out, since start; negative if never
	began    []time.Duration // by page: when its fetch began
	back     []time.Duration // by page: when its fetch ended
	last     time.Duration   // when the last fetch ended
	floods   int             // fetches that began after the crawl's context had ended
	peak     int             // the maximum number of fetches in flight
	inflight int             // fetches that had not ended when the crawler returned
	unknown  string          // a fetched key that is not on the site, quoted
	early    page            // a page that was fetched before a link to it was handed out
	isEarly  bool
	modified string // what the crawler modified and must not
	derived  int    // contexts derived from the crawl's and not cancelled
	broke    string // another violation of the contract
	late     string // what happened after the return
	gaveUp   string // a page whose fetch ended with its context
	took     time.Duration
	name     func(page) string
}

// subject is a crawler with one kind of key.
type subject struct {
	name           string
	crawler        crawl.Crawler
	maxWorkers     int
	rest           time.Duration // how long a crawl is watched after its return; only in virtual time
	form           *webForm      // nil means that it varies from crawl to crawl
	ids, both      bool          // the keys are ids; the crawler supports both kinds
	labels         bool          // a goroutine had pprof labels before the check
	prepareCounted func(s *site) func(crawl.Options) error
	run            func(ctx context.Context, sites []*site, o crawl.Options, rest time.Duration,
		form *webForm) []outcome
	twice func(ctx context.Context, s *site, o crawl.Options, stagger time.Duration) []outcome
}

// crawl crawls s once.
func (c subject) crawl(ctx context.Context, s *site, o crawl.Options) outcome {
	return c.run(ctx, []*site{s}, c.clamp(o), c.rest, c.form)[0]
}

// beside crawls s concurrently with other crawls, so that it cannot be watched after its return.
func (c subject) beside(ctx context.Context, s *site, o crawl.Options) outcome {
	return c.run(ctx, []*site{s}, c.clamp(o), 0, c.form)[0]
}

// crawls crawls the sites one after the other, as the same Web.
func (c subject) crawls(ctx context.Context, sites []*site, o crawl.Options) []outcome {
	return c.run(ctx, sites, c.clamp(o), c.rest, c.form)
}

// together makes two concurrent crawls of s as the same Web. Their outcomes share one log.
func (c subject) together(ctx context.Context, s *site, o crawl.Options, stagger time.Duration) []outcome {
	return c.twice(ctx, s, c.clamp(o), stagger)
}

// once reports whether expensive cases that do not depend on the kind of key are tried with this subject.
func (c subject) once() bool { return c.ids || !c.both }

// clamp returns o with at most the number of workers that the crawler supports.
func (c subject) clamp(o crawl.Options) crawl.Options {
	if c.maxWorkers > 0 {
		o.Workers = min(o.Workers, c.maxWorkers)
	}
	return o
}

// subjects returns the subjects of c by kind of key.
func subjects(c crawl.Crawler) map[string]subject {
	m := map[string]subject{}
	if c.ByID != nil {
		s := adapt(c, c.ByID, naming.id)
		s.ids, s.both = true, c.ByURL != nil
		m["id"] = s
	}
	if c.ByURL != nil {
		s := adapt(c, c.ByURL, naming.url)
		s.both = c.ByID != nil
		m["url"] = s
	}
	return m
}

// adapt makes a subject of f, which crawls sites with the keys that name returns.
func adapt[K comparable](c crawl.Crawler, f crawl.Func[K], name func(naming, page) K) subject {
	twice := func(ctx context.Context, s *site, o crawl.Options, stagger time.Duration) []outcome {
		w := &web[K]{}
		w.show(s, name)
		w.crawls, w.ctx, w.log.start = 2, ctx, time.Now()
		seeds := make([]K, 0, len(s.start()))
		for _, p := range s.start() {
			seeds = append(seeds, w.keys[p])
			w.log.offered[p] = 0
		}
		outs := make([]outcome, w.crawls)
		var all sync.WaitGroup
		for i := range outs {
			all.Go(func() {
				time.Sleep(time.Duration(i) * stagger)
				outs[i].did, outs[i].err = f(ctx, w, slices.Clone(seeds), o)
			})
		}
		all.Wait()
		for i := range outs {
			outs[i].count, outs[i].failed, outs[i].name = w.log.count, w.log.failed, w.log.name
		}
		return outs
	}
	return subject{name: c.Name, crawler: c, maxWorkers: c.MaxWorkers, twice: twice,
		prepareCounted: prepareCounted(f, c.MaxWorkers, name),
		run: func(ctx context.Context, sites []*site, o crawl.Options, rest time.Duration, form *webForm) []outcome {
			w := &web[K]{}
			if form == nil {
				chosen := chooseWebForm(len(sites[0].links), o)
				form = &chosen
			}
			var list []outcome
			for _, s := range sites {
				w.show(s, name)
				list = append(list, w.crawl(ctx, f, o, rest, *form))
			}
			return list
		}}
}

// web is a site with keys of one kind that logs how it is crawled.
type web[K comparable] struct {
	site  *site
	pages map[K]page
	keys  []K   // by page
	links [][]K // by page, as they are handed out
	none  []K   // the links of pages without links
	guard K     // the key that fills the capacity beyond the length of slices

	mu       sync.Mutex
	ctx      context.Context // of the crawl
	crawls   int             // the number of concurrent crawls; 0 means 1
	hinted   string          // what was modified during Prefetch
	inflight int
	nth      int
	log      outcome
}

// shared is the length from which pages with the same links are given the same slice. To build millions
// of strings would take longer than the crawl.
const shared = 1000

// show makes w serve s. The keys of different links to a page are equal strings at different addresses.
func (w *web[K]) show(s *site, name func(naming, page) K) {
	n := len(s.links)
	*w = web[K]{site: s, pages: make(map[K]page, n), keys: make([]K, n), links: make([][]K, n),
		guard: name(s.keys, guardPage)}
	w.none = w.guardedSlice(0)
	for p, links := range s.links {
		w.keys[p] = name(s.keys, page(p))
		w.pages[w.keys[p]] = page(p)
		if len(links) == 0 {
			if p%2 == 0 { // both nil and empty slices occur
				w.links[p] = w.none
			}
			continue
		}
		if len(links) >= shared && p > 0 && len(s.links[p-1]) == len(links) && &s.links[p-1][0] == &links[0] {
			w.links[p] = w.links[p-1]
			continue
		}
		w.links[p] = w.guardedSlice(len(links))
		for _, q := range links {
			w.links[p] = append(w.links[p], name(s.keys, q))
		}
	}
	if len(w.pages) != n {
		panic(fmt.Sprintf("conform: %d pages share %d names", n, len(w.pages)))
	}
	times := func() []time.Duration { return slices.Repeat([]time.Duration{-1}, n) }
	w.log = outcome{count: make([]int, n), failed: make([]bool, n), offered: times(), began: times(), back: times(),
		name: func(p page) string {
			if text, ok := any(w.keys[p]).(string); ok {
				return fmt.Sprintf("%.80q", text)
			}
			return fmt.Sprint("page ", w.keys[p])
		}}
}

// crawl lets f crawl the site and watches what happens for the time rest after its return.
func (w *web[K]) crawl(ctx context.Context, f crawl.Func[K], o crawl.Options, rest time.Duration,
	form webForm) outcome {
	seeds := w.guardedSlice(len(w.site.start()))
	for _, p := range w.site.start() {
		seeds = append(seeds, w.keys[p])
		w.log.offered[p] = 0
	}
	var counted countCalls
	if o.Workers != 2 { // Count may be nil
		o.Count = counted.count
	}
	var given crawl.Web[K] = w
	if form.bare {
		given = bareWeb[K]{w}
	}
	watched := watchContext(ctx)
	var under context.Context = watched
	if form.plain {
		under = ctx
	}
	_, before := goroutine()
	running := runtime.NumGoroutine()
	w.ctx, w.log.start = ctx, time.Now()
	did, err := f(under, given, seeds, o)
	took := time.Since(w.log.start)

	w.mu.Lock()
	out := w.log
	out.did, out.err, out.inflight, out.took = did, err, w.inflight, took
	if ctx.Err() == nil {
		out.derived = int(watched.derived.Load())
	}
	fetches, calls := w.nth, counted.calls.Load()
	w.mu.Unlock()
	if _, locked := goroutine(); locked && !before {
		out.broke = "it returned with its caller's goroutine locked to the thread: runtime.LockOSThread without UnlockOSThread"
		runtime.UnlockOSThread()
	}
	if rest > 0 && out.inflight == 0 {
		out.late = quiet(ctx, running, rest)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.nth > fetches:
		out.late = fmt.Sprintf("%d fetches began", w.nth-fetches)
	case counted.calls.Load() > calls:
		out.late = "Options.Count was called"
	case counted.also:
		out.broke = "it called Options.Count from several goroutines, want one"
	}
	out.modified = w.modified(seeds)
	return out
}

// quiet describes what a crawl left running when it returned, or returns "": goroutines beyond the number
// that was running before it, and those started within rest of virtual time.
func quiet(ctx context.Context, running int, rest time.Duration) string {
	synctest.Wait()
	if n := left(running); n > 0 {
		return fmt.Sprintf("%d goroutines were still running", n)
	}
	if ctx.Done() != nil && ctx.Err() == nil {
		return "" // what starts later may be the function that cancels ctx
	}
	before := goroutines()
	time.Sleep(rest)
	synctest.Wait()
	if n := goroutines() - before; n > 0 {
		return fmt.Sprintf("%d goroutines were started by a timer that it or an earlier crawl left running", n)
	}
	return ""
}

// left returns by how many the number of goroutines exceeds running. Goroutines that are exiting get
// real time to finish.
func left(running int) int {
	for try := 0; try < 2000 && runtime.NumGoroutine() > running; try++ {
		if try < 1000 {
			runtime.Gosched()
		} else {
			nap(time.Millisecond)
		}
	}
	return runtime.NumGoroutine() - running
}

// goroutines returns how many goroutines the process has started so far.
func goroutines() int {
	sample := []metrics.Sample{{Name: "/sched/goroutines-created:goroutines"}}
	metrics.Read(sample)
	return int(sample[0].Value.Uint64())
}

// Fetch returns the links of a page. A page that is fetched again has no links, so that a crawler that
// forgets pages ends.
func (w *web[K]) Fetch(ctx context.Context, key K) ([]K, error) {
	w.mu.Lock()
	p, ok := w.pages[key]
	if !ok {
		w.log.unknown = fmt.Sprintf("%.80q", fmt.Sprint(key))
		w.mu.Unlock()
		return nil, fmt.Errorf("no such page")
	}
	w.log.count[p]++
	again := w.log.count[p] > max(1, w.crawls)
	if w.log.offered[p] < 0 && !w.log.isEarly {
		w.log.early, w.log.isEarly = p, true
	}
	w.nth++
	nth := w.nth
	at := time.Now()
	w.log.starts = append(w.log.starts, at)
	w.log.began[p] = at.Sub(w.log.start)
	if w.ctx.Err() != nil {
		w.log.floods++
	}
	w.inflight++
	w.log.peak = max(w.log.peak, w.inflight)
	w.mu.Unlock()

	if w.site.visited != nil {
		w.site.visited(p, nth)
	}
	if w.site.panics != nil {
		w.site.panics(p, func() { w.close(p, true) })
	}
	err := w.answer(ctx, p, nth)
	if w.site.meet != nil {
		w.site.meet(p)
	}

	w.close(p, err != nil)
	if err != nil || again {
		return nil, err
	}
	return w.links[p], nil
}

// close logs the end of the fetch of p and, unless it failed, that its links were handed out.
func (w *web[K]) close(p page, failed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	at := time.Since(w.log.start)
	w.inflight--
	w.log.back[p], w.log.last = at, max(w.log.last, at)
	if failed {
		w.log.failed[p] = true
		return
	}
	for _, q := range w.site.links[p] {
		if w.log.offered[q] < 0 {
			w.log.offered[q] = at
		}
	}
}

// answer waits for the latency of p and returns its error.
func (w *web[K]) answer(ctx context.Context, p page, nth int) error {
	switch {
	case w.site.deaf:
		time.Sleep(w.site.wait(p))
	case ctx.Err() != nil:
		return w.giveUp(ctx, p)
	case w.site.latency != nil:
		timer := time.NewTimer(w.site.latency(p))
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return w.giveUp(ctx, p)
		}
	}
	if w.site.fails != nil {
		return w.site.fails(p, nth)
	}
	return nil
}

// giveUp logs that the fetch of p ended with its context.
func (w *web[K]) giveUp(ctx context.Context, p page) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log.gaveUp = w.log.name(p)
	return ctx.Err()
}

// watchedContext counts the contexts derived from it that are not yet cancelled. It hides the type of its
// Context, because package context would link derived contexts to it without calling AfterFunc.
type watchedContext struct {
	context.Context
	never   chan struct{}
	derived atomic.Int64
}

func watchContext(ctx context.Context) *watchedContext {
	return &watchedContext{Context: ctx, never: make(chan struct{})}
}

func (c *watchedContext) Value(any) any { return nil }

// Done does not return nil even if the context never ends, because contexts derived from such a context
// cannot be counted.
func (c *watchedContext) Done() <-chan struct{} {
	if done := c.Context.Done(); done != nil {
		return done
	}
	return c.never
}

// AfterFunc is called by package context for each derived context.
func (c *watchedContext) AfterFunc(f func()) (stop func() bool) {
	c.derived.Add(1)
	undo := context.AfterFunc(c.Context, f)
	return func() bool {
		stopped := undo()
		if stopped {
			c.derived.Add(-1)
		}
		return stopped
	}
}
