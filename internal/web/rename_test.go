package web

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
)

// honest crawls with one lock around all state. It records the links of pages in known, if that is
// not nil.
func honest[K comparable](w crawl.Web[K], start K, o crawl.Options, known map[K][]K) (did crawl.Result) {
	var mu sync.Mutex
	changed := sync.NewCond(&mu)
	seen, queue, busy := map[K]bool{start: true}, []K{start}, 0
	var pool sync.WaitGroup
	for range o.Workers {
		pool.Go(func() {
			mu.Lock()
			defer mu.Unlock()
			for {
				for len(queue) == 0 && busy > 0 {
					changed.Wait()
				}
				if len(queue) == 0 {
					changed.Broadcast()
					return
				}
				page := queue[0]
				queue = queue[1:]
				busy++
				mu.Unlock()
				if o.Limiter != nil {
					o.Limiter.Wait(context.Background())
				}
				links, err := w.Fetch(context.Background(), page)
				mu.Lock()
				busy--
				did.Pages++
				if err != nil {
					did.Errors++
				}
				if known != nil {
					known[page] = links
				}
				for _, link := range links {
					if !seen[link] && (o.MaxPages == 0 || len(seen) < o.MaxPages) {
						seen[link] = true
						queue = append(queue, link)
					}
				}
				changed.Broadcast()
			}
		})
	}
	pool.Wait()
	return did
}

// scattered returns a graph with unreachable pages, self-links and duplicate links.
func scattered(pages int, draw *rand.Rand) *graph.Graph {
	g := &graph.Graph{Offsets: []uint64{0}, Hosts: []uint32{0, uint32(pages / 3), uint32(pages / 2)},
		Start: uint32(draw.IntN(pages))}
	for p := range pages {
		for range draw.IntN(5) {
			to := uint32(draw.IntN(pages))
			g.Links = append(g.Links, to)
			if draw.IntN(4) == 0 {
				g.Links = append(g.Links, to, uint32(p))
			}
		}
		g.Offsets = append(g.Offsets, uint64(len(g.Links)))
	}
	return g
}

// build builds a graph of s.
func build(t testing.TB, s graph.Spec) *graph.Graph {
	t.Helper()
	g, err := graph.Build(t.Context(), s, 0)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// testGraphs returns graphs of all kinds, with and without unreachable pages, with bitsets of one
// word and of several.
func testGraphs(t testing.TB) map[string]*graph.Graph {
	list := map[string]*graph.Graph{"small": small(), "one page": path(1, 1), "two pages": path(2, 2),
		"path": path(200, 150)}
	for _, kind := range []string{"chain", "star", "tree", "grid", "uniform", "copying", "hosts"} {
		for _, pages := range []int{64, 500} {
			list[fmt.Sprintf("%s %d", kind, pages)] = build(t, graph.Spec{Kind: kind, Pages: pages, Seed: 1})
		}
	}
	list["rmat"] = build(t, graph.Spec{Kind: "rmat", Scale: 9, Seed: 1})
	draw := rand.New(rand.NewPCG(1, 1))
	for i := range 20 {
		list[fmt.Sprintf("scattered %d", i)] = scattered(5+draw.IntN(300), draw)
	}
	return list
}

// A crawler that follows the links is correct in every crawl, whatever is renamed, and finds the
// same graph each time except for the names.
func TestRenamedPagesAreTheSameGraph(t *testing.T) {
	for name, g := range testGraphs(t) {
		b := graph.Behaviour{Fail: 0.05, Seed: 3}
		if len(g.Hosts) == 1 {
			b = graph.Behaviour{}
		}
		reach := graph.Walk(g, b.Fails)
		s := New(g, reach, b, 0)
		id, url := s.Start()
		for n := range 12 {
			byURL := n%3 == 2
			s.Begin(Rules{Workers: 1, Exact: n == 0})
			ids, urls := map[uint32][]uint32{}, map[string][]string{}
			var did crawl.Result
			if byURL {
				did = honest(s.URLs(), url, crawl.Options{Workers: 1}, urls)
			} else {
				did = honest(s.IDs(), id, crawl.Options{Workers: 1}, ids)
			}
			if err := s.End(did, nil); err != nil {
				t.Fatalf("%s, crawl %d: %v", name, n, err)
			}
			if did.Pages != reach.Pages || s.Fetched() != reach.Pages {
				t.Fatalf("%s, crawl %d: %d pages reported, %d fetched, of %d", name, n, did.Pages, s.Fetched(),
					reach.Pages)
			}
			r := &s.verifier.renaming
			if few := n > 0 && reach.Pages > 1; few != (len(r.renamed) > 0) || len(r.renamed) > maxRenamed {
				t.Fatalf("%s, crawl %d: %d pages are renamed", name, n, len(r.renamed))
			}
			for p := range uint32(g.Pages()) {
				if !reach.Has(p) {
					continue
				}
				var want []uint32
				if !b.Fails(p) {
					for _, link := range g.Out(p) {
						want = append(want, r.number(link))
					}
				}
				if !byURL && !slices.Equal(ids[r.number(p)], want) {
					t.Fatalf("%s, crawl %d, page %d, now %d: links %v, want %v", name, n, p, r.number(p),
						ids[r.number(p)], want)
				}
				for i, link := range urls[g.URL(r.number(p))] {
					if byURL && (len(urls[g.URL(r.number(p))]) != len(want) || link != g.URL(want[i])) {
						t.Fatalf("%s, crawl %d, page %d: links %v, want %v", name, n, p, urls[g.URL(r.number(p))], want)
					}
				}
			}
		}
	}
}

// Each crawl renames other pages, to other names.
func TestRenamedPagesAreDrawnAnew(t *testing.T) {
	g := build(t, graph.Spec{Kind: "hosts", Pages: 16000, Seed: 1})
	s := New(g, graph.Walk(g, nil), graph.Behaviour{}, 0)
	pages, names := map[uint32]bool{}, map[uint32]bool{}
	for n := range 60 {
		s.Begin(Rules{Workers: 1, Exact: n == 0})
		s.End(honest(s.IDs(), g.Start, crawl.Options{Workers: 1}, nil), nil)
		for p, name := range s.verifier.renaming.numbers {
			pages[p], names[name] = true, true
		}
	}
	if len(pages) < poolSize/4 || len(names) < maxRenamed/2 {
		t.Errorf("in 59 crawls %d pages were renamed, to %d names", len(pages), len(names))
	}
}

// Detours are a small part of the crawl.
func TestDetoursAreFew(t *testing.T) {
	for _, spec := range []graph.Spec{{Kind: "rmat", Scale: 14, Seed: 1},
		{Kind: "rmat", Scale: 14, Symmetric: true, Seed: 1}, {Kind: "hosts", Pages: 16000, Seed: 1}} {
		g := build(t, spec)
		reach := graph.Walk(g, nil)
		s := New(g, reach, graph.Behaviour{}, 0)
		for n := range 20 {
			s.Begin(Rules{Workers: 1, Exact: n == 0})
			s.End(honest(s.IDs(), g.Start, crawl.Options{Workers: 1}, nil), nil)
			links := 0
			for _, d := range s.verifier.renaming.overridden {
				links += len(d.ids)
			}
			if few := len(s.verifier.renaming.overridden); few > reach.Pages/overrideEvery ||
				links > int(reach.Links/copyEvery) {
				t.Errorf("%v, crawl %d: %d overridden pages with %d links, of %d pages with %d", spec, n, few, links,
					reach.Pages, reach.Links)
			}
		}
	}
}

// None of these follows the links of the crawl, and each is found in every crawl but the first, in
// which nothing is renamed: there some have nothing to remember yet, and some guess in an order
// that the links allow.
func TestCrawlersThatDoNotGoByTheLinksAreFound(t *testing.T) {
	const tries = 20
	type cheat struct {
		name string
		// crawl performs the n-th crawl of s by one crawler. kept is what the crawler remembers.
		crawl func(s *Site, n int, kept map[uint32][]uint32) crawl.Result
	}
	fetchAll := func(s *Site, pages []uint32) (did crawl.Result) {
		for _, p := range pages {
			if _, err := s.IDs().Fetch(t.Context(), p); err != nil {
				did.Errors++
			}
			did.Pages++
		}
		return did
	}
	// once makes the first crawl correctly, and keeps the links of all pages.
	type then func(s *Site, kept map[uint32][]uint32) crawl.Result
	once := func(next then) func(*Site, int, map[uint32][]uint32) crawl.Result {
		return func(s *Site, n int, kept map[uint32][]uint32) crawl.Result {
			if n == 0 {
				return honest(s.IDs(), s.graph.Start, crawl.Options{Workers: 1}, kept)
			}
			return next(s, kept)
		}
	}
	// order returns the pages in breadth-first order of the links kept.
	order := func(s *Site, kept map[uint32][]uint32) (pages []uint32) {
		seen := map[uint32]bool{s.graph.Start: true}
		pages = []uint32{s.graph.Start}
		for i := 0; i < len(pages); i++ {
			for _, link := range kept[pages[i]] {
				if !seen[link] {
					seen[link] = true
					pages = append(pages, link)
				}
			}
		}
		return pages
	}
	for _, c := range []cheat{
		{"remembers the pages", once(func(s *Site, kept map[uint32][]uint32) crawl.Result {
			return fetchAll(s, order(s, kept))
		})},
		{"remembers the links", once(func(s *Site, kept map[uint32][]uint32) (did crawl.Result) {
			seen, queue := map[uint32]bool{s.graph.Start: true}, []uint32{s.graph.Start}
			for ; len(queue) > 0; queue = queue[1:] {
				s.IDs().Fetch(t.Context(), queue[0])
				did.Pages++
				for _, link := range kept[queue[0]] { // each once, after a page that had the link
					if !seen[link] {
						seen[link] = true
						queue = append(queue, link)
					}
				}
			}
			return did
		})},
		{"remembers the pages, and fetches what else is linked",
			once(func(s *Site, kept map[uint32][]uint32) (did crawl.Result) {
				queue, seen := order(s, kept), map[uint32]bool{}
				for _, p := range queue {
					seen[p] = true
				}
				for ; len(queue) > 0; queue = queue[1:] {
					links, _ := s.IDs().Fetch(t.Context(), queue[0])
					did.Pages++
					for _, link := range links {
						if !seen[link] {
							seen[link] = true
							queue = append(queue, link)
						}
					}
				}
				return did
			})},
		{"counts", func(s *Site, _ int, _ map[uint32][]uint32) crawl.Result {
			var pages []uint32
			for p := range uint32(s.graph.Pages()) {
				pages = append(pages, p)
			}
			return fetchAll(s, pages)
		}},
		{"guesses the page that follows", func(s *Site, _ int, _ map[uint32][]uint32) (did crawl.Result) {
			seen, queue := map[uint32]bool{s.graph.Start: true}, []uint32{s.graph.Start}
			add := func(page uint32) {
				if !seen[page] && int(page) < s.graph.Pages() {
					seen[page] = true
					queue = append(queue, page)
				}
			}
			for ; len(queue) > 0; queue = queue[1:] {
				add(queue[0] + 1)
				links, _ := s.IDs().Fetch(t.Context(), queue[0])
				did.Pages++
				for _, link := range links {
					add(link)
				}
			}
			return did
		}},
	} {
		for _, kind := range []string{"hosts", "uniform", "chain", "star", "tree"} {
			g := build(t, graph.Spec{Kind: kind, Pages: 700, Seed: 1})
			reach := graph.Walk(g, nil)
			for try := range tries {
				s := New(g, reach, graph.Behaviour{}, 0)
				kept := map[uint32][]uint32{}
				for n := range 3 {
					s.Begin(Rules{Workers: 1, Exact: n == 0})
					err := s.End(c.crawl(s, n, kept), nil)
					if strings.HasPrefix(c.name, "remembers") && n == 0 && err != nil {
						t.Fatalf("%s, %s: the first crawl is correct: %v", c.name, kind, err)
					}
					named := err != nil && strings.Contains(err.Error(), "the crawler remembers or guesses pages")
					// A guess of the last page number misses the numbers beyond it.
					if n > 0 && !named && (err == nil || !strings.HasPrefix(c.name, "guesses")) {
						t.Errorf("%s, %s: try %d, crawl %d: %v", c.name, kind, try, n, err)
					}
				}
			}
		}
	}
}

// A budget does not hide a crawler that remembers: the renamed pages are among those that were
// fetched.
func TestBudgetDoesNotHideRememberedPages(t *testing.T) {
	g := build(t, graph.Spec{Kind: "hosts", Pages: 3000, Seed: 1})
	s := New(g, graph.Walk(g, nil), graph.Behaviour{}, 0)
	for range 20 {
		s = New(g, s.verifier.reach, graph.Behaviour{}, 0)
		kept := map[uint32][]uint32{}
		for n := range 3 {
			s.Begin(Rules{Workers: 1, MaxPages: 30, Exact: n == 0})
			did := crawl.Result{Pages: 30}
			if n == 0 {
				honest(s.IDs(), g.Start, crawl.Options{Workers: 1, MaxPages: 30}, kept)
			} else {
				for p := range kept {
					s.IDs().Fetch(t.Context(), p)
				}
			}
			err := s.End(did, nil)
			if n == 0 && err != nil || n > 0 && (err == nil ||
				!strings.Contains(err.Error(), "remembers or guesses pages")) {
				t.Fatalf("crawl %d: %v", n, err)
			}
		}
		s.Begin(Rules{Workers: 1, MaxPages: 30})
		if err := s.End(honest(s.IDs(), g.Start, crawl.Options{Workers: 1, MaxPages: 30}, nil), nil); err != nil {
			t.Fatalf("a crawler that does not remember: %v", err)
		}
	}
}

// A correct crawler is never blamed, with many workers, on few processors and on many, by id and by
// URL.
func TestRenamingDoesNotFailCorrectCrawlers(t *testing.T) {
	rounds := 40
	if testing.Short() {
		rounds = 8
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, procs := range []int{1, 2, 8} {
		runtime.GOMAXPROCS(procs)
		for _, workers := range []int{1, 2, 9, 64} {
			for name, g := range map[string]*graph.Graph{"hosts": build(t,
				graph.Spec{Kind: "hosts", Pages: 512, Seed: 1}),
				"rmat": build(t, graph.Spec{Kind: "rmat", Scale: 9, Seed: 1})} {
				s := New(g, graph.Walk(g, nil), graph.Behaviour{}, 0)
				id, url := s.Start()
				s.URLs()
				for n := range rounds {
					o := crawl.Options{Workers: workers}
					if n%4 == 3 {
						o.MaxPages = 100
					}
					s.Begin(Rules{Workers: workers, MaxPages: o.MaxPages, Exact: n%5 == 0})
					var did crawl.Result
					if n%2 == 0 {
						did = honest(s.IDs(), id, o, nil)
					} else {
						did = honest(s.URLs(), url, o, nil)
					}
					if err := s.End(did, nil); err != nil {
						t.Fatalf("%s, %d workers on %d processors, crawl %d: %v", name, workers, procs, n, err)
					}
				}
				if v := s.Unmodified(); v != nil {
					t.Fatal(v)
				}
			}
		}
	}
}
