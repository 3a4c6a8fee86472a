package conform

import (
	"context"
	"fmt"
	"runtime"
	"runtime/metrics"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing/synctest"
	"time"

	"crawlbench/internal/crawl"
)

// outcome is what a crawl did.
type outcome struct {
	did      crawl.Result
	err      error
	count    []int // fetches, by page
	failed   []bool
	starts   []time.Time     // at which fetches began, in order
	start    time.Time       // of the crawl
	offered  []time.Duration // after the start, by page: when the first link was handed out, negative: never
	began    []time.Duration // likewise: when its fetch began
	back     []time.Duration // likewise: when it came back
	last     time.Duration   // when the last fetch came back
	floods   int             // fetches that began after the crawl's context had ended
	peak     int             // most fetches at once
	inflight int             // fetches that had not ended when the crawler returned
	unknown  string          // a key that was fetched and that no page has, in quotes
	early    page            // a page that was fetched before a link to it was handed out
	isEarly  bool
	modified string // what the crawler wrote to that it may only read
	derived  int    // contexts derived from the crawl's and not cancelled
	broke    string // another promise that it broke
	late     string // what went on after the return
	gaveUp   string // a page whose fetch ended because its context had
	took     time.Duration
	name     func(page) string
}

// subject is a crawler with one kind of key.
type subject struct {
	name       string
	maxWorkers int
	rest       time.Duration // how long a crawl is watched after its return; only in virtual time
	offer      *offer        // nil: another for each crawl
	ids, both  bool          // keys are numbers; the crawler has the other kind too
	labels     bool          // some goroutine had labels for profiles before the check
	lightly    func(s *site) func(crawl.Options) error
	run        func(ctx context.Context, sites []*site, o crawl.Options, rest time.Duration, offer *offer) []outcome
	twice      func(ctx context.Context, s *site, o crawl.Options, stagger time.Duration) []outcome
}

// crawl crawls s once.
func (c subject) crawl(ctx context.Context, s *site, o crawl.Options) outcome {
	return c.run(ctx, []*site{s}, c.clamp(o), c.rest, c.offer)[0]
}

// beside crawls s while other crawls go on, so that nothing can be said of what goes on after the return.
func (c subject) beside(ctx context.Context, s *site, o crawl.Options) outcome {
	return c.run(ctx, []*site{s}, c.clamp(o), 0, c.offer)[0]
}

// crawls crawls the sites one after the other, as the same Web.
func (c subject) crawls(ctx context.Context, sites []*site, o crawl.Options) []outcome {
	return c.run(ctx, sites, c.clamp(o), c.rest, c.offer)
}

// together makes two crawls of s at once, as the same Web. Their outcomes share one log.
func (c subject) together(ctx context.Context, s *site, o crawl.Options, stagger time.Duration) []outcome {
	return c.twice(ctx, s, c.clamp(o), stagger)
}

// once reports whether this subject is the one of its crawler with which expensive cases are tried
// that do not depend on the kind of key.
func (c subject) once() bool { return c.ids || !c.both }

// clamp returns o as the crawler can use it.
func (c subject) clamp(o crawl.Options) crawl.Options {
	if c.maxWorkers > 0 {
		o.Workers = min(o.Workers, c.maxWorkers)
	}
	return o
}

// subjects returns the crawler's subjects by kind of key.
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

// adapt lets f crawl sites under the keys that name gives to pages.
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
	return subject{name: c.Name, maxWorkers: c.MaxWorkers, twice: twice, lightly: lightly(f, c.MaxWorkers, name),
		run: func(ctx context.Context, sites []*site, o crawl.Options, rest time.Duration, as *offer) []outcome {
			w := &web[K]{}
			if as == nil {
				chosen := offerOf(len(sites[0].links), o)
				as = &chosen
			}
			var list []outcome
			for _, s := range sites {
				w.show(s, name)
				list = append(list, w.crawl(ctx, f, o, rest, *as))
			}
			return list
		}}
}

// web is a site under keys of one kind, and a log of how it is crawled.
type web[K comparable] struct {
	site  *site
	pages map[K]page
	keys  []K   // by page
	links [][]K // by page, as they are handed out
	none  []K   // the links of pages that have none
	guard K     // the key behind the end of all these

	mu       sync.Mutex
	ctx      context.Context // of the crawl
	crawls   int             // how many go on at once, more than 1 if not 0
	hinted   string          // what was wrong with a hint
	inflight int
	nth      int
	log      outcome
}

// shared is the length from which lists that pages share are handed out as one list too: millions
// of texts would take longer
// to make than to crawl.
const shared = 1000

// show makes w serve s. Each link gets a key of its own making: two strings to the same page have texts of their own.
func (w *web[K]) show(s *site, name func(naming, page) K) {
	n := len(s.links)
	*w = web[K]{site: s, pages: make(map[K]page, n), keys: make([]K, n), links: make([][]K, n),
		guard: name(s.keys, guardPage)}
	w.none = w.room(0)
	for p, links := range s.links {
		w.keys[p] = name(s.keys, page(p))
		w.pages[w.keys[p]] = page(p)
		if len(links) == 0 {
			if p%2 == 0 { // no links may be nil, or empty
				w.links[p] = w.none
			}
			continue
		}
		if len(links) >= shared && p > 0 && len(s.links[p-1]) == len(links) && &s.links[p-1][0] == &links[0] {
			w.links[p] = w.links[p-1]
			continue
		}
		w.links[p] = w.room(len(links))
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

// crawl lets f crawl the site, and watches for rest what goes on after it has returned.
func (w *web[K]) crawl(ctx context.Context, f crawl.Func[K], o crawl.Options, rest time.Duration, as offer) outcome {
	seeds := w.room(len(w.site.start()))
	for _, p := range w.site.start() {
		seeds = append(seeds, w.keys[p])
		w.log.offered[p] = 0
	}
	var counted counting
	if o.Workers != 2 { // Count may be nil
		o.Count = counted.count
	}
	var given crawl.Web[K] = w
	if as.bare {
		given = bareWeb[K]{w}
	}
	watched := watchContext(ctx)
	var under context.Context = watched
	if as.plain {
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
		out.broke = "it called Options.Count from several goroutines, and may call it from one"
	}
	out.modified = w.modified(seeds)
	return out
}

// quiet says what of a crawl goes on after its return, "" if nothing does: goroutines beyond those
// that were running before
// it, and what begins while virtual time goes on for rest.
func quiet(ctx context.Context, running int, rest time.Duration) string {
	synctest.Wait()
	if n := left(running); n > 0 {
		return fmt.Sprintf("%d goroutines were still there", n)
	}
	if ctx.Done() != nil && ctx.Err() == nil {
		return "" // who is to cancel it may be what begins
	}
	before := goroutines()
	time.Sleep(rest)
	synctest.Wait()
	if n := goroutines() - before; n > 0 {
		return fmt.Sprintf("%d goroutines were started, by a timer that it or an earlier crawl left running", n)
	}
	return ""
}

// left returns how many goroutines there are beyond those that were running before. One that has
// done its work may still
// be counted, and is given real time to go.
func left(running int) int {
	for nap := 0; nap < 2000 && runtime.NumGoroutine() > running; nap++ {
		if nap < 1000 {
			runtime.Gosched()
		} else {
			syscall.Nanosleep(&syscall.Timespec{Nsec: 1e6}, nil) // package time's is virtual here
		}
	}
	return runtime.NumGoroutine() - running
}

// goroutines returns how many goroutines the process has ever started.
func goroutines() int {
	sample := []metrics.Sample{{Name: "/sched/goroutines-created:goroutines"}}
	metrics.Read(sample)
	return int(sample[0].Value.Uint64())
}

// Fetch answers as the site says. A page that is fetched again has no links: a crawler that forgets what it has seen
// comes to an end.
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

// close logs that the fetch of p came back, with its links unless it failed.
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

// answer waits as long as the site takes for p, and returns the error that it gives.
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

// giveUp logs that the context of the fetch of p has ended.
func (w *web[K]) giveUp(ctx context.Context, p page) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log.gaveUp = w.log.name(p)
	return ctx.Err()
}

// watchedContext counts the contexts that are derived from it and not yet cancelled. It hides that it is one of package
// context, which would otherwise link children to the parent and leave no trace.
type watchedContext struct {
	context.Context
	never   chan struct{}
	derived atomic.Int64
}

func watchContext(ctx context.Context) *watchedContext {
	return &watchedContext{Context: ctx, never: make(chan struct{})}
}

func (c *watchedContext) Value(any) any { return nil }

// Done is not nil even where the context never ends, since nobody is told of contexts derived from such a one.
func (c *watchedContext) Done() <-chan struct{} {
	if done := c.Context.Done(); done != nil {
		return done
	}
	return c.never
}

// AfterFunc is what package context calls instead of starting a goroutine.
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
