//go:build unix

package measure

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawler"
	"crawlbench/internal/graph"
	"crawlbench/internal/plan"
	"crawlbench/internal/profile/breakdown"
	"crawlbench/internal/store"
)

// byURLOnly returns crawlers that misbehave, each in its own way.
func byURLOnly() (list []crawl.Crawler) {
	right := crawler.All()[0].ByURL
	type step = func(ctx context.Context, w crawl.Web[string], seed string) (did crawl.Result, end bool)
	bad := func(name string, before step) {
		list = append(list, crawl.Crawler{Name: name,
			ByURL: func(ctx context.Context, w crawl.Web[string], seeds []string, o crawl.Options) (crawl.Result,
				error) {
				extra, end := before(ctx, w, seeds[0])
				if end {
					return extra, nil
				}
				did, err := right(ctx, w, seeds, o)
				did.Pages += extra.Pages
				return did, err
			}})
	}
	bad("urltwice", func(ctx context.Context, w crawl.Web[string], seed string) (crawl.Result, bool) {
		w.Fetch(ctx, seed)
		return crawl.Result{Pages: 1}, false
	})
	bad("urlleaks", func(context.Context, crawl.Web[string], string) (crawl.Result, bool) {
		go func() { time.Sleep(time.Hour) }()
		return crawl.Result{}, false
	})
	bad("urlblind", func(ctx context.Context, w crawl.Web[string], seed string) (crawl.Result, bool) {
		w.Fetch(ctx, seed)
		return crawl.Result{Pages: 1}, true
	})
	bad("urlguess", func(ctx context.Context, w crawl.Web[string], seed string) (crawl.Result, bool) {
		w.Fetch(ctx, "https"+strings.TrimPrefix(seed, "http"))
		return crawl.Result{}, false
	})
	return list
}

// carried changes a scenario so that pages come over HTTP.
func carried(also func(*plan.Scenario)) func(*plan.Scenario) {
	return func(s *plan.Scenario) {
		s.Keys, s.Transports, s.Deadline = []string{"url"}, []plan.Transport{plan.HTTP}, 10*time.Second
		if also != nil {
			also(s)
		}
	}
}

// hosts is the number of hosts of the graph of these tests.
const hosts = 4

func TestCrawlsOverHTTP(t *testing.T) {
	temp, err := os.MkdirTemp("/tmp", "") // other tests leave files in the shared one; sockets need a short name
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(temp) })
	t.Setenv("TMPDIR", temp)
	r, run := start(t, carried(func(s *plan.Scenario) {
		s.Transports = []plan.Transport{plan.Memory, plan.HTTP}
		s.Workers = []plan.Count{{N: 1}, {N: 4}}
		s.Profiles = plan.Profiles{Kinds: []string{"cpu", "wall"}, Length: 20 * time.Millisecond}
		s.Fetch.Fail = 0.1
		s.Rounds = 1
	}), "mutexmap", "level")
	if err := r.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(run.Failed()) > 0 {
		t.Fatalf("failed: %+v", run.Failed())
	}
	samples := 0
	for _, rec := range run.Records() {
		http := strings.Contains(rec.Cell, "transport=http")
		switch {
		case rec.Sample != nil && http:
			samples++
			checkHTTP(t, rec)
		case rec.Sample != nil:
			if _, ok := rec.Sample.Values[store.SiteUnit]; ok {
				t.Errorf("%s: a cell in memory has %s", rec.Cell, store.SiteUnit)
			}
		case rec.Profile != nil && http && rec.Profile.Files["breakdown"] != "":
			if share := networkShare(t, run, rec); share < 0.05 {
				t.Errorf("%s: workers wait for the network %.0f %% of their time", rec.Cell, 100*share)
			}
		}
	}
	if want := 2 * 2; samples != want {
		t.Errorf("%d samples over HTTP, want %d", samples, want)
	}
	for _, workers := range []int{1, 4} {
		if run.Manifest().Engine[store.EngineKey("g", "url", plan.HTTP, workers, 2)] <= 0 {
			t.Errorf("the cost of fetching with %d workers is not known: %v", workers, run.Manifest().Engine)
		}
	}
	if text, err := run.Bench(); err != nil || !strings.Contains(string(text), "transport=http-2 ") ||
		!strings.Contains(string(text), store.SiteUnit) {
		t.Errorf("bench.txt: %v\n%s", err, text)
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "crawlbench-*", "0")); len(left) > 0 {
		t.Errorf("sockets were left: %v", left)
	}
}

func checkHTTP(t *testing.T, rec store.Record) {
	v := rec.Sample.Values
	if v["pages/op"] < 300 || v["cpu-sec/op"] <= 0 || v[store.SiteUnit] <= 0 {
		t.Errorf("%s: values %v", rec.Cell, v)
	}
	least, most := float64(hosts), float64(hosts)
	if strings.Contains(rec.Cell, "workers=4") {
		most = v["pages/op"] / 2 // a worker may get the connection of another while its own is being made
	}
	if d := v[store.DialsUnit]; d < least || d > most {
		t.Errorf("%s: %v connections a crawl, want %v to %v", rec.Cell, d, least, most)
	}
}

func networkShare(t *testing.T, run *store.Run, rec store.Record) float64 {
	text, err := run.ReadFile(rec.Profile.Files["breakdown"])
	var list []*breakdown.Breakdown
	if err == nil {
		err = json.Unmarshal(text, &list)
	}
	if err != nil || len(list) == 0 {
		t.Fatalf("%s: %v", rec.Cell, err)
	}
	return list[0].Share(breakdown.Network)
}

func TestBlocksOverHTTPCompareProcessorTime(t *testing.T) {
	r, run := start(t, carried(func(s *plan.Scenario) {
		s.Turns, s.Slice, s.Rounds = 3, 2*time.Millisecond, 1
		s.Fetch.Latency.Model, s.Fetch.Latency.Median = "constant", 2*time.Millisecond
	}), "mutexmap", "chunked")
	if err := r.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	list := run.Samples()
	if len(list) != 2 || len(run.Failed()) > 0 {
		t.Fatalf("%d samples, %+v", len(list), run.Failed())
	}
	for _, rec := range list {
		s := rec.Sample
		bad := func(x store.Slice) bool { return x.CPU <= 0 || x.CPU > x.Seconds }
		if len(s.Slices) == 0 || slices.ContainsFunc(s.Slices, bad) {
			t.Errorf("%s: slices %+v", rec.Cell, s.Slices)
		}
		// 400 pages of 2 ms with 2 workers take 0.4 s, most of it waiting. A busy machine adds time, not
		// processor time.
		if s.Values["sec/op"] < 0.4 || s.Values["cpu-sec/op"] > s.Values["sec/op"]/2 {
			t.Errorf("%s: %v", rec.Cell, s.Values)
		}
		if per := s.PerPage(plan.HTTP); per != s.Values["cpu-sec/op"]/400 {
			t.Errorf("%s: %v s per page are compared, want the processor time, %v", rec.Cell, per, s.Values["cpu-sec/op"]/400)
		}
	}
}

// A site over HTTP refuses with Retry-After and has robots.txt files, which crawlers obey.
func TestHostsAskForPausesOverHTTP(t *testing.T) {
	r, run := start(t, carried(func(s *plan.Scenario) {
		s.Rounds, s.Workers = 1, []plan.Count{{N: 4}}
		s.Fetch.Refuse, s.Fetch.RetryAfter, s.Fetch.Forbid, s.Fetch.RobotsDelay = 0.1, time.Second, 0.1, time.Second
		s.Politeness = &plan.Politeness{PerHost: 2, Robots: true, CrawlDelay: true, MaxDelay: 5 * time.Millisecond,
			Attempts: 3}
	}), "hostheap", "mutexmap")
	if err := r.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, rec := range run.Failed() {
		t.Errorf("%s: %+v", rec.Cell, rec.Failure)
	}
	for _, rec := range run.Samples() {
		s := rec.Sample
		polite := strings.Contains(rec.Cell, "hostheap")
		if s.Polite == nil || s.Polite.Polite != polite || polite && (s.Polite.Broken > 0 || s.Polite.Gaps < 200 ||
			s.Counts["disallowed-pages"] < 10) || s.Values["pages/op"] < 200 {
			t.Errorf("%s: %+v, %v, %v", rec.Cell, s.Polite, s.Counts, s.Values)
		}
	}
}

func TestWrongCrawlersAreFoundOverHTTP(t *testing.T) {
	for name, want := range map[string]string{
		"urltwice": "1 fetch of pages that had been fetched before",
		"urlleaks": " goroutines were left", // on a busy machine those of a connection, which end later, too
		"urlblind": "399 of 400 reachable pages were not fetched",
		"urlguess": "1 fetch of unknown pages",
	} {
		r, run := start(t, carried(func(s *plan.Scenario) { s.Rounds = 1 }), name)
		if err := r.Do(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(run.Failed()) != 1 {
			t.Fatalf("%s: failures %+v", name, run.Failed())
		}
		for _, rec := range run.Failed() {
			if f := rec.Failure; f.Class != "wrong" || !strings.Contains(f.Message, want) {
				t.Errorf("%s: %s: %s, want %q", name, f.Class, f.Message, want)
			}
		}
	}
}

// A recorded site is served under its own URLs, which are those of https, with its latencies and failures.
func TestRecordedSiteOverHTTP(t *testing.T) {
	file := recordedGraph(t, 4000, 2000, 6000, 8000)
	long := filepath.Join(t.TempDir(), strings.Repeat("long", 25)) // sockets are elsewhere then
	if err := os.Mkdir(long, 0o777); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", long)
	r, run := start(t, carried(func(s *plan.Scenario) {
		s.SetGraphs(plan.Graph{Name: "g", Spec: graph.Spec{Kind: "file", File: file}})
		s.Fetch.Latency.Model, s.Rounds, s.Workers = "recorded", 1, []plan.Count{{N: 1}}
	}), "mutexmap")
	if err := r.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	list := run.Samples()
	if len(list) != 1 {
		t.Fatalf("%d samples, %+v", len(list), run.Failed())
	}
	if v := list[0].Sample.Values; v["pages/op"] != 4 || v["sec/op"] < 0.020 || v[store.DialsUnit] != 1 {
		t.Errorf("a crawl: %v, want 4 pages over one connection in at least 20 ms", v)
	}
}

// Recorded redirects are replayed as pages with one link, in memory and over HTTP: a chain of two, one to another host,
// and one from the http to the https form of a URL, which have the same one on the site.
func TestRecordedRedirectsAreReplayed(t *testing.T) {
	urls := []string{
		"https://a.example/", "https://a.example/old", "https://a.example/older?to=/new&x=%20", "https://a.example/new",
		"https://a.example/gone", "http://a.example/", "https://b.example/r", "https://b.example/x/",
	}
	status := []int16{200, 301, 302, 200, 404, 308, 307, 200}
	links := [][]uint32{{1, 2, 5}, {3}, {1}, {4, 0, 6}, {}, {0}, {7}, {3, 0}}
	g := &graph.Graph{Offsets: []uint64{0}, Hosts: []uint32{0, 6}}
	for _, list := range links {
		g.Links = append(g.Links, list...)
		g.Offsets = append(g.Offsets, uint64(len(g.Links)))
	}
	waits := make([]uint32, len(urls))
	for p := range waits {
		waits[p] = 1000
	}
	file := recordedFile(t, g, &graph.Record{Waits: waits, Status: status}, urls)
	r, run := start(t, carried(func(s *plan.Scenario) {
		s.SetGraphs(plan.Graph{Name: "g", Spec: graph.Spec{Kind: "file", File: file}})
		s.Transports = []plan.Transport{plan.Memory, plan.HTTP}
		s.Fetch.Latency.Model, s.Rounds, s.Workers = "recorded", 1, []plan.Count{{N: 1}, {N: 3}}
	}), "mutexmap", "chunked")
	if err := r.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(run.Samples()) != 8 {
		t.Fatalf("%d samples, want 8; failed: %+v", len(run.Samples()), run.Failed())
	}
	for _, rec := range run.Samples() {
		if n := rec.Sample.Values["pages/op"]; n != float64(len(urls)) {
			t.Errorf("%s: %v pages, want %d", rec.Cell, n, len(urls))
		}
	}
}
