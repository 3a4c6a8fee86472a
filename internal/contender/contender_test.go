package contender_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"crawlbench/internal/contender"
	"crawlbench/internal/crawl"

	"golang.org/x/time/rate"
)

// toy is a web in a map that notes what is fetched.
type toy[K comparable] struct {
	links   map[K][]K
	latency time.Duration
	fails   func(K) bool

	mu             sync.Mutex
	fetches        map[K]int
	inflight, peak int
}

var errPlanted = errors.New("planted")

func (w *toy[K]) Fetch(ctx context.Context, page K) ([]K, error) {
	w.mu.Lock()
	w.fetches[page]++
	w.inflight++
	w.peak = max(w.peak, w.inflight)
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		w.inflight--
		w.mu.Unlock()
	}()
	if w.latency > 0 {
		timer := time.NewTimer(w.latency)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if w.fails != nil && w.fails(page) {
		return nil, errPlanted
	}
	return w.links[page], nil
}

// reach is the oracle: the pages that a crawl from start fetches.
func (w *toy[K]) reach(start K) map[K]bool {
	seen := map[K]bool{start: true}
	for queue := []K{start}; len(queue) > 0; queue = queue[1:] {
		if w.fails != nil && w.fails(queue[0]) {
			continue
		}
		for _, link := range w.links[queue[0]] {
			if !seen[link] {
				seen[link] = true
				queue = append(queue, link)
			}
		}
	}
	return seen
}

// random returns n pages with many duplicate and self links.
func random(n, degree int, seed uint64) map[uint32][]uint32 {
	draw := rand.New(rand.NewPCG(seed, 0))
	g := map[uint32][]uint32{}
	for p := range n {
		for range draw.IntN(2 * degree) {
			g[uint32(p)] = append(g[uint32(p)], uint32(draw.IntN(n)))
		}
	}
	return g
}

// star returns a root that links to n leaves, twice each.
func star(n int) map[uint32][]uint32 {
	g := map[uint32][]uint32{}
	for p := range uint32(n) {
		g[0] = append(g[0], p+1, p+1)
	}
	return g
}

func chain(n int) map[uint32][]uint32 {
	g := map[uint32][]uint32{}
	for p := range uint32(n - 1) {
		g[p] = []uint32{p + 1, p, 0}
	}
	return g
}

// design is a contender for one kind of key, so that a test need not know which.
type design struct {
	name       string
	maxWorkers int
	// crawl crawls links from 0, and returns what was fetched, the most fetches at once, and the oracle's answer.
	crawl func(ctx context.Context, links map[uint32][]uint32, latency time.Duration, fails func(uint32) bool, o crawl.Options) (seen seen)
}

type seen struct {
	did     crawl.Result
	err     error
	fetches map[uint32]int
	reach   map[uint32]bool
	peak    int
}

func designs() []design {
	var list []design
	for _, c := range contender.All() {
		list = append(list, of(c.Name+"/id", c.MaxWorkers, c.ByID, func(p uint32) uint32 { return p }, func(p uint32) uint32 { return p }))
		list = append(list, of(c.Name+"/url", c.MaxWorkers, c.ByURL, func(p uint32) string {
			return fmt.Sprintf("https://h%d.example/page-%d", p%7, p)
		}, func(u string) uint32 {
			i := slices.Index([]byte(u), '-')
			p, _ := strconv.Atoi(u[i+1:])
			return uint32(p)
		}))
	}
	return list
}

func of[K comparable](name string, maxWorkers int, f crawl.Func[K], key func(uint32) K, page func(K) uint32) design {
	return design{name, maxWorkers, func(ctx context.Context, links map[uint32][]uint32, latency time.Duration, fails func(uint32) bool, o crawl.Options) seen {
		w := &toy[K]{links: map[K][]K{}, latency: latency, fetches: map[K]int{}}
		if fails != nil {
			w.fails = func(k K) bool { return fails(page(k)) }
		}
		for p, ls := range links {
			for _, l := range ls {
				w.links[key(p)] = append(w.links[key(p)], key(l))
			}
		}
		s := seen{fetches: map[uint32]int{}, reach: map[uint32]bool{}}
		s.did, s.err = f(ctx, w, []K{key(0), key(0)}, o)
		if w.inflight != 0 {
			s.err = errors.New("returned with fetches in flight")
		}
		for k, n := range w.fetches {
			s.fetches[page(k)] = n
		}
		for k := range w.reach(key(0)) {
			s.reach[page(k)] = true
		}
		s.peak = w.peak
		return s
	}}
}

// wrong returns what is wrong with a crawl that was let run to its end.
func wrong(s seen, o crawl.Options) error {
	if s.err != nil {
		return s.err
	}
	want := len(s.reach)
	if o.MaxPages > 0 {
		want = min(want, o.MaxPages)
	}
	for p, n := range s.fetches {
		if n != 1 || !s.reach[p] {
			return fmt.Errorf("page %d was fetched %d times, reachable: %v", p, n, s.reach[p])
		}
	}
	if len(s.fetches) != want || s.did.Pages != want {
		return fmt.Errorf("%d pages fetched, %d reported, want %d", len(s.fetches), s.did.Pages, want)
	}
	if s.peak > max(1, o.Workers) {
		return fmt.Errorf("%d fetches at once with %d workers", s.peak, o.Workers)
	}
	return nil
}

func each(t *testing.T, f func(t *testing.T, d design)) {
	for _, d := range designs() {
		t.Run(d.name, func(t *testing.T) { f(t, d) })
	}
}

func TestVisitsEveryPageOnce(t *testing.T) {
	graphs := map[string]map[uint32][]uint32{
		"random": random(500, 8, 1), "star": star(1000), "chain": chain(100), "one page": {0: {0, 0}}, "alone": {},
	}
	each(t, func(t *testing.T, d design) {
		for name, g := range graphs {
			for _, workers := range []int{0, 2, 16} {
				for _, hint := range []int{0, 5000} {
					for _, budget := range []int{0, 1, 150} {
						o := crawl.Options{Workers: workers, SizeHint: hint, MaxPages: budget}
						if err := wrong(d.crawl(context.Background(), g, 0, nil, o), o); err != nil {
							t.Errorf("%s, %+v: %v", name, o, err)
						}
					}
				}
			}
		}
	})
}

// A wrong crawler must not pass the check of the test above.
func TestTheCheckBites(t *testing.T) {
	twice := func(ctx context.Context, web crawl.Web[uint32], seeds []uint32, o crawl.Options) (crawl.Result, error) {
		for _, s := range seeds { // 0 is seeded twice
			web.Fetch(ctx, s)
		}
		return crawl.Result{Pages: 1}, nil
	}
	same := func(p uint32) uint32 { return p }
	d := of("twice", 0, twice, same, same)
	if wrong(d.crawl(context.Background(), map[uint32][]uint32{}, 0, nil, crawl.Options{}), crawl.Options{}) == nil {
		t.Error("a crawler that fetches a page twice passes")
	}
}

func TestFailedPagesAreCountedAndEndNothing(t *testing.T) {
	g := random(200, 6, 2)
	each(t, func(t *testing.T, d design) {
		for bad := range uint32(20) {
			fails := func(p uint32) bool { return p%20 == bad }
			s := d.crawl(context.Background(), g, 0, fails, crawl.Options{Workers: 4})
			if err := wrong(s, crawl.Options{Workers: 4}); err != nil {
				t.Fatal(err)
			}
			failed := 0
			for p := range s.reach {
				if fails(p) {
					failed++
				}
			}
			if s.did.Errors != failed {
				t.Fatalf("%d errors reported, %d pages failed", s.did.Errors, failed)
			}
		}
	})
}

// 320 leaves of 10 ms each over 8 workers, after a root of 10 ms, take exactly 41 turns; any more is a design that leaves
// workers idle, any less one that has too many.
func TestAllWorkersAreBusy(t *testing.T) {
	each(t, func(t *testing.T, d design) {
		synctest.Test(t, func(t *testing.T) {
			workers, turns := 8, 41
			if d.maxWorkers == 1 {
				turns = 321
			}
			start := time.Now()
			s := d.crawl(t.Context(), star(320), 10*time.Millisecond, nil, crawl.Options{Workers: workers})
			if err := wrong(s, crawl.Options{Workers: workers}); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took != time.Duration(turns)*10*time.Millisecond {
				t.Errorf("took %v, want %d turns of 10 ms", took, turns)
			}
		})
	})
}

// counted is a limiter that counts.
type counted struct {
	crawl.Limiter
	waits atomic.Int64
}

func (c *counted) Wait(ctx context.Context) error {
	c.waits.Add(1)
	return c.Limiter.Wait(ctx)
}

func TestLimiterPacesPagesOnly(t *testing.T) {
	each(t, func(t *testing.T, d design) {
		for _, workers := range []int{1, 8} {
			synctest.Test(t, func(t *testing.T) {
				limiter := &counted{Limiter: rate.NewLimiter(100, 1)}
				o := crawl.Options{Workers: workers, Limiter: limiter}
				start := time.Now()
				s := d.crawl(t.Context(), star(200), 0, nil, o)
				if err := wrong(s, o); err != nil {
					t.Fatal(err)
				}
				if n := limiter.waits.Load(); n != 201 {
					t.Errorf("%d waits for 201 pages", n)
				}
				if took := time.Since(start); took != 2*time.Second {
					t.Errorf("201 pages at 100/s and burst 1 took %v, want 2s", took)
				}
			})
		}
	})
}

type broken struct{ after atomic.Int64 }

func (b *broken) Wait(context.Context) error {
	if b.after.Add(-1) < 0 {
		return errPlanted
	}
	return nil
}

func TestLimiterErrorEndsTheCrawl(t *testing.T) {
	each(t, func(t *testing.T, d design) {
		synctest.Test(t, func(t *testing.T) {
			b := &broken{}
			b.after.Store(50)
			s := d.crawl(t.Context(), star(1000), time.Millisecond, nil, crawl.Options{Workers: 4, Limiter: b})
			if !errors.Is(s.err, errPlanted) {
				t.Errorf("error %v, want the limiter's", s.err)
			}
			if len(s.fetches) != 50 || s.did.Pages != 50 {
				t.Errorf("%d fetches, %d reported; the limiter let 50 through", len(s.fetches), s.did.Pages)
			}
		})
	})
}

// The bubble fails the test if a goroutine is left.
func TestCancelReturnsAtThatInstant(t *testing.T) {
	each(t, func(t *testing.T, d design) {
		for _, after := range []time.Duration{0, 5, 105, 405, 795} {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), after*time.Millisecond)
				defer cancel()
				start := time.Now()
				s := d.crawl(ctx, star(1000), 10*time.Millisecond, nil, crawl.Options{Workers: 4, Limiter: rate.NewLimiter(5000, 50)})
				if !errors.Is(s.err, context.DeadlineExceeded) {
					t.Errorf("after %v: error %v", after, s.err)
				}
				if took := time.Since(start); took != after*time.Millisecond {
					t.Errorf("after %v: returned after %v", after, took)
				}
			})
		}
	})
}
