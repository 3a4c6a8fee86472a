package crawler_test

import (
	"testing"
	"testing/synctest"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
	"crawlbench/internal/simulate"
	"crawlbench/internal/web/hostlog"
)

// A prototype that broke the gap or left workers idle would be cheap for the wrong reason.
func TestPrototypeKeepsTheRulesAndWastesNothing(t *testing.T) {
	for _, kind := range []string{"even", "zipf", "flat", "wide"} {
		for _, gap := range []time.Duration{0, time.Second} {
			site, err := simulate.Build(t.Context(), simulate.Situation{
				Spec: graph.Spec{Kind: kind, Pages: 1000, Hosts: 50}, Workers: 16, Policy: crawl.Policy{Gap: gap},
				Median: 60 * time.Millisecond, Sigma: 0.87,
			})
			if err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				out := simulate.Crawl(t.Context(), prototypeCrawler(), "id", site, nil)
				for _, f := range hostlog.Verify(&site.Site, site.Rules(), out.Log, true) {
					t.Errorf("%s, gap %v: %s", kind, gap, f)
				}
				if idle := hostlog.Idle(&site.Site, site.Rules(), out.Log); out.Err != nil || idle > 0 {
					t.Errorf("%s, gap %v: unforced idleness %v, error %v", kind, gap, idle, out.Err)
				}
			})
		}
	}
}
