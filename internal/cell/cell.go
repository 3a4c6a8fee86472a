// Package cell measures one cell in this process: it opens the graph, warms up, crawls, has every crawl judged, and
// takes the profiles if it is a profile pass. It looks at what a crawl leaves behind too: goroutines, settings of the
// process, files.
//
// A Job comes in, an Outcome goes out. The process is a child of package runner, one for every sample, so that a
// contender that hangs, leaks or eats memory hurts nobody else, and hash seeds and memory layout are drawn anew.
package cell

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"

	"crawlbench/internal/child"
	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
	"crawlbench/internal/limiter"
	"crawlbench/internal/plan"
	"crawlbench/internal/store"
	"crawlbench/internal/web"
)

// Job says what to measure.
type Job struct {
	Cell  plan.Cell
	Cache string // the graph's cache file
	Fetch web.Behaviour
	Spin  float64 // rounds of web.Burn in a microsecond
	// Sample is how long to crawl at least; the crawl that passes it is the last.
	Sample time.Duration
	// Memory bounds the data segment in bytes; 0: no bound.
	Memory int64
	// Weigh asks a sample for what the contender holds in memory too.
	Weigh bool
	// Profiles, if any, are the kinds of profiles to take; then nothing is timed.
	Profiles []string
	Dir      string   // where the profiles go
	Comments []string // what they say of the cell
	// Null asks for the cost of the harness instead, and that of the engine for each of Crews; of Cell only the graph and the
	// kind of key matter.
	Null  bool
	Crews []Crew

	line *child.Line // to the parent; nil in a process that is no child
}

// Outcome is what came of it. One of its fields is set.
type Outcome struct {
	Sample  *store.Sample
	Profile *store.Profile
	Null    float64   // seconds a page of the null crawler
	Engine  []float64 // with Null: seconds a page of the engine with the null set, by crew
	Wrong   string    // what the judge said
	Error   string    // why the harness could not measure
	// Frozen is set, by the parent, if the machine or the processes were stopped meanwhile. It comes with any of them.
	Frozen bool `json:",omitempty"`
}

// warmUps is the number of crawls before the first measured one, which pay for page faults and first calls.
const warmUps = 1

// Run measures the cell of job with the contender of that name.
func Run(ctx context.Context, job Job, table []crawl.Contender) (Outcome, error) {
	if job.Null {
		return Null(ctx, job)
	}
	b, err := Open(job, table)
	if err != nil {
		return Outcome{}, err
	}
	done := make(chan struct{})
	var o Outcome
	returned := false
	go func() {
		defer func() {
			// A panic goes on, and ends the process with its own words. To be done now would let the caller end it first.
			if p := recover(); p != nil {
				panic(p)
			}
			close(done)
		}()
		o, err = b.run(ctx)
		returned = true
	}()
	select {
	case <-done:
		if !returned { // the crawler has ended its goroutine, which is for the caller to see
			runtime.Goexit()
		}
		if err == nil {
			b.Close() // else it stays mapped, for whoever still fetches
		}
		return judged(o, err)
	case v := <-b.stuck:
		return Outcome{Wrong: v.Error()}, nil
	}
}

// run measures, and looks afterwards at what the crawls have left.
func (b *Bench) run(ctx context.Context) (o Outcome, err error) {
	b.around = look()
	if err := b.Warm(ctx); err != nil {
		return o, err
	}
	switch {
	case slices.Contains(b.job.Profiles, wall):
		o, err = b.wall(ctx)
	case len(b.job.Profiles) > 0:
		o, err = b.profile(ctx)
	default:
		o, err = b.time(ctx)
	}
	if err == nil {
		err = b.after(ctx)
	}
	return o, err
}

// judged turns the judge's no into an outcome.
func judged(o Outcome, err error) (Outcome, error) {
	if v, ok := err.(web.Violations); ok {
		return Outcome{Wrong: v.Error()}, nil
	}
	return o, err
}

// Bench runs crawls of one cell.
type Bench struct {
	site  *web.Site
	cache *graph.Cache
	table []crawl.Contender
	job   Job
	crawl crawler
	// stuck gets what was wrong with a crawl that was ended and has not returned.
	stuck  chan web.Violations
	around surroundings
	others bystanders
	late   late
	// counts are what the design has counted of itself, over all crawls since they were last forgotten.
	counts map[string]int
}

func (b *Bench) count(name string, n int) {
	if b.counts == nil {
		b.counts = map[string]int{}
	}
	b.counts[name] += n
}

// Open maps the graph of job, and sets GOMAXPROCS.
func Open(job Job, table []crawl.Contender) (*Bench, error) {
	cache, err := graph.OpenCache(job.Cache)
	if err != nil {
		return nil, err
	}
	if job.line != nil {
		if err := child.Protect(job.line, cache.Graph.Links, "the links that Fetch returned"); err != nil {
			return nil, err
		}
	}
	runtime.GOMAXPROCS(job.Cell.Procs)
	b := &Bench{job: job, table: table, cache: cache, stuck: make(chan web.Violations, 1), site: web.New(cache.Graph, cache.Reach, job.Fetch, job.Spin)}
	b.crawl = bind(b.site, job.Cell, table, slices.Contains(job.Profiles, wall), nil)
	if b.crawl == nil {
		cache.Close()
		return nil, fmt.Errorf("cell %s: this program has no contender %s that crawls by %s", job.Cell.ID(), job.Cell.Impl, job.Cell.Keys)
	}
	return b, nil
}

// Close unmaps the graph.
func (b *Bench) Close() error { return b.cache.Close() }

// crawler is a contender bound to a site and its start page.
type crawler func(context.Context, crawl.Options) (crawl.Result, error)

// bind returns the contender of cell as a crawler of site, nil if there is none. With trace it marks its fetches, and last,
// if not nil, counts them down.
func bind(site *web.Site, cell plan.Cell, table []crawl.Contender, trace bool, last *countdown) crawler {
	id, url := site.Start()
	for _, c := range table {
		switch {
		case c.Name != cell.Impl:
		case cell.Keys == "id" && c.ByID != nil:
			w := observed(site.IDs(), trace, last)
			return func(ctx context.Context, o crawl.Options) (crawl.Result, error) {
				return c.ByID(ctx, w, []uint32{id}, o)
			}
		case cell.Keys == "url" && c.ByURL != nil:
			w := observed(site.URLs(), trace, last)
			return func(ctx context.Context, o crawl.Options) (crawl.Result, error) {
				return c.ByURL(ctx, w, []string{url}, o)
			}
		}
	}
	return nil
}

// Warm crawls without measuring, waiting or limiter, and has every fetch looked at.
func (b *Bench) Warm(ctx context.Context) error {
	for range warmUps {
		if err := b.hurried(ctx, web.Rules{MaxPages: b.job.Cell.MaxPages, Exact: true}); err != nil {
			return err
		}
	}
	runtime.GC()
	return nil
}

// hurried crawls without measuring, waiting or limiter.
func (b *Bench) hurried(ctx context.Context, r web.Rules) error {
	b.site.Hurry(true)
	defer b.site.Hurry(false)
	return b.once(ctx, r, func(crawl func()) { crawl() })
}

// Crawl crawls once, with a fresh limiter if the cell has a rate, and judges. It calls watch, which must call the crawl
// that it is given; what lies outside of that call is not the contender's. An error of type web.Violations is the judge's.
func (b *Bench) Crawl(ctx context.Context, watch func(crawl func())) error {
	return b.crawlOf(ctx, b.job.Cell.MaxPages, watch)
}

// crawlOf is Crawl with a budget of so many pages; 0 means all.
func (b *Bench) crawlOf(ctx context.Context, maxPages int, watch func(crawl func())) error {
	r := web.Rules{MaxPages: maxPages}
	if c := b.job.Cell; c.Rate > 0 {
		r.Limiter = func() crawl.Limiter { return limiter.New(c.Limiter, float64(c.Rate), c.BucketSize()) }
	}
	return b.once(ctx, r, watch)
}

// patience is how long a crawl that was ended may take to return.
const patience = time.Second

func (b *Bench) once(ctx context.Context, r web.Rules, watch func(crawl func())) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	returned := make(chan struct{})
	r.Workers = b.job.Cell.Workers
	r.Stop = func() {
		cancel()
		go b.awaitReturn(returned)
	}
	set := newSettings(b.job.Cell.Procs)
	r.Probe = set.probe
	o := crawl.Options{Workers: r.Workers, MaxPages: r.MaxPages, SizeHint: b.sizeHint(), Count: b.count}
	b.others.note()
	begin := b.site.Begin(r)
	var did crawl.Result
	var err error
	start := used()
	watch(func() {
		o.Limiter = begin()
		did, err = b.crawl(ctx, o)
	})
	end := used()
	close(returned)
	after, left := b.others.left(end)
	b.late.note(after, end-start)
	var v web.Violations
	if err := b.site.End(did, err); err != nil {
		v = err.(web.Violations)
	}
	if v = append(append(v, set.changes()...), left...); v != nil {
		return v
	}
	return nil
}

// awaitReturn reports a crawl that was ended unless it returns soon.
func (b *Bench) awaitReturn(returned <-chan struct{}) {
	select {
	case <-returned:
	case <-time.After(patience):
		if v := b.site.Ended(); v != nil {
			b.stuck <- append(v, fmt.Sprintf("%v later it had not returned, though its context was cancelled", patience))
		}
	}
}

// sizeHint is how many pages the crawler is told to expect: by id as many as have a number, for those who use it as an index.
func (b *Bench) sizeHint() int {
	if b.job.Cell.Keys == "id" {
		return b.site.Numbers()
	}
	return b.cache.Graph.Pages()
}
