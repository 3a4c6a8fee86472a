package web

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
)

// In an exact crawl every fetch is checked against the links handed out before it, by id and by
// URL.
func TestFetchBeforeItsLinkIsFound(t *testing.T) {
	g := path(200, 200)
	for _, test := range []struct {
		name  string
		order []uint32 // of the fetches; then the rest in order
		want  string
	}{
		{"in order", nil, ""},
		{"the second first", []uint32{1}, "1 pages were fetched before any link to them was handed out (page 1)"},
		{"in two words", []uint32{0, 1, 70, 2, 199},
			"2 pages were fetched before any link to them was handed out (page 70, 199)"},
		{"backwards", []uint32{5, 4, 3, 2, 1},
			"5 pages were fetched before any link to them was handed out (page 5, 4, 3)"},
	} {
		for _, byURL := range []bool{false, true} {
			s := New(g, graph.Walk(g, nil), graph.Behaviour{}, 0)
			for range 2 { // links handed out in one crawl do not count in the next
				s.Begin(Rules{Workers: 1, Exact: true})
				s.verifier.renaming.pool = []candidate{} // rename nothing: the script would not know
				done := map[uint32]bool{}
				fetch := func(p uint32) {
					if done[p] {
						return
					}
					done[p] = true
					if byURL {
						s.URLs().Fetch(t.Context(), g.URL(p))
					} else {
						s.IDs().Fetch(t.Context(), p)
					}
				}
				for _, p := range test.order {
					fetch(p)
				}
				for p := range uint32(200) {
					fetch(p)
				}
				got := ""
				if err := s.End(crawl.Result{Pages: 200}, nil); err != nil {
					got = err.Error()
				}
				if got != test.want {
					t.Errorf("%s, by URL %v: %q, want %q", test.name, byURL, got, test.want)
				}
			}
		}
	}
}

// A link is handed out when the fetch of its page returns, not when it begins; a failed fetch hands
// out none.
func TestLinksAreHandedOutWhenTheFetchReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := path(3, 3)
		waits := graph.Behaviour{Latency: graph.Latency{Model: "constant", Median: time.Second}}
		s := New(g, graph.Walk(g, nil), waits, 0)
		for _, pause := range []time.Duration{999 * time.Millisecond, time.Second} {
			s.Begin(Rules{Workers: 2, Exact: true})
			s.verifier.renaming.pool = []candidate{}
			var all sync.WaitGroup
			all.Go(func() { s.IDs().Fetch(t.Context(), 0) })
			time.Sleep(pause)
			synctest.Wait()
			s.IDs().Fetch(t.Context(), 1)
			s.IDs().Fetch(t.Context(), 2)
			all.Wait()
			err := s.End(crawl.Result{Pages: 3}, nil)
			early := err != nil && strings.Contains(err.Error(),
				"1 pages were fetched before any link to them was handed out (page 1)")
			if early != (pause < time.Second) || !early && err != nil {
				t.Errorf("fetched %v after the page with its link: %v", pause, err)
			}
		}
	})
	s := newSite(graph.Behaviour{Fail: 1})
	s.Begin(Rules{Workers: 1, Exact: true})
	s.IDs().Fetch(t.Context(), 0)
	s.IDs().Fetch(t.Context(), 1)
	if err := s.End(crawl.Result{Pages: 2, Errors: 2}, nil); err == nil ||
		!strings.Contains(err.Error(), "before any link to them was handed out (page 1)") {
		t.Errorf("the link of a page that failed was followed: %v", err)
	}
}

// An exact crawl reveals a single excess worker on any number of processors, though fetches take no
// time, and never blames a correct crawl.
func TestExactCrawlFindsOneWorkerTooMany(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	tries := 20
	if testing.Short() {
		tries = 3
	}
	for procs, kind := range map[int]string{1: "star", 2: "uniform", 8: "hosts"} {
		g := build(t, graph.Spec{Kind: kind, Pages: 1500, Seed: 1})
		s := New(g, graph.Walk(g, nil), graph.Behaviour{}, 0)
		runtime.GOMAXPROCS(procs)
		for _, workers := range []int{1, 2, 9, 64} {
			for try := range tries {
				for more := range 2 {
					found, err := false, error(nil)
					// The excess worker may get no processor meanwhile.
					for again := 0; again == 0 || more > 0 && !found && again < 5; again++ {
						s.Begin(Rules{Workers: workers, Exact: true})
						err = s.End(honest(s.IDs(), g.Start, crawl.Options{Workers: workers + more}, nil), nil)
						found = err != nil && strings.Contains(err.Error(), "others in flight, the most allowed")
					}
					if found != (more > 0) || !found && err != nil {
						t.Errorf("%s on %d processors, %d workers where %d are allowed, try %d: %v", kind, procs,
							workers+more, workers, try, err)
					}
				}
			}
		}
	}
}

// The probe is called in the 1st, 2nd, 4th ... fetch of an exact crawl, and in no other crawl.
func TestProbe(t *testing.T) {
	g := path(100, 100)
	s := New(g, graph.Walk(g, nil), graph.Behaviour{}, 0)
	for _, exact := range []bool{true, false} {
		var at []int
		s.Begin(Rules{Workers: 1, Exact: exact, Probe: func() { at = append(at, s.Fetched()) }})
		s.End(honest(s.IDs(), 0, crawl.Options{Workers: 1}, nil), nil)
		if exact != (len(at) == 7) || len(at) > 0 && (at[0] != 0 || at[6] != 63) {
			t.Errorf("exact %v: the probe was called after %v fetches", exact, at)
		}
	}
}

// A crawl that repeats fetches for ever is ended, and the reason is given.
func TestEndlessCrawlIsEnded(t *testing.T) {
	for _, exact := range []bool{true, false} {
		for _, fault := range []string{"again", "nowhere"} {
			g := path(100, 100)
			s := New(g, graph.Walk(g, nil), graph.Behaviour{}, 0)
			ctx, cancel := context.WithCancel(t.Context())
			stops := 0
			s.Begin(Rules{Workers: 1, Exact: exact, Stop: func() { stops++; cancel() }})
			fetches, answered := 0, 0
			for ; ctx.Err() == nil; fetches++ {
				page := uint32(fetches % 10)
				if fault == "nowhere" && fetches >= 10 {
					page += 1000
				}
				if _, err := s.IDs().Fetch(ctx, page); err == nil {
					answered++
				}
			}
			if v := s.Ended(); v == nil || !strings.HasSuffix(v.Error(), "; "+stoppedEarly) {
				t.Errorf("%s: ended because %v", fault, v)
			}
			for page := range uint32(20) {
				if links, err := s.IDs().Fetch(ctx, page); err == nil || links != nil {
					t.Errorf("%s: page %d is answered after the end", fault, page)
				}
			}
			want := "64 fetches of pages that had been fetched before (page 0, 1, 2); " + stoppedEarly
			if fault == "nowhere" {
				want = "64 fetches of unknown pages (1000, 1001, 1002); " + stoppedEarly
			}
			if err := s.End(crawl.Result{}, ctx.Err()); err == nil || err.Error() != want || stops != 1 ||
				fetches != 10+maxUseless {
				t.Errorf("%s, exact %v: after %d fetches %v, want %q; stopped %d times", fault, exact, fetches, err,
					want, stops)
			}
			s.Begin(Rules{Workers: 1})
			if err := s.End(honest(s.IDs(), 0, crawl.Options{Workers: 1}, nil), nil); err != nil || s.Ended() != nil {
				t.Errorf("%s: the next crawl: %v", fault, err)
			}
		}
	}
}

// A fetch after the crawl has returned gets nothing, and is reported.
func TestFetchAfterTheEndIsReported(t *testing.T) {
	s := newSite(graph.Behaviour{})
	s.Begin(Rules{Workers: 1})
	if err := s.End(honest(s.IDs(), 0, crawl.Options{Workers: 1}, nil), nil); err != nil || s.Late() != 0 {
		t.Fatal(err, s.Late())
	}
	if links, err := s.IDs().Fetch(t.Context(), 0); err == nil || links != nil || s.Late() != 1 {
		t.Errorf("a fetch after the end: %v, %v, %d late", links, err, s.Late())
	}
	s.Begin(Rules{Workers: 1})
	err := s.End(honest(s.IDs(), 0, crawl.Options{Workers: 1}, nil), nil)
	if err == nil || err.Error() != "1 fetches began after the previous crawl had returned" {
		t.Errorf("%v", err)
	}
	s.Begin(Rules{Workers: 1})
	if err := s.End(honest(s.IDs(), 0, crawl.Options{Workers: 1}, nil), nil); err != nil {
		t.Errorf("the next crawl: %v", err)
	}
}

// Links modified by a crawler are found: those of the graph as URLs, and the copies for renamed
// pages.
func TestModifiedLinksAreFound(t *testing.T) {
	g := build(t, graph.Spec{Kind: "hosts", Pages: 300, Seed: 1})
	for _, byURL := range []bool{false, true} {
		for _, overridden := range []bool{false, true} {
			s := New(g, graph.Walk(g, nil), graph.Behaviour{}, 0)
			s.URLs()
			for n := range 2 {
				s.Begin(Rules{Workers: 1, Exact: n == 0})
				s.End(honest(s.IDs(), g.Start, crawl.Options{Workers: 1}, nil), nil)
			}
			s.Begin(Rules{Workers: 1})
			if v := s.Unmodified(); v != nil {
				t.Fatal(v)
			}
			for p := range uint32(300) {
				d := s.verifier.renaming.overridden[p]
				if (d != nil) != overridden || len(g.Out(p)) == 0 {
					continue
				}
				if byURL {
					links, err := s.URLs().Fetch(t.Context(), g.URL(p))
					if err != nil {
						t.Fatal(err)
					}
					links[len(links)-1] = "https://www.h0.example/"
				} else if overridden { // the others are mapped read-only
					links, _ := s.IDs().Fetch(t.Context(), p)
					links[0]++
				}
				break
			}
			if v := s.Unmodified(); (v != nil) != (byURL || overridden) ||
				v != nil && !strings.Contains(v.Error(), "links must not be modified") {
				t.Errorf("by URL %v, renamed page %v: %v", byURL, overridden, v)
			}
		}
	}
}
