package simulate_test

import (
	"testing"
	"testing/synctest"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawler"
	"crawlbench/internal/hostlog"
	"crawlbench/internal/simulate"
)

// polite returns the built-in crawlers that keep a policy.
func polite() (list []crawl.Crawler) {
	for _, c := range crawler.All() {
		if c.Polite {
			list = append(list, c)
		}
	}
	return list
}

// some is an unforced idleness that depends on the order of what happens at the same time, and may be 0.
const some = -1

// wasted is the least unforced idleness of a crawler whose design wastes time in a situation, in worker time. All
// others waste none.
var wasted = map[string]map[string]time.Duration{
	"hostwheel.10ms": {"even": 1, "zipf": 1, "giant": 1, "flat": 1, "wide": some},
	"backqueues.3W":  {"zipf": some, "flat": 10_000 * time.Second, "wide": 100 * time.Second},
	"hostshards.8":   {"zipf": some, "flat": 10 * time.Second, "wide": 10 * time.Second},
	"sleeper": {"even": 1000 * time.Second, "zipf": 10_000 * time.Second, "giant": 10_000 * time.Second,
		"flat": 100_000 * time.Second, "wide": some},
	"poller.50ms": {"even": 1, "zipf": 1, "giant": 1, "flat": 1, "wide": some},
}

func TestPoliteCrawlersKeepTheRulesAndWasteWhatTheirDesignDoes(t *testing.T) {
	for _, s := range simulate.Situations() {
		site, err := simulate.Build(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range polite() {
			t.Run(s.Name+"/"+c.Name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					out := simulate.Crawl(t.Context(), c, "id", site, nil)
					if out.Err != nil || out.Result.Pages != site.Graph.Pages() {
						t.Errorf("%+v, %v, want %d pages", out.Result, out.Err, site.Graph.Pages())
					}
					for _, f := range hostlog.Verify(&site.Site, site.Rules(), out.Log, true) {
						t.Error(f)
					}
					m := hostlog.Measure(&site.Site, site.Rules(), out.Log)
					if m.Makespan != out.Took || m.Makespan < m.Bound {
						t.Errorf("it took %v and the last fetch ended after %v, where %v are needed", out.Took, m.Makespan,
							m.Bound)
					}
					least := wasted[c.Name][s.Name]
					if m.Idle < least || least == 0 && m.Idle > 0 {
						t.Errorf("its unforced idleness is %v, want at least %v, and 0 if that is 0", m.Idle, least)
					}
				})
			})
		}
	}
}

// TestTheHeapReachesTheBound is exact up to the order of what happens at the same time.
func TestTheHeapReachesTheBound(t *testing.T) {
	most := map[string]float64{"even": 1.56, "zipf": 1.005, "giant": 1.005, "flat": 1.045, "wide": 1.03}
	for _, s := range simulate.Situations() {
		site, err := simulate.Build(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range polite() {
			if c.Name != "hostheap" {
				continue
			}
			synctest.Test(t, func(t *testing.T) {
				m := hostlog.Measure(&site.Site, site.Rules(), simulate.Crawl(t.Context(), c, "id", site, nil).Log)
				if ratio := m.Makespan.Seconds() / m.Bound.Seconds(); ratio > most[s.Name] {
					t.Errorf("%s: makespan %v is %.3f of the bound %v, want at most %v", s.Name, m.Makespan, ratio, m.Bound,
						most[s.Name])
				}
			})
		}
	}
}

// TestACrawlerThatKnowsNoHostsIsFound is the twin of the tests above.
func TestACrawlerThatKnowsNoHostsIsFound(t *testing.T) {
	site, err := simulate.Build(t.Context(), simulate.Situations()[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range crawler.All() {
		if c.Polite || c.MaxWorkers > 0 {
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			out := simulate.Crawl(t.Context(), c, "id", site, nil)
			if m := hostlog.Measure(&site.Site, site.Rules(), out.Log); m.Broken < m.Gaps/2 || m.Least >= time.Second {
				t.Errorf("%s broke %d of %d gaps, the least %v", c.Name, m.Broken, m.Gaps, m.Least)
			}
		})
	}
}
