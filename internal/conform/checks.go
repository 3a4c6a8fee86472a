package conform

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/limiter"
	"crawlbench/internal/yield"
)

// Check is one property that a crawler must have.
type Check struct {
	Name, Doc string
	run       func(t *testing.T, c subject)
}

// Checks returns the suite.
func Checks() []Check {
	return []Check{
		{"storm", "each page once, and MaxPages of them, when many workers find the same links at the same time", really(storm)},
		{"shapes", "chain, star, random, empty pages, links to itself; with any number of workers and any size hint", virtually(shapes)},
		{"seeds", "a seed given twice is one page", virtually(seeds)},
		{"collide", "keys that collide under bad hashes are different pages", virtually(collide)},
		{"width", "as many fetches in flight as there are workers, no more and no fewer, and an end at the last answer: makespans are exact", virtually(width)},
		{"slow", "a page that takes a day ends nothing early, and those behind it are fetched", virtually(slow)},
		{"limit", "one wait on the limiter before each fetch and none for a duplicate; the rate is kept in every window", virtually(limit)},
		{"refusal", "an error of the limiter ends the crawl", virtually(refusal)},
		{"cancel", "it returns at the instant of the cancellation, with the context's error", virtually(cancel)},
		{"debt", "a cancelled crawl leaves no tokens reserved in a limiter that others share", virtually(debt)},
		{"errors", "a failed page is counted, whichever it is, and ends nothing", virtually(failures)},
		{"again", "two crawls, one after the other or at once, share nothing", virtually(again)},
		{"memory", "memory grows with the pages and not with the links", really(memory)},
	}
}

// virtually runs a check in virtual time. A crawl that cannot go on is found at once, as a deadlock; a goroutine left
// behind too.
func virtually(f func(t *testing.T, c subject)) func(t *testing.T, c subject) {
	return func(t *testing.T, c subject) {
		synctest.Test(t, func(t *testing.T) { f(t, c) })
	}
}

// really runs a check in real time, and looks for goroutines left behind.
func really(f func(t *testing.T, c subject)) func(t *testing.T, c subject) {
	return func(t *testing.T, c subject) {
		before := runtime.NumGoroutine()
		f(t, c)
		for wait := time.Microsecond; runtime.NumGoroutine() > before && wait < time.Second; wait *= 2 {
			time.Sleep(wait) // it may be on its way out
		}
		left := runtime.NumGoroutine() - before
		// What no live goroutine can wake is left for ever. The profile is of Go 1.27, or of GOEXPERIMENT=goroutineleakprofile.
		if p := pprof.Lookup("goroutineleak"); p != nil && left <= 0 && p.WriteTo(io.Discard, 0) == nil {
			left = p.Count()
		}
		if left > 0 {
			t.Fatalf("%s (%d)", leftBehind, left)
		}
	}
}

// leftBehind is also what package testing/synctest says of a bubble.
const leftBehind = "blocked goroutines remain"

// right fails the test unless the crawl of s under o is right.
func right(t *testing.T, c subject, s *site, o crawl.Options) {
	t.Helper()
	if err := s.wrong(c.crawl(context.Background(), s, o), o); err != nil {
		t.Fatalf("with %d workers: %v", o.Workers, err)
	}
}

// So long and so often at least does storm let workers race. On two cores a check-then-act shows within milliseconds.
const (
	stormTime   = 300 * time.Millisecond
	stormCrawls = 400
)

// race calls f for at least so long and so often, with many more workers than processors. One processor would let no two meet, unless
// package yield does.
func race(least time.Duration, times uint64, f func(seed uint64, workers int)) {
	procs := runtime.GOMAXPROCS(0)
	if os.Getenv(yield.Variable) == "" {
		procs = max(2, procs)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
	for start, n := time.Now(), uint64(0); time.Since(start) < least || n < times && time.Since(start) < Patience/3; n++ {
		f(n, 8*procs)
	}
}

// On dense graphs all workers find the same pages; on sparse ones they run out of work again and again.
func storm(t *testing.T, c subject) {
	race(stormTime, stormCrawls, func(seed uint64, workers int) {
		s, o := random(100, 60, seed%24), crawl.Options{Workers: workers}
		switch seed % 3 {
		case 1:
			o.MaxPages = 1 + int(seed%60)
		case 2:
			s = random(400, 2, seed%24)
			s.seeds = []page{0, 1, 2, 3}
		}
		right(t, c, s, o)
	})
}

func shapes(t *testing.T, c subject) {
	for _, s := range []*site{chain(40), star(3000, 2), random(150, 4, 1), random(60, 1, 2), star(0, 0), {links: map[page][]page{0: {0, 0}}}, chain(2)} {
		for _, workers := range []int{0, 1, 3, 16} {
			for _, hint := range []int{0, 1, 10_000} {
				right(t, c, s, crawl.Options{Workers: workers, SizeHint: hint})
			}
		}
	}
}

func seeds(t *testing.T, c subject) {
	s := random(50, 3, 3)
	s.seeds = []page{4, 7, 4, 4, 7, 0}
	for _, workers := range []int{1, 8} {
		right(t, c, s, crawl.Options{Workers: workers})
		right(t, c, s, crawl.Options{Workers: workers, MaxPages: 2})
	}
	none := &site{seeds: []page{}}
	right(t, c, none, crawl.Options{Workers: 2})
}

func collide(t *testing.T, c subject) {
	s := star(2000, 1)
	s.hostile = true
	right(t, c, s, crawl.Options{Workers: 4})
	right(t, c, s, crawl.Options{Workers: 4, SizeHint: 2000})
}

func constant(d time.Duration) func(page) time.Duration { return func(page) time.Duration { return d } }

// 320 leaves of 10 ms over 8 workers, after a root of 10 ms, take exactly 41 turns.
func width(t *testing.T, c subject) {
	const turn = 10 * time.Millisecond
	for workers, turns := range map[int]int{1: 321, 8: 41, 7: 47} {
		if c.maxWorkers > 0 && workers > c.maxWorkers {
			continue
		}
		s := star(320, 1)
		s.latency = constant(turn)
		start := time.Now()
		out := c.crawl(t.Context(), s, crawl.Options{Workers: workers})
		if err := s.wrong(out, crawl.Options{Workers: workers}); err != nil {
			t.Fatalf("with %d workers: %v", workers, err)
		}
		if took := time.Since(start); took != time.Duration(turns)*turn || out.peak != workers {
			t.Fatalf("with %d workers a star of 320 took %v and had %d fetches at once; want %v", workers, took, out.peak, time.Duration(turns)*turn)
		}
	}
	// A chain of 100 that ends in a star of 40: workers that had nothing to do for a while are there when there is.
	const workers = 4
	if c.maxWorkers > 0 && workers > c.maxWorkers {
		return
	}
	s := chain(100)
	for p := range page(40) {
		s.links[99] = append(s.links[99], 100+p)
	}
	s.latency = constant(turn)
	start := time.Now()
	right(t, c, s, crawl.Options{Workers: workers})
	if took := time.Since(start); took != 110*turn {
		t.Fatalf("a chain of 100 and then a star of 40 took %v with %d workers, want %v", took, workers, 110*turn)
	}
}

// Page 1 takes a day; pages 300 and on hang on it.
func slow(t *testing.T, c subject) {
	s := star(200, 1)
	s.links[1] = []page{300, 301, 5}
	s.links[301] = []page{302}
	s.latency = func(p page) time.Duration {
		if p == 1 {
			return 24 * time.Hour
		}
		return time.Millisecond
	}
	right(t, c, s, crawl.Options{Workers: 4})
}

// counted counts the waits that let through.
type counted struct {
	crawl.Limiter
	n atomic.Int64
}

func (c *counted) Wait(ctx context.Context) error {
	err := c.Limiter.Wait(ctx)
	if err == nil {
		c.n.Add(1)
	}
	return err
}

// forms are the limiters that a crawl must get along with: one that wants turns, see crawl.InTurn, and one that does not.
var forms = [...]string{"bucket", "paced"}

func limit(t *testing.T, c subject) {
	for _, form := range forms {
		for _, workers := range []int{1, 8} {
			limited(t, c, form, workers)
		}
	}
}

func limited(t *testing.T, c subject, form string, workers int) {
	const perSecond, burst, pages = 100, 5, 205
	s := star(pages-1, 3)
	s.links[1] = []page{2, 3, 4, 0}
	l := &counted{Limiter: limiter.New(form, perSecond, burst)}
	early := 0
	s.visited = func(_ page, nth int) {
		if int64(nth) > l.n.Load() {
			early++
		}
	}
	o := crawl.Options{Workers: workers, Limiter: crawl.Like(l, l.Limiter)}
	start := time.Now()
	out := c.crawl(t.Context(), s, o)
	if err := s.wrong(out, o); err != nil {
		t.Fatalf("with %d workers: %v", workers, err)
	}
	if n := l.n.Load(); n != pages || early > 0 {
		t.Fatalf("with %d workers: %d waits for %d pages, %d fetches before their wait", workers, n, pages, early)
	}
	if took := time.Since(start); took != pages*time.Second/perSecond {
		t.Fatalf("with %d workers: %d pages at %d/s took %v", workers, pages, perSecond, took)
	}
	for i := range out.starts {
		for j := i; j < len(out.starts); j++ {
			allowed := burst + perSecond*out.starts[j].Sub(out.starts[i]).Seconds()
			if float64(j-i+1) > allowed+1e-6 {
				t.Fatalf("with %d workers: %d fetches within %v", workers, j-i+1, out.starts[j].Sub(out.starts[i]))
			}
		}
	}
}

// refusing lets so many through and then none.
type refusing struct{ left atomic.Int64 }

func (r *refusing) Wait(context.Context) error {
	if r.left.Add(-1) < 0 {
		return errPlanted
	}
	return nil
}

func refusal(t *testing.T, c subject) {
	for _, after := range []int64{0, 1, 50} {
		s := star(1000, 1)
		s.latency = constant(time.Millisecond)
		l := &refusing{}
		l.left.Store(after)
		out := c.crawl(t.Context(), s, crawl.Options{Workers: 4, Limiter: l})
		// How many it let through for how many pages is for the check of the limit.
		if !errors.Is(out.err, errPlanted) || out.inflight > 0 || out.did.Pages != len(out.starts) {
			t.Fatalf("the limiter failed after %d: %d pages fetched, %d reported, error %v", after, len(out.starts), out.did.Pages, out.err)
		}
	}
}

// A star of 400 over 4 workers takes 1010 ms and more; it is cut at the beginning, at a tenth, half, nine tenths, and in
// the last fetches.
func cancel(t *testing.T, c subject) {
	for _, after := range []time.Duration{0, 105, 505, 905, 1005} {
		after *= time.Millisecond
		s := star(400, 1)
		s.latency = constant(10 * time.Millisecond)
		ctx, stop := context.WithTimeout(t.Context(), after)
		start := time.Now()
		out := c.crawl(ctx, s, crawl.Options{Workers: 4})
		took := time.Since(start)
		stop()
		if !errors.Is(out.err, context.DeadlineExceeded) || took != after || out.inflight > 0 {
			t.Fatalf("cancelled after %v, it returned after %v with the error %v and %d fetches in flight", after, took, out.err, out.inflight)
		}
		if out.did.Pages != len(out.starts) {
			t.Fatalf("cancelled after %v, it reports %d pages of %d", after, out.did.Pages, len(out.starts))
		}
	}
}

// staggered is a limiter whose waits are cancelled in the order in which they began, the worst there is: a token bucket
// can take back a reservation only while there is none behind it.
type staggered struct {
	limiter crawl.Limiter
	n       atomic.Int64
}

func (s *staggered) Wait(ctx context.Context) error {
	n := s.n.Add(1)
	own, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	stop := context.AfterFunc(ctx, func() {
		time.Sleep(time.Duration(n) * time.Microsecond)
		cancel(ctx.Err())
	})
	defer stop()
	return s.limiter.Wait(own)
}

func debt(t *testing.T, c subject) {
	for _, form := range forms {
		indebted(t, c, form)
	}
}

func indebted(t *testing.T, c subject, form string) {
	l := &staggered{limiter: limiter.New(form, 10, 1)}
	ctx, stop := context.WithCancel(t.Context())
	time.AfterFunc(1050*time.Millisecond, stop)
	out := c.crawl(ctx, star(500, 1), crawl.Options{Workers: 20, Limiter: crawl.Like(l, l.limiter)})
	if len(out.starts) > 12 {
		return // it does not heed the limiter or the context, which is for other checks to say
	}
	start := time.Now()
	if err := l.limiter.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 100*time.Millisecond {
		t.Fatalf("whoever comes next waits %v for a token, at 10 a second", took)
	}
}

func failures(t *testing.T, c subject) {
	const pages = 40
	for bad := range page(pages) {
		s := random(pages, 3, 5)
		s.fails = func(p page) bool { return p == bad }
		right(t, c, s, crawl.Options{Workers: 4})
	}
	s := random(pages, 3, 5)
	s.fails = func(p page) bool { return p%3 == 1 }
	right(t, c, s, crawl.Options{Workers: 4})
}

func again(t *testing.T, c subject) {
	s := random(100, 4, 6)
	s.latency = constant(time.Millisecond)
	o := crawl.Options{Workers: 4}
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Millisecond+time.Microsecond)
	c.crawl(ctx, s, o) // a crawl that did not come to its end leaves nothing either
	stop()
	right(t, c, s, o)
	right(t, c, s, o)
	var pool sync.WaitGroup
	for range 3 {
		pool.Go(func() {
			if err := s.wrong(c.crawl(context.Background(), s, o), o); err != nil {
				t.Errorf("beside others: %v", err)
			}
		})
	}
	pool.Wait()
}

// A thousand pages that all link to each other have a million links: whoever queues links holds a hundred times what
// whoever queues pages does.
func memory(t *testing.T, c subject) {
	const pages, most = 1000, 1 << 20
	s := &site{links: map[page][]page{}}
	all := make([]page, pages)
	for p := range all {
		all[p] = page(p)
	}
	for p := range all {
		s.links[page(p)] = all
	}
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	var before, peak int64
	s.visited = func(_ page, nth int) {
		switch {
		case nth == 1:
			before = heap() // the site stands
		case nth%100 == 0:
			peak = max(peak, heap()-before)
		}
	}
	right(t, c, s, crawl.Options{Workers: 1})
	if peak > most {
		t.Errorf("the heap grew by %d KiB over a crawl of %d pages with %d links", peak>>10, pages, pages*pages)
	}
}
