package simulate_test

import (
	"testing"
	"testing/synctest"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawler"
	"crawlbench/internal/graph"
	"crawlbench/internal/plan"
	"crawlbench/internal/simulate"
	"crawlbench/internal/web/hostlog"
)

// scenario returns the plan of the scenario polite.
func scenario(t *testing.T) *plan.Plan {
	t.Helper()
	s, err := plan.Load("polite")
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Make(s, crawler.All(), 1)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// each calls do for each cell of the scenario polite whose crawler keeps a policy, or does not, in a subtest.
func each(t *testing.T, polite bool, do func(t *testing.T, c plan.Cell, by crawl.Crawler, site *simulate.Site)) {
	p := scenario(t)
	sites := map[string]*simulate.Site{}
	for _, c := range p.Cells {
		by, err := plan.Find(crawler.All(), c.Impl)
		if err != nil {
			t.Fatal(err)
		}
		if by.Polite != polite || testing.Short() && c.Graph == "flat" {
			continue // flat has most of the pages
		}
		if sites[c.Graph] == nil {
			if sites[c.Graph], err = simulate.Of(t.Context(), p, c); err != nil {
				t.Fatal(err)
			}
		}
		site := *sites[c.Graph]
		site.Workers = c.Workers
		t.Run(c.Graph+"/"+c.Impl, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { do(t, c, by, &site) })
		})
	}
}

// some is an unforced idleness that depends on the order of what happens at the same time, and may be 0.
const some = -1

// wasted is the least unforced idleness of a crawler whose design wastes time in a situation, in worker time. All
// others waste none.
var wasted = map[string]map[string]time.Duration{
	"hostwheel":  {"even": 1, "zipf": 1, "giant": 1, "flat": 1, "wide": some},
	"backqueues": {"zipf": some, "flat": 10_000 * time.Second, "wide": 100 * time.Second},
	"hostshards": {"zipf": some, "flat": 10 * time.Second, "wide": 10 * time.Second},
	"sleeper": {"even": 1000 * time.Second, "zipf": 10_000 * time.Second, "giant": 10_000 * time.Second,
		"flat": 100_000 * time.Second, "wide": some},
	"poller": {"even": 1, "zipf": 1, "giant": 1, "flat": 1, "wide": some},
}

func TestPoliteCrawlersKeepTheRulesAndWasteWhatTheirDesignDoes(t *testing.T) {
	each(t, true, func(t *testing.T, c plan.Cell, by crawl.Crawler, site *simulate.Site) {
		out := simulate.Crawl(t.Context(), by, "id", site, nil)
		if out.Err != nil || out.Result.Pages != site.Graph.Pages() {
			t.Errorf("%+v, %v, want %d pages", out.Result, out.Err, site.Graph.Pages())
		}
		for _, f := range hostlog.Verify(&site.Site, site.Rules(), out.Log, true) {
			t.Error(f)
		}
		m := hostlog.Measure(&site.Site, site.Rules(), out.Log)
		if m.Makespan != out.Took || m.Makespan < m.Bound {
			t.Errorf("it took %v and the last fetch ended after %v, where %v are needed", out.Took, m.Makespan, m.Bound)
		}
		least := wasted[c.Impl][c.Graph]
		if m.Idle < least || least == 0 && m.Idle > 0 {
			t.Errorf("its unforced idleness is %v, want at least %v, and 0 if that is 0", m.Idle, least)
		}
		// This is exact up to the order of what happens at the same time.
		most := map[string]float64{"even": 1.6, "zipf": 1.005, "giant": 1.005, "flat": 1.045, "wide": 1.03}
		if ratio := m.Makespan.Seconds() / m.Bound.Seconds(); c.Impl == "hostheap" && ratio > most[c.Graph] {
			t.Errorf("makespan %v is %.3f of the bound %v, want at most %v", m.Makespan, ratio, m.Bound, most[c.Graph])
		}
	})
}

// TestACrawlerThatKnowsNoHostsIsFound is the twin of the test above.
func TestACrawlerThatKnowsNoHostsIsFound(t *testing.T) {
	found := 0
	each(t, false, func(t *testing.T, c plan.Cell, by crawl.Crawler, site *simulate.Site) {
		found++
		out := simulate.Crawl(t.Context(), by, "id", site, nil)
		if m := hostlog.Measure(&site.Site, site.Rules(), out.Log); m.Broken < m.Gaps/2 || m.Least >= time.Second {
			t.Errorf("%s broke %d of %d gaps, the least %v", c.Impl, m.Broken, m.Gaps, m.Least)
		}
	})
	for _, c := range crawler.All() {
		if !c.Polite {
			found--
		}
	}
	if found != 0 {
		t.Errorf("%d crawlers that know no hosts were simulated too many, want each once", found)
	}
}

// TestWhatAScenarioSaysOfASite compares sites with the keys of their scenarios.
func TestWhatAScenarioSaysOfASite(t *testing.T) {
	const text = `simulated = true
crawlers = ["hostheap"]
workers = [4]
[politeness]
gap = "2s"
from = "start"
per_host = 2
robots = true
crawl_delay = true
[fetch]
latency = "constant"
median = "100ms"
fail = 0.1
host_fail = 0.2
refuse = 0.3
retry_after = "7s"
forbid = 0.1
robots_delay = "3s"
[[graph]]
name = "g"
kind = "giant"
pages = 2000
hosts = 100
fetch = { largest = "4s" }
`
	s, err := plan.Parse("x.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Make(s, crawler.All(), 1)
	if err != nil {
		t.Fatal(err)
	}
	site, err := simulate.Of(t.Context(), p, p.Cells[0])
	if err != nil {
		t.Fatal(err)
	}
	want := crawl.Policy{Gap: 2 * time.Second, FromStart: true, PerHost: 2, Robots: true, CrawlDelay: true,
		MaxDelay: crawl.DefaultMaxDelay, Attempts: crawl.DefaultAttempts}
	if got := site.Policy; got.Gap != want.Gap || got.FromStart != want.FromStart || got.PerHost != 2 || !got.Robots ||
		!got.CrawlDelay || got.MaxDelay != want.MaxDelay || got.Attempts != want.Attempts {
		t.Errorf("policy %+v, want %+v", got, want)
	}
	failed, refused, forbidden, wholly := 0, 0, 0, map[uint32]bool{}
	for h := range uint32(100) {
		wholly[h] = true
	}
	for page := range uint32(2000) {
		host := site.Host[page]
		want := 100 * time.Millisecond
		if host == 0 {
			want = 4 * time.Second
		}
		if got := site.Latency[page]; got != want {
			t.Fatalf("page %d of host %d takes %v, want %v", page, host, got, want)
		}
		if site.Situation.Fails(page) {
			failed++
		} else {
			delete(wholly, host)
		}
		if after, no := site.Refuses(page, 1); no && after == 7*time.Second {
			refused++
		}
		if _, again := site.Refuses(page, 2); again {
			t.Fatalf("page %d is refused twice", page)
		}
		if site.Forbids(page) {
			forbidden++
		}
	}
	if failed < 200 || failed > 1400 || refused < 500 || refused > 700 || forbidden < 140 || forbidden > 260 ||
		len(wholly) < 5 || len(wholly) > 40 || site.Robots(1) != 3*time.Second {
		t.Errorf("%d pages fail, %d are refused, %d forbidden, %d hosts fail as a whole, Crawl-delay %v", failed, refused,
			forbidden, len(wholly), site.Robots(1))
	}
	// The Crawl-delay counts from the start of the fetch of robots.txt, which began before it was known.
	for _, by := range crawler.All() {
		if !by.Polite {
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			out := simulate.Crawl(t.Context(), by, "id", site, nil)
			for _, f := range hostlog.Verify(&site.Site, site.Rules(), out.Log, true) {
				t.Errorf("%s: %s", by.Name, f)
			}
			if idle := hostlog.Idle(&site.Site, site.Rules(), out.Log); idle > 0 && !by.Wasteful {
				t.Errorf("%s: unforced idleness of %v", by.Name, idle)
			}
		})
	}
}

// Without a gap, the Crawl-delay is the only time that a host asks for.
func TestACrawlDelayIsKeptWithoutAGap(t *testing.T) {
	for _, width := range []int{1, 2} {
		for _, start := range []bool{false, true} {
			site, err := simulate.Build(t.Context(), simulate.Situation{
				Spec: graph.Spec{Kind: "flat", Pages: 200, Hosts: 10}, Workers: 8,
				Median: 100 * time.Millisecond, Sigma: 1,
				Policy: crawl.Policy{PerHost: width, FromStart: start, Robots: true, CrawlDelay: true},
				Robots: func(host uint32) time.Duration { return time.Duration(host%3) * time.Second },
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, by := range crawler.All() {
				if !by.Polite {
					continue
				}
				synctest.Test(t, func(t *testing.T) {
					out := simulate.Crawl(t.Context(), by, "id", site, nil)
					for _, f := range hostlog.Verify(&site.Site, site.Rules(), out.Log, true) {
						t.Errorf("%s, %d at a host, from the start %v: %s", by.Name, width, start, f)
					}
				})
			}
		}
	}
}
