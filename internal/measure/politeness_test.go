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

// TestACrawlerWithoutHostsBreaksIt is the twin of the test above. That is shown, and no fault.
func TestACrawlerWithoutHostsBreaksIt(t *testing.T) {
	s := run(t, politeJob(t, "mutexmap")).Sample
	if s.Polite == nil || s.Polite.Polite || s.Polite.Broken < 24 || s.Polite.Least >= 0.01 {
		t.Errorf("%+v, want most of 48 gaps broken", s.Polite)
	}
}

// A crawler that says that it keeps a policy, and does not, is rejected.
func TestACrawlerThatOnlySaysThatItIsPoliteIsRejected(t *testing.T) {
	table := crawlersWith("mutexmap", "hostheap")
	table[0].Polite = true
	o, err := Run(t.Context(), politeJob(t, "mutexmap"), table)
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
