package measure

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
	"crawlbench/internal/host/child"
	"crawlbench/internal/plan"
	"crawlbench/internal/store"
	"crawlbench/internal/web"
	"crawlbench/internal/web/delay"
)

// Job says what to measure.
type Job struct {
	Cell  plan.Cell
	Cache string // the graph's cache file
	Fetch graph.Behaviour
	// Politeness is the policy that crawls are given; nil without one.
	Politeness *plan.Politeness `json:",omitempty"`
	Spin       float64          // rounds of delay.Burn per microsecond
	// Sample is the minimum total crawl time; the crawl that reaches it is the last.
	Sample time.Duration
	// Memory limits the data segment, in bytes; 0 means no limit.
	Memory int64
	// Retained makes a sample also measure the crawler's retained bytes per page.
	Retained bool
	// Resident asks for a sample in slices, each on request of the parent, which stops the process in between if it
	// Pauses.
	Resident, Pauses bool
	// Profiles lists the kinds of profiles to take; if there are any, nothing is timed.
	Profiles []string
	Dir      string   // directory for the profiles
	Comments []string // comments for the profiles
	// Null asks for the cost of the harness instead, and for that of the engine with each of Crews. Only the graph and
	// the kind of key of Cell matter then.
	Null  bool
	Crews []Crew
	// Site is the socket of the site that a cell over HTTP crawls, and ServeSeed, if not nil, asks to be that site.
	Site      string
	ServeSeed *uint64
	// Fleet, if not nil, says that the process is one of several that crawl together, on request of the parent.
	Fleet *Member `json:",omitempty"`

	conn *child.Conn // to the parent; nil if this process is not a child
}

// Outcome is the result of a Job. One of its fields is set.
type Outcome struct {
	Sample  *store.Sample
	Profile *store.Profile
	Null    float64   // seconds per page of the null crawler
	Engine  []float64 // with Null: seconds per page of the engine with the null set, by crew
	Wrong   string    // why verification failed
	Error   string    // why the harness could not measure
	// Frozen is set by the parent if the machine or the processes were stopped during the job, in addition to one of
	// the others.
	Frozen bool `json:",omitempty"`
}

// warmUps is the number of crawls before the first measured one; they absorb page faults and one-time initialization.
const warmUps = 1

// Run measures the cell of job with the crawler in table that it names, and perhaps one of the limiters, which are
// those of the program beside the built-in ones.
func Run(ctx context.Context, job Job, table []crawl.Crawler, limiters ...crawl.LimiterKind) (Outcome, error) {
	if job.Null {
		return measureNull(ctx, job)
	}
	b, err := Open(job, table, limiters...)
	if err != nil {
		return Outcome{}, err
	}
	done := make(chan struct{})
	var o Outcome
	returned := false
	go func() {
		defer func() {
			// Panic again, so that the process ends with the original message. Closing done first would let the caller
			// exit before that.
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
		if !returned { // the crawler called runtime.Goexit: the caller reports that
			runtime.Goexit()
		}
		if err == nil {
			b.Close() // after an error the graph stays mapped, because goroutines may still fetch
		}
		if v, ok := err.(web.Violations); ok {
			return Outcome{Wrong: v.Error()}, nil
		}
		return o, err
	case v := <-b.stuck:
		return Outcome{Wrong: v.Error()}, nil
	}
}

// run measures, then checks what the crawls left behind.
func (b *Bench) run(ctx context.Context) (o Outcome, err error) {
	b.environment = readEnvironment()
	if !b.part() { // the processes of a fleet warm up together
		if err := b.Warm(ctx); err != nil {
			return o, err
		}
	}
	switch {
	case b.job.Fleet != nil:
		o, err = b.takeParts(ctx)
	case slices.Contains(b.job.Profiles, wall):
		o, err = b.takeTraces(ctx)
	case len(b.job.Profiles) > 0:
		o, err = b.takeProfiles(ctx)
	case b.job.Resident:
		o, err = b.takeSlices(ctx)
	default:
		o, err = b.takeSample(ctx)
	}
	if err == nil {
		err = b.checkAfter(ctx)
	}
	return o, err
}

// Bench runs crawls of one cell.
type Bench struct {
	site  *web.Site
	cache *graph.Cache
	reach graph.Reach // what the crawler has to fetch
	by    crawl.Crawler
	job   Job
	crawl boundCrawl
	// stuck receives the verdict on a crawl that was cancelled and has not returned.
	stuck       chan web.Violations
	environment environment
	polite      bool // the crawler keeps a policy
	// settings are those that all crawls must find and leave: one that a crawl finds changed was changed in between.
	settings [3]uint64
	warm     time.Duration // of the last crawl before the first measured one
	baseline goroutineBaseline
	late     lateWork
	// counts has the crawler's own counters, summed over all crawls of the sample.
	counts map[string]int
	// remote is the site of a cell over HTTP; nil for a cell in memory.
	remote *remote
	limit  limit
	// fleet is what the current crawl of a fleet is given; nil if this process crawls alone.
	fleet *crawl.Fleet
}

func (b *Bench) count(name string, n int) {
	if b.counts == nil {
		b.counts = map[string]int{}
	}
	b.counts[name] += n
}

// Open maps the graph of job and sets GOMAXPROCS.
func Open(job Job, table []crawl.Crawler, limiters ...crawl.LimiterKind) (*Bench, error) {
	cache, err := graph.OpenCache(job.Cache)
	if err != nil {
		return nil, err
	}
	if job.conn != nil {
		if err := child.Protect(job.conn, cache.Graph.Links, "the links that Fetch returned"); err != nil {
			return nil, err
		}
	}
	runtime.GOMAXPROCS(job.Cell.Procs)
	if job.Cell.NoGC {
		debug.SetGCPercent(-1)
		if job.Memory > 0 {
			debug.SetMemoryLimit(job.Memory / 4 * 3) // near the bound the collector runs after all
		}
	}
	pages, reach := cache.Graph, cache.Reach
	if job.Cell.NullSet {
		pages = graph.Spanning(cache.Graph)
		reach = graph.Walk(pages, nil)
		table = []crawl.Crawler{nullCrawler(job.Cell.Impl)}
	}
	by, errBy := plan.Find(table, job.Cell.Impl)
	if job.Fetch.Refuse+job.Fetch.Forbid > 0 && errBy == nil && !by.Polite { // the cache has what those fetch that are
		reach = job.Fetch.Reach(pages, job.policy(), false)
	}
	delay.Set(job.Cell.Delay.Site, job.Cell.Delay.For, job.Spin)
	b := &Bench{
		job:      job,
		cache:    cache,
		reach:    reach,
		stuck:    make(chan web.Violations, 1),
		site:     web.New(pages, reach, job.Fetch, job.Spin),
		settings: readSettings(),
	}
	if job.Cell.Transport == plan.HTTP {
		b.remote = newRemote(job.Site, job.Cell.Workers)
		b.remote.plain = job.Politeness == nil
		b.site.Over(b.remote.fetch, b.remote.robots)
	}
	if errBy == nil {
		b.polite = by.Polite
		b.crawl = bind(b.site, job.Cell, by, slices.Contains(job.Profiles, wall), nil)
	}
	b.by = by
	if err := b.join(limiters); err != nil {
		cache.Close()
		return nil, err
	}
	if b.crawl == nil {
		cache.Close()
		return nil, fmt.Errorf("cell %s: this program has no crawler %q that crawls by %s: choose another, or build it in",
			job.Cell.ID(), job.Cell.Impl, job.Cell.Keys)
	}
	return b, nil
}

// Close unmaps the graph.
func (b *Bench) Close() error { return b.cache.Close() }

// boundCrawl is a registered crawler bound to a site and its start page.
type boundCrawl func(context.Context, crawl.Options) (crawl.Result, error)

// bind returns the crawler c, bound to site, or nil if it does not crawl by the keys of cell. With trace its fetches
// are marked in the execution trace; if last is not nil, it counts them down.
func bind(site *web.Site, cell plan.Cell, c crawl.Crawler, trace bool, last *countdown) boundCrawl {
	id, url := site.Start()
	switch {
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
	return nil
}

// Warm crawls without measurement, latency or limiter, and verifies every fetch.
func (b *Bench) Warm(ctx context.Context) error {
	defer delay.Begin()
	for range warmUps {
		begin := time.Now()
		if err := b.crawlUntimed(ctx, web.Rules{MaxPages: b.job.Cell.MaxPages, Exact: true}); err != nil {
			return err
		}
		b.warm = time.Since(begin)
	}
	runtime.GC()
	return nil
}

// crawlUntimed crawls without measurement, latency or limiter.
func (b *Bench) crawlUntimed(ctx context.Context, r web.Rules) error {
	b.hurry(true)
	defer b.hurry(false)
	return b.once(ctx, r, func(crawl func()) { crawl() })
}

// Crawl crawls once, with a new limiter if the cell has a rate, and verifies the crawl. It calls
// watch, which must call the function that it is given; only time within that call belongs to the
// crawler. An error of type web.Violations means that verification failed.
func (b *Bench) Crawl(ctx context.Context, watch func(crawl func())) error {
	return b.crawlOf(ctx, b.job.Cell.MaxPages, watch)
}

// crawlOf is Crawl with a budget of maxPages pages; 0 means all.
func (b *Bench) crawlOf(ctx context.Context, maxPages int, watch func(crawl func())) error {
	return b.once(ctx, web.Rules{MaxPages: maxPages, Limiter: b.limiterOf()}, watch)
}

// returnTimeout is how long a cancelled crawl may take to return.
const returnTimeout = time.Second

func (b *Bench) once(ctx context.Context, r web.Rules, watch func(crawl func())) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	returned := make(chan struct{})
	r.Workers = b.job.Cell.Workers
	r.Stop = func() {
		cancel()
		go b.awaitReturn(returned)
	}
	process := &settings{procs: b.job.Cell.Procs, before: b.settings}
	r.Probe = process.probe
	r.Politeness, r.Polite = b.policy(r.Exact), b.polite
	o := crawl.Options{Workers: r.Workers, MaxPages: r.MaxPages, SizeHint: b.sizeHint(), Count: b.count,
		Politeness: (*crawl.Politeness)(r.Politeness)}
	if b.by.Fleet {
		o.Fleet = b.fleet
	}
	b.baseline.record()
	if err := b.remote.begin(ctx); err != nil {
		return err
	}
	begin := b.site.Begin(r)
	var did crawl.Result
	var err error
	start := cpuSeconds()
	watch(func() {
		o.Limiter = begin()
		did, err = b.crawl(ctx, o)
	})
	errRemote, errLimit := b.remote.end(ctx), b.limit.end()
	end := cpuSeconds()
	close(returned)
	after, leftover := b.baseline.awaitExit(end)
	b.late.record(after, end-start)
	var v web.Violations
	if err := b.site.End(did, err); err != nil {
		v = err.(web.Violations)
	}
	if text := b.site.Strange(); text != "" {
		return fmt.Errorf("crawl over HTTP: %s", text)
	}
	if errLimit != nil {
		return errLimit
	}
	if v = append(append(v, process.changes()...), leftover...); v != nil {
		return v
	}
	return errRemote
}

// hurry makes fetches answer without waiting.
func (b *Bench) hurry(on bool) {
	b.site.Hurry(on)
	if b.remote != nil {
		b.remote.hurry = on
	}
}

// policy returns the policy of a crawl, nil without one. An untimed crawl waits neither for gaps nor for what hosts
// ask for.
func (b *Bench) policy(untimed bool) *crawl.Policy {
	p := b.job.policy()
	if p == nil {
		return nil
	}
	p.HostOf = b.site.HostOf
	if untimed {
		p.Gap, p.FromStart, p.CrawlDelay, p.MaxDelay = 0, false, false, 1
	}
	return p
}

// policy returns the policy of a job, nil without one.
func (j *Job) policy() *crawl.Policy {
	if j.Politeness == nil {
		return nil
	}
	p := j.Politeness.Policy()
	return &p
}

// awaitReturn reports a cancelled crawl unless it returns within returnTimeout.
func (b *Bench) awaitReturn(returned <-chan struct{}) {
	select {
	case <-returned:
	case <-time.After(returnTimeout):
		if v := b.site.Ended(); v != nil {
			b.stuck <- append(v, fmt.Sprintf("it had not returned %v after its context was cancelled", returnTimeout))
		}
	}
}

// sizeHint returns how many pages the crawler is told to expect. By id, it covers every possible number, because some
// crawlers use numbers as indexes.
func (b *Bench) sizeHint() int {
	if b.job.Cell.Keys == "id" {
		return b.site.Numbers()
	}
	return b.cache.Graph.Pages()
}
