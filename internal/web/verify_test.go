package web

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
)

// small returns a graph of pages 0 to 3 in a ring with a chord, and page 4, to which nothing links.
func small() *graph.Graph {
	return &graph.Graph{
		Offsets: []uint64{0, 2, 3, 4, 6, 7},
		Links:   []uint32{1, 2, 2, 3, 0, 0, 0},
		Hosts:   []uint32{0, 2},
	}
}

func newSite(b graph.Behaviour) *Site {
	g := small()
	return New(g, graph.Walk(g, b.Fails), b, 0)
}

// pass is a limiter that grants every wait at once.
type pass struct{}

func passing() crawl.Limiter { return pass{} }

func (pass) Wait(context.Context) error { return nil }

// begin performs the first half of a fetch of page.
func (s *Site) begin(page uint32) (counted bool) {
	counted = s.verifier.enter()
	s.verifier.note(page)
	return counted
}

// Each case is a scripted crawl and the violation that it must cause, if any.
func TestViolations(t *testing.T) {
	ctx := context.Background()
	fetch := func(s *Site, pages ...uint32) {
		for _, p := range pages {
			s.IDs().Fetch(ctx, p)
		}
	}
	paced := func(s *Site, l crawl.Limiter, pages ...uint32) {
		for _, p := range pages {
			l.Wait(ctx)
			fetch(s, p)
		}
	}
	four := crawl.Result{Pages: 4}
	for _, test := range []struct {
		name  string
		rules Rules
		crawl func(s *Site, l crawl.Limiter) (crawl.Result, error)
		want  string
	}{
		{"correct", Rules{Workers: 1}, func(s *Site, _ crawl.Limiter) (crawl.Result, error) {
			fetch(s, 3, 1, 0, 2)
			return four, nil
		}, ""},
		{"correct, with limiter", Rules{Workers: 1, Limiter: passing},
			func(s *Site, l crawl.Limiter) (crawl.Result, error) {
				paced(s, l, 0, 1, 2, 3)
				return four, nil
			}, ""},
		{"correct, two at once", Rules{Workers: 2}, func(s *Site, _ crawl.Limiter) (crawl.Result, error) {
			s.begin(0)
			fetch(s, 1, 2, 3)
			s.verifier.leave(true, nil)
			return four, nil
		}, ""},
		{"correct, within budget", Rules{Workers: 1, MaxPages: 3},
			func(s *Site, _ crawl.Limiter) (crawl.Result, error) {
				fetch(s, 0, 1, 2)
				return crawl.Result{Pages: 3}, nil
			}, ""},
		{"correct, budget beyond the graph", Rules{Workers: 1, MaxPages: 9},
			func(s *Site, _ crawl.Limiter) (crawl.Result, error) {
				fetch(s, 0, 1, 2, 3)
				return four, nil
			}, ""},
		{"twice", Rules{Workers: 1}, func(s *Site, _ crawl.Limiter) (crawl.Result, error) {
			fetch(s, 0, 1, 2, 3, 2)
			return crawl.Result{Pages: 5}, nil
		}, "1 fetch of pages that had been fetched before (page 2)"},
		{"missing", Rules{Workers: 1}, func(s *Site, _ crawl.Limiter) (crawl.Result, error) {
			fetch(s, 0, 1, 2)
			return crawl.Result{Pages: 3}, nil
		}, "1 of 4 reachable pages were not fetched (page 3)"},
		{"one missing, one twice", Rules{Workers: 1}, func(s *Site, _ crawl.Limiter) (crawl.Result, error) {
			fetch(s, 0, 1, 2, 2)
			return four, nil
		}, "1 fetch of pages that had been fetched before (page 2); 1 of 4 reachable"},
		{"unlinked", Rules{Workers: 1}, func(s *Site, _ crawl.Limiter) (crawl.Result, error) {
			fetch(s, 0, 1, 2, 3, 4)
			return crawl.Result{Pages: 5}, nil
		}, "1 pages were fetched that no link leads to (page 4)"},
		{"unlinked within budget", Rules{Workers: 1, MaxPages: 2},
			func(s *Site, _ crawl.Limiter) (crawl.Result, error) {
				fetch(s, 0, 4)
				return crawl.Result{Pages: 2}, nil
			}, "no link leads to (page 4)"},
		{"no such page", Rules{Workers: 1}, func(s *Site, _ crawl.Limiter) (crawl.Result, error) {
			fetch(s, 0, 1, 2, 3, 5)
			return four, nil
		}, "1 fetch of unknown pages (5)"},
		{"no such URL", Rules{Workers: 1}, func(s *Site, _ crawl.Limiter) (crawl.Result, error) {
			fetch(s, 0, 1, 2, 3)
			s.URLs().Fetch(ctx, "https://elsewhere.example/")
			return four, nil
		}, "1 fetch of unknown pages (https://elsewhere.example/)"},
		{"too many at once", Rules{Workers: 1}, func(s *Site, _ crawl.Limiter) (crawl.Result, error) {
			s.begin(0)
			fetch(s, 1, 2, 3)
			s.verifier.leave(true, nil)
			return four, nil
		}, "3 fetches began with 1 others in flight"},
		{"early return", Rules{Workers: 1}, func(s *Site, _ crawl.Limiter) (crawl.Result, error) {
			fetch(s, 1, 2, 3)
			s.begin(0)
			return four, nil
		}, "returned with 1 fetches in flight"},
		{"over budget", Rules{Workers: 1, MaxPages: 2}, func(s *Site, _ crawl.Limiter) (crawl.Result, error) {
			fetch(s, 0, 1, 2)
			return crawl.Result{Pages: 3}, nil
		}, "3 pages were fetched, the budget is 2"},
		{"under budget", Rules{Workers: 1, MaxPages: 2}, func(s *Site, _ crawl.Limiter) (crawl.Result, error) {
			fetch(s, 0)
			return crawl.Result{Pages: 1}, nil
		}, "1 pages were fetched, the budget is 2"},
		{"did not wait", Rules{Workers: 1, Limiter: passing}, func(s *Site, l crawl.Limiter) (crawl.Result, error) {
			paced(s, l, 0, 1, 2)
			fetch(s, 3)
			return four, nil
		}, "1 fetches began before the limiter granted them; it waited on the limiter 3 times for 4 fetches"},
		{"waited afterwards", Rules{Workers: 1, Limiter: passing},
			func(s *Site, l crawl.Limiter) (crawl.Result, error) {
				fetch(s, 3)
				l.Wait(ctx)
				paced(s, l, 0, 1, 2)
				return four, nil
			}, "1 fetches began before"},
		{"waited for a duplicate", Rules{Workers: 1, Limiter: passing},
			func(s *Site, l crawl.Limiter) (crawl.Result, error) {
				l.Wait(ctx)
				paced(s, l, 0, 1, 2, 3)
				return four, nil
			}, "waited on the limiter 5 times for 4 fetches"},
		{"miscounted", Rules{Workers: 1}, func(s *Site, _ crawl.Limiter) (crawl.Result, error) {
			fetch(s, 0, 1, 2, 3)
			return crawl.Result{Pages: 3, Errors: 1}, nil
		}, "reports 3 pages but fetched 4; it reports 1 errors but 0 fetches failed"},
		{"error", Rules{Workers: 1}, func(s *Site, _ crawl.Limiter) (crawl.Result, error) {
			fetch(s, 0, 1, 2, 3)
			return four, errors.New("gave up")
		}, `returned the error "gave up"`},
	} {
		s := newSite(graph.Behaviour{})
		for range 2 { // the first crawl must not affect the verification of the second
			l := s.Begin(test.rules)()
			if (l == nil) != (test.rules.Limiter == nil) {
				t.Errorf("%s: limiter %v", test.name, l)
			}
			err := s.End(test.crawl(s, l))
			switch {
			case test.want == "" && err != nil:
				t.Errorf("%s: %v", test.name, err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("%s: violations %v, want one with %q", test.name, err, test.want)
			}
		}
	}
}

func TestBothKindsOfKeyAreTheSameSite(t *testing.T) {
	s := newSite(graph.Behaviour{})
	s.Begin(Rules{Workers: 1})
	g := small()
	for p := range uint32(g.Pages()) {
		ids, err := s.IDs().Fetch(context.Background(), p)
		urls, errURL := s.URLs().Fetch(context.Background(), g.URL(p))
		if err != nil || errURL != nil || len(ids) != len(urls) {
			t.Fatalf("page %d: %v %v, %v %v", p, ids, err, urls, errURL)
		}
		for i := range ids {
			if g.URL(ids[i]) != urls[i] {
				t.Errorf("page %d: link %d is %s by URL and %s by id", p, i, urls[i], g.URL(ids[i]))
			}
		}
	}
}

func TestFailedFetchIsCountedAndHasNoLinks(t *testing.T) {
	s := newSite(graph.Behaviour{Fail: 1})
	s.Begin(Rules{Workers: 1})
	links, err := s.IDs().Fetch(context.Background(), 0)
	if !errors.Is(err, errFailed) || links != nil {
		t.Errorf("links %v, error %v", links, err)
	}
	if err := s.End(crawl.Result{Pages: 1, Errors: 1}, nil); err != nil {
		t.Errorf("the start page fails, so it is the only page: %v", err)
	}
}

// If a fetch takes time, or processors outnumber the workers, every fetch in flight is counted
// throughout. Otherwise the third fetch of this test could not begin while two are running on the
// two processors.
func TestFetchesInFlightAreCountedWhereTheyCanBeTooMany(t *testing.T) {
	slow := graph.Behaviour{Latency: graph.Latency{Model: "constant", Median: time.Millisecond}}
	for _, test := range []struct {
		name  string
		site  graph.Behaviour
		procs int
		found bool
	}{
		{"slow", slow, 1, true},
		{"slow", slow, 8, true},
		{"burning", graph.Behaviour{CPU: time.Microsecond}, 1, true},
		{"more processors than workers", graph.Behaviour{}, 3, true},
		{"as many processors as workers", graph.Behaviour{}, 2, false},
	} {
		g := small()
		s := New(g, graph.Walk(g, nil), test.site, 1)
		procs := runtime.GOMAXPROCS(test.procs)
		s.Begin(Rules{Workers: 2})
		runtime.GOMAXPROCS(procs)
		var counted []bool
		for page := range uint32(4) {
			counted = append(counted, s.begin(page))
		}
		if !s.Overlapped() {
			t.Errorf("%s, %d processors: they did not overlap", test.name, test.procs)
		}
		for _, c := range counted {
			s.verifier.leave(c, nil)
		}
		err := s.End(crawl.Result{Pages: 4}, nil)
		found := err != nil && err.Error() == "2 fetches began with 2 others in flight, the most allowed"
		if found != test.found || !found && err != nil {
			t.Errorf("%s, %d processors: %v", test.name, test.procs, err)
		}
	}
}

// Consecutive fetches do not overlap, whether fetches are counted throughout or until two have
// overlapped.
func TestFetchesOneAfterAnotherDoNotOverlap(t *testing.T) {
	s := newSite(graph.Behaviour{})
	for _, workers := range []int{1, 1000} {
		s.Begin(Rules{Workers: workers})
		for page := range uint32(4) {
			s.verifier.leave(s.begin(page), nil)
			if s.Overlapped() {
				t.Fatalf("%d workers: after page %d, fetched alone, Overlapped is true", workers, page)
			}
		}
		first := s.begin(0)
		second := s.begin(1)
		s.verifier.leave(first, nil)
		s.verifier.leave(second, nil)
		if !s.Overlapped() {
			t.Errorf("%d workers: two fetches at once, but Overlapped is false", workers)
		}
	}
}

// A page counts once for each time it is fetched, in any word of the bitset.
func TestFetchedCountsPagesOfEveryWord(t *testing.T) {
	const pages = 130
	g := &graph.Graph{Offsets: make([]uint64, pages+1), Hosts: []uint32{0, 2}}
	s := New(g, graph.Walk(g, nil), graph.Behaviour{}, 0)
	s.Begin(Rules{Workers: 1})
	for i, page := range []uint32{129, 0, 63, 64, 64, 1, 0, 64} {
		s.verifier.leave(s.begin(page), nil)
		if got := s.Fetched(); got != i+1 {
			t.Fatalf("after page %d: %d fetched, want %d", page, got, i+1)
		}
	}
}
