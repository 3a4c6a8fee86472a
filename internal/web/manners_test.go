package web

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
)

// step is a fetch of a page, or of the robots.txt of its host, after a pause.
type step struct {
	page   uint32
	robots bool
	after  time.Duration
}

// seeded returns b with a seed by which robots.txt forbids page 1 of the graph of twoHosts and no other.
func seeded(t *testing.T, b graph.Behaviour) graph.Behaviour {
	g := twoHosts().graph
	for b.Forbid > 0 {
		if forbids := b.Forbidding(g); forbids(1) && !forbids(2) && !forbids(3) {
			return b
		}
		if b.Seed++; b.Seed > 1000 {
			t.Fatal("no seed forbids page 1 only")
		}
	}
	return b
}

// walk makes the steps of a crawl by id, and returns what its verification says.
func (s *Site) walk(t *testing.T, r Rules, steps []step) error {
	s.Begin(r)()
	var did crawl.Result
	for _, step := range steps {
		time.Sleep(step.after)
		if step.robots {
			if _, err := (byID{s}).Robots(t.Context(), step.page); err != nil {
				t.Fatal(err)
			}
			continue
		}
		_, err := s.IDs().Fetch(t.Context(), step.page)
		slow := crawl.Slow(nil)
		switch refused := errors.As(err, &slow); {
		case refused && s.verifier.hosts.final:
			did.Pages++
			did.Errors++
		case !refused:
			did.Pages++
		}
	}
	return s.End(did, nil)
}

func TestRefusalsAndRobotsOfRealCrawlsAreVerified(t *testing.T) {
	const rest, delay = 5 * time.Second, 3 * time.Second
	latency := graph.Latency{Model: "constant", Median: time.Second}
	refusing := graph.Behaviour{Refuse: 1, RetryAfter: rest, Latency: latency}
	forbidding := seeded(t, graph.Behaviour{Forbid: 0.3, RobotsDelay: delay, Latency: latency})
	again := []step{{page: 0}, {page: 0, after: rest}, {page: 1}, {page: 1, after: rest}, {page: 2},
		{page: 2, after: rest}, {page: 3}, {page: 3, after: rest}}
	obeyed := []step{{page: 0, robots: true}, {page: 0, after: delay}, {page: 2, robots: true}, {page: 2, after: delay},
		{page: 3, after: delay}}
	with := func(steps []step, i int, change func(*step)) []step {
		steps = slices.Clone(steps)
		change(&steps[i])
		return steps
	}
	retries := crawl.Policy{}
	asks := crawl.Policy{Robots: true, CrawlDelay: true}
	for _, c := range []struct {
		name   string
		site   graph.Behaviour
		policy crawl.Policy
		rude   bool
		steps  []step
		want   string // "": correct
	}{
		{"each page again", refusing, retries, false, again, ""},
		{"3 ns too early", refusing, retries, false, with(again, 3, func(s *step) { s.after -= 3 }), "rest: page 1"},
		{"a bounded pause", refusing, crawl.Policy{MaxDelay: time.Second}, false,
			with(again, 3, func(s *step) { s.after = time.Second }), ""},
		{"not again", refusing, retries, false, again[:7], "1 of 4 reachable pages were not fetched (page 3)"},
		{"again after it was answered", refusing, retries, false,
			append(slices.Clone(again), step{page: 3, after: rest}), "1 fetch of pages that had been fetched before (page 3)"},
		{"only one attempt", refusing, crawl.Policy{Attempts: 1}, false, again[:1], ""},
		{"a crawler that knows no hosts", refusing, retries, true, again[:1], ""},
		{"obeyed", forbidding, asks, false, obeyed, ""},
		{"the Crawl-delay is not kept", forbidding, asks, false,
			with(obeyed, 4, func(s *step) { s.after -= 3 }), "gap: page 3"},
		{"no robots.txt", forbidding, asks, false, obeyed[1:], "robots: page 0 of host 0 was fetched"},
		{"robots.txt twice", forbidding, asks, false, append(slices.Clone(obeyed), step{robots: true, after: delay}),
			"robots: robots.txt of host 0 was fetched again"},
		{"a forbidden page", forbidding, asks, false, append(slices.Clone(obeyed), step{page: 1, after: delay}),
			"robots: page 1 of host 0 was fetched"},
		{"a crawler that asks for no robots.txt", forbidding, asks, true,
			[]step{{page: 0}, {page: 1}, {page: 2}, {page: 3}}, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			g := twoHosts().graph
			s := New(g, c.site.Reach(g, &c.policy, !c.rude), c.site, 0)
			err := s.walk(t, Rules{Workers: 1, Politeness: &c.policy, Polite: !c.rude}, c.steps)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%s: %v, want %q", c.name, err, c.want)
			}
		})
	}
}

// An untimed crawl is refused and forbidden the same pages, without waiting.
func TestAnUntimedCrawlIsAskedForNoPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := seeded(t, graph.Behaviour{Refuse: 1, RetryAfter: time.Hour, Forbid: 0.3, RobotsDelay: time.Hour,
			Latency: graph.Latency{Model: "constant", Median: time.Minute}})
		g := twoHosts().graph
		policy := &crawl.Policy{Robots: true}
		s := New(g, b.Reach(g, policy, true), b, 0)
		s.Hurry(true)
		begin := time.Now()
		for range 3 {
			err := s.walk(t, Rules{Workers: 1, Exact: true, Politeness: policy, Polite: true}, []step{{robots: true},
				{page: 0}, {page: 0}, {page: 2, robots: true}, {page: 2}, {page: 3}, {page: 3}, {page: 2}})
			if err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(begin); took > time.Second { // held fetches wait for others
			t.Errorf("it took %v", took)
		}
		if _, err := (byID{s}).Robots(t.Context(), 0); err == nil {
			t.Error("robots.txt is answered after the crawl")
		}
	})
}

func TestReachDependsOnWhoCrawls(t *testing.T) {
	g := &graph.Graph{Offsets: []uint64{0, 1, 2, 2}, Links: []uint32{1, 2}, Hosts: []uint32{0}} // a chain
	only := func(b graph.Behaviour, is func(graph.Behaviour) func(uint32) bool) graph.Behaviour {
		for ; ; b.Seed++ {
			if f := is(b); f(1) && !f(0) && !f(2) {
				return b
			}
		}
	}
	refuse := only(graph.Behaviour{Refuse: 0.5}, graph.Behaviour.Refusing)
	forbid := only(graph.Behaviour{Forbid: 0.5}, func(b graph.Behaviour) func(uint32) bool { return b.Forbidding(g) })
	for _, c := range []struct {
		name   string
		b      graph.Behaviour
		p      *crawl.Policy
		polite bool
		want   int
	}{
		{"refused, no policy", refuse, nil, true, 3}, {"refused", refuse, &crawl.Policy{}, true, 3},
		{"refused, rude", refuse, &crawl.Policy{}, false, 2}, {"once", refuse, &crawl.Policy{Attempts: 1}, true, 2},
		{"forbidden", forbid, &crawl.Policy{Robots: true}, true, 1},
		{"forbidden, not asked for", forbid, &crawl.Policy{}, true, 3},
		{"forbidden, rude", forbid, &crawl.Policy{Robots: true}, false, 3},
	} {
		if got := c.b.Reach(g, c.p, c.polite).Pages; got != c.want {
			t.Errorf("%s: %d pages, want %d", c.name, got, c.want)
		}
	}
}
