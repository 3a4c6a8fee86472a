package simulate_test

import (
	"testing"
	"testing/synctest"

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

func TestPoliteCrawlersAreRightInAllSituations(t *testing.T) {
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
					t.Logf("makespan %.1f bound %.1f (%.2f) idle %.1f others %.1f", m.Makespan.Seconds(), m.Bound.Seconds(),
						m.Makespan.Seconds()/m.Bound.Seconds(), m.Idle.Seconds(), m.Others.Seconds())
				})
			})
		}
	}
}
