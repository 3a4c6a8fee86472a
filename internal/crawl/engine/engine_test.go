package engine_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/engine"
	"crawlbench/internal/crawl/visited"
)

// Package conform tests what crawlers must do in general.

// site has one page that takes a day, and records when each page was fetched.
type site struct {
	links map[uint32][]uint32
	slow  uint32

	mu    sync.Mutex
	when  map[uint32]time.Duration
	start time.Time
	ahead [][]uint32
}

const day = 24 * time.Hour

func (s *site) Fetch(ctx context.Context, page uint32) ([]uint32, error) {
	s.mu.Lock()
	s.when[page] = time.Since(s.start)
	s.mu.Unlock()
	if page == s.slow {
		time.Sleep(day)
	}
	return s.links[page], nil
}

// tree returns a tree with four children per page; a worker holds hundreds of pages when it reaches
// the slow one.
func tree(pages uint32) map[uint32][]uint32 {
	links := map[uint32][]uint32{}
	for p := uint32(1); p < pages; p++ {
		links[(p-1)/4] = append(links[(p-1)/4], p)
	}
	return links
}

// While a worker waits for a slow page, others fetch all pages that it holds.
func TestSlowPageDelaysNoOther(t *testing.T) {
	const pages = 5000
	for slow := uint32(1300); slow < pages; slow += 617 { // leaves
		synctest.Test(t, func(t *testing.T) {
			s := &site{links: tree(pages), slow: slow, when: map[uint32]time.Duration{}, start: time.Now()}
			did, err := engine.FromVisited("x", "x", visited.NewBits, nil).ByID(t.Context(), s, []uint32{0},
				crawl.Options{Workers: 3})
			if err != nil || did.Pages != pages || time.Since(s.start) != day {
				t.Fatalf("%+v, %v, after %v", did, err, time.Since(s.start))
			}
			for p, at := range s.when {
				if at != 0 {
					t.Fatalf("page %d waited %v for page %d", p, at, slow)
				}
			}
		})
	}
}

type reader struct{ *site }

func (r reader) Prefetch(near, far []uint32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ahead = append(r.ahead, slices.Clone(near), slices.Clone(far))
}

// Prefetching announces nearly every page, and none that is not fetched; the plain engine announces
// none.
func TestReadAheadAnnouncesWhatIsFetched(t *testing.T) {
	const pages = 5000
	for name, c := range map[string]crawl.Crawler{"ahead": engine.Prefetching("x", "x", visited.NewBits, nil),
		"plain": engine.FromVisited("x", "x", visited.NewBits, nil)} {
		s := &site{links: tree(pages), slow: pages, when: map[uint32]time.Duration{}}
		did, err := c.ByID(t.Context(), reader{s}, []uint32{0}, crawl.Options{Workers: 1})
		if err != nil || did.Pages != pages {
			t.Fatalf("%+v, %v", did, err)
		}
		told := map[uint32]bool{}
		for _, list := range s.ahead {
			for _, p := range list {
				if _, ok := s.when[p]; !ok {
					t.Errorf("page %d was announced and not fetched", p)
				}
				told[p] = true
			}
		}
		if name == "plain" && len(told) > 0 || name == "ahead" && len(told) < pages*9/10 {
			t.Errorf("%s: %d of %d pages were announced", name, len(told), pages)
		}
	}
}

func TestBudgetIsExactAmongMany(t *testing.T) {
	for _, limit := range []int{0, 1, 1000} {
		b := engine.NewBudget(limit)
		var all sync.WaitGroup
		got := make([]int, 8)
		for i := range got {
			all.Go(func() {
				for n := range 100 {
					got[i] += b.Admit(n % 7)
				}
			})
		}
		all.Wait()
		sum, asked := 0, 0
		for _, n := range got {
			sum += n
		}
		for n := range 100 {
			asked += len(got) * (n % 7)
		}
		if want := limit; limit == 0 && sum != asked || limit > 0 && sum != want {
			t.Errorf("budget of %d: %d admitted of %d requested", limit, sum, asked)
		}
	}
}

// BenchmarkEngine measures the engine's cost per page: a crawl of a tree with a set that admits
// every link.
func BenchmarkEngine(b *testing.B) {
	const pages = 1 << 16
	links := make([][]uint32, pages)
	for p, l := range tree(pages) {
		links[p] = l
	}
	c := engine.FromVisited("x", "x", func(int) crawl.Visited[uint32] { return all{} }, nil)
	for _, workers := range []int{1, 2, 64} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			for b.Loop() {
				if did, err := c.ByID(b.Context(), plain(links), []uint32{0},
					crawl.Options{Workers: workers}); did.Pages != pages || err != nil {
					b.Fatal(did, err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/pages, "ns/page")
		})
	}
}

type plain [][]uint32

func (p plain) Fetch(_ context.Context, page uint32) ([]uint32, error) { return p[page], nil }

type all struct{}

func (all) AddNew(dst, links []uint32) []uint32 { return append(dst, links...) }
