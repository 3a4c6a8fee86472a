package measure

import (
	"slices"
	"testing"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawler"
	"crawlbench/internal/graph"
	"crawlbench/internal/plan"
)

// politeJob is a job with 12 hosts of 5 pages, a gap of 10 ms, and slow fetches of the largest host.
func politeJob(t *testing.T, crawler string) Job {
	t.Helper()
	j := job(cache(t, graph.Spec{Kind: "even", Pages: 60, Hosts: 12, Seed: 1}, nil))
	j.Cell.Impl, j.Sample = crawler, 1
	j.Fetch = graph.Behaviour{Latency: graph.Latency{Model: "constant", Median: time.Millisecond}}
	j.Politeness = &plan.Politeness{Gap: 10 * time.Millisecond, PerHost: 1, Attempts: 1}
	return j
}

func TestARealCrawlKeepsAGap(t *testing.T) {
	for _, crawler := range []string{"hostheap", "hostwheel.granularity=1ms", "backqueues.B=2W"} {
		for _, keys := range []string{"id", "url"} {
			j := politeJob(t, crawler)
			j.Cell.Keys = keys
			s := run(t, j).Sample
			if s.Polite == nil || !s.Polite.Polite || s.Polite.Gaps != 48 || s.Polite.Broken != 0 ||
				s.Polite.Peak != 1 || s.Polite.Tolerance != 2e-9 || s.Polite.Makespan < s.Polite.Bound {
				t.Errorf("%s by %s: %+v", crawler, keys, s.Polite)
			}
		}
	}
}

// hasty is politeJob with a gap that nobody keeps by accident, however slow the machine is.
func hasty(t *testing.T, crawler string) Job {
	j := politeJob(t, crawler)
	j.Politeness.Gap = time.Hour
	return j
}

// TestACrawlerWithoutHostsBreaksIt is the twin of the test above. That is shown, and no fault.
func TestACrawlerWithoutHostsBreaksIt(t *testing.T) {
	s := run(t, hasty(t, "mutexmap")).Sample
	if s.Polite == nil || s.Polite.Polite || s.Polite.Broken != 48 || s.Polite.Least >= 3600 {
		t.Errorf("%+v, want 48 gaps broken", s.Polite)
	}
}

// mannered is politeJob on a site that refuses pages and has robots.txt files.
func mannered(t *testing.T, crawler string) (j Job, reach func(polite bool) int) {
	t.Helper()
	j = politeJob(t, crawler)
	j.Fetch.Seed, j.Fetch.Refuse, j.Fetch.RetryAfter = 1, 0.3, 20*time.Millisecond
	j.Fetch.Forbid, j.Fetch.RobotsDelay = 0.2, 15*time.Millisecond
	j.Politeness.Attempts, j.Politeness.Robots, j.Politeness.CrawlDelay = 3, true, true
	j.Politeness.MaxDelay = time.Minute
	g, err := graph.Build(t.Context(), graph.Spec{Kind: "even", Pages: 60, Hosts: 12, Seed: 1}, 0)
	if err != nil {
		t.Fatal(err)
	}
	of := func(polite bool) graph.Reach { return j.Fetch.Reach(g, j.policy(), polite) }
	if err := graph.WriteCache(j.Cache, g, of(true)); err != nil {
		t.Fatal(err)
	}
	return j, func(polite bool) int { return of(polite).Pages }
}

func TestARealCrawlObeysWhatHostsAskFor(t *testing.T) {
	for _, crawler := range []string{"hostheap", "hostgoroutine", "hostshards"} {
		for _, keys := range []string{"id", "url"} {
			j, reach := mannered(t, crawler)
			j.Cell.Keys = keys
			s := run(t, j).Sample
			pages := reach(true)
			if s.Polite == nil || s.Polite.Broken != 0 || s.Polite.Gaps <= pages-12 || pages < 30 ||
				s.Values["pages/op"] != float64(pages) || s.Counts["disallowed-pages"] < 1 {
				t.Errorf("%s by %s: %+v, %v and %v, want %d pages", crawler, keys, s.Polite, s.Values, s.Counts, pages)
			}
		}
	}
}

// A crawler that knows no hosts fetches what is forbidden, and loses what is refused.
func TestACrawlerWithoutHostsHearsNothing(t *testing.T) {
	j, reach := mannered(t, "mutexmap")
	s := run(t, j).Sample
	if want := reach(false); s.Polite == nil || s.Polite.Polite || s.Values["pages/op"] != float64(want) ||
		want == reach(true) {
		t.Errorf("%v pages, want %d; %+v", s.Values["pages/op"], want, s.Polite)
	}
	table := crawlersWith("mutexmap")
	table[0].Polite = true
	if o, err := Run(t.Context(), j, table); err != nil || o.Wrong == "" {
		t.Errorf("one that says that it is polite: %+v, %v, want a violation", o, err)
	}
}

// A crawler that says that it keeps a policy, and does not, is rejected.
func TestACrawlerThatOnlySaysThatItIsPoliteIsRejected(t *testing.T) {
	table := crawlersWith("mutexmap", "hostheap")
	table[0].Polite = true
	o, err := Run(t.Context(), hasty(t, "mutexmap"), table)
	if err != nil || o.Wrong == "" {
		t.Errorf("%+v, %v, want a violation", o, err)
	}
}

func crawlersWith(names ...string) (list []crawl.Crawler) {
	for _, c := range crawler.All() {
		if slices.Contains(names, c.Name) {
			list = append(list, c)
		}
	}
	return list
}
