package breakdown_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawler"
	"crawlbench/internal/graph"
	"crawlbench/internal/profile/breakdown"
)

// crawled returns the time breakdown of the given number of crawls.
func crawled(t testing.TB, c crawl.Crawler, s *site, workers, crawls int) *breakdown.Breakdown {
	t.Helper()
	if c.MaxWorkers > 0 {
		workers = min(workers, c.MaxWorkers)
	}
	pages := graph.Walk(s.graph, nil).Pages
	l, _ := read(t, workers, traced(t, func() {
		for range crawls {
			breakdown.Crawl(func() {
				got, err := c.ByID(context.Background(), s, []uint32{s.graph.Start},
					crawl.Options{Workers: workers, SizeHint: pages})
				if err != nil || got.Pages != pages {
					t.Errorf("crawl: %+v, %v, want %d pages", got, err, pages)
				}
			})
		}
	}))
	if l.Pages != crawls*pages || l.Crawls != crawls {
		t.Errorf("%d pages in %d crawls, want %d in %d", l.Pages, l.Crawls, crawls*pages, crawls)
	}
	return l
}

func TestEveryCrawlersBreakdownIsComplete(t *testing.T) {
	const crawls = 2
	for _, c := range crawler.All() {
		for _, latency := range []time.Duration{0, 200 * time.Microsecond} {
			t.Run(fmt.Sprintf("%s/%v", c.Name, latency), func(t *testing.T) {
				patient(t, func(t testing.TB) {
					// A pool that starts and ends within one scheduling quantum leaves much time
					// unaccounted.
					pages := 50_000
					if latency > 0 {
						pages = 500
					}
					g := build(t, graph.Spec{Kind: "copying", Pages: pages, Degree: 8, Seed: 1})
					l := crawled(t, c, &site{graph: g, latency: latency}, 8, crawls)
					shortLived := c.Name == "spawn" || c.Name == "level"
					if want := map[bool]int{true: crawls}[shortLived]; l.ShortLived != want {
						t.Errorf("%d crawls with short-lived workers, want %d", l.ShortLived, want)
					}
					if latency > 0 && l.Seconds[breakdown.Network] < float64(l.Pages)*latency.Seconds() {
						t.Errorf("%g s of fetching, want at least the time that the site slept",
							l.Seconds[breakdown.Network])
					}
					if latency == 0 && l.Seconds[breakdown.Network] > 0 {
						t.Errorf("%g s of waiting for a site without latency", l.Seconds[breakdown.Network])
					}
					if c.Name == "owner" && (len(l.Roles) == 0 || l.Roles[0].Entry != "(caller)" ||
						l.Roles[0].Running <= 0) {
						t.Errorf("roles %+v, want the caller, which owns the map", l.Roles)
					}
					show(t, l)
				})
			})
		}
	}
}
