package measure

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/limiter"
	"crawlbench/internal/crawler"
	"crawlbench/internal/graph"
	"crawlbench/internal/plan"
	"crawlbench/internal/profile"
	"crawlbench/internal/profile/breakdown"

	"crawlbench/internal/store"
)

// cache builds a graph and returns its cache file.
func cache(t testing.TB, s graph.Spec, fails func(uint32) bool) string {
	t.Helper()
	g, err := graph.Build(t.Context(), s, 0)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "g.graph")
	if err := graph.WriteCache(path, g, graph.Walk(g, fails)); err != nil {
		t.Fatal(err)
	}
	return path
}

func job(file string) Job {
	return Job{
		Cell:  plan.Cell{Impl: "mutexmap", Graph: "g", Keys: "id", Workers: 4, Procs: 2},
		Cache: file, Sample: 5 * time.Millisecond,
	}
}

func run(t *testing.T, j Job) Outcome {
	t.Helper()
	o, err := Run(t.Context(), j, crawler.All())
	if err != nil {
		t.Fatal(err)
	}
	if o.Wrong != "" {
		t.Fatal(o.Wrong)
	}
	return o
}

func TestSampleLastsAndAddsUp(t *testing.T) {
	s := run(t, job(cache(t, graph.Spec{Kind: "hosts", Pages: 500}, nil))).Sample
	sum := 0.0
	for _, sec := range s.Seconds {
		sum += sec
	}
	before := sum - s.Seconds[len(s.Seconds)-1]
	if len(s.Seconds) != s.Crawls || sum < 0.005 || before >= 0.005 {
		t.Errorf("%d crawls of %v s: want the crawl that reaches 5 ms to be the last", s.Crawls, s.Seconds)
	}
	if mean := sum / float64(s.Crawls); s.Values["sec/op"] < mean*0.999999 || s.Values["sec/op"] > mean*1.000001 {
		t.Errorf("sec/op %v, want the mean of the crawls, %v", s.Values["sec/op"], mean)
	}
	if s.Values["pages/op"] != 500 {
		t.Errorf("pages/op %v, want 500", s.Values["pages/op"])
	}
	for _, unit := range store.Units() {
		if _, ok := s.Values[unit]; !ok {
			t.Errorf("no %s", unit)
		}
	}
}

func TestPacedSampleKeepsBudgetAndRate(t *testing.T) {
	j := job(cache(t, graph.Spec{Kind: "hosts", Pages: 500}, nil))
	j.Cell.Rate, j.Cell.MaxPages = 5000, 100
	for _, name := range append(limiter.Names(), "") {
		j.Cell.Limiter = name
		s := run(t, j).Sample
		if s.Values["pages/op"] != 100 || s.Pace == nil || s.Pace.Asked != 5000 || s.Pace.Worst == 0 ||
			s.Pace.Window < 1e-3 {
			t.Fatalf("%s: %v pages/op, pace %+v", name, s.Values["pages/op"], s.Pace)
		}
		// A bucket that starts empty never lets a fetch through early, however late timers are.
		if s.Pace.Achieved > 5000*1.001 || s.Values["sec/op"] < 0.0199 {
			t.Errorf("%s: 100 pages at 5000/s took %v s, %v pages/s", name, s.Values["sec/op"], s.Pace.Achieved)
		}
	}
}

func TestFailedFetchesHidePages(t *testing.T) {
	b := graph.Behaviour{Fail: 0.2, Seed: 3}
	j := job(cache(t, graph.Spec{Kind: "hosts", Pages: 500}, b.Fails))
	j.Fetch = b
	if s := run(t, j).Sample; s.Values["pages/op"] >= 500 {
		t.Errorf("%v pages/op: want fewer than 500, because failed fetches hide pages", s.Values["pages/op"])
	}
}

func TestProfilesCoverTheCrawlsAndNameTheCell(t *testing.T) {
	j := job(cache(t, graph.Spec{Kind: "rmat", Scale: 12}, nil))
	j.Dir, j.Sample, j.Comments = t.TempDir(), 50*time.Millisecond, []string{"cell=x"}
	for _, kinds := range [][]string{{"cpu"}, {"block", "mutex"}} {
		j.Profiles = kinds
		done := run(t, j).Profile
		if done.Crawls < 1 || done.Pages < done.Crawls || done.Sec < 0.05 {
			t.Errorf("%+v", done)
		}
		for kind, file := range done.Files {
			if kind == "usage" {
				continue
			}
			p, err := profile.Read(filepath.Join(j.Dir, file))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Contains(p.Comments, "cell=x") || !strings.Contains(p.Mapping[0].File, "impl=mutexmap") {
				t.Errorf("%s: comments %v, file %s", kind, p.Comments, p.Mapping[0].File)
			}
		}
	}
}

// The repeats of a CPU profile have all pages of the pass, and the processor time of its samples by class.
func TestProcessorTimeByClass(t *testing.T) {
	j := job(cache(t, graph.Spec{Kind: "rmat", Scale: 12}, nil))
	j.Dir, j.Sample, j.Profiles = t.TempDir(), 400*time.Millisecond, []string{"cpu"}
	done := run(t, j).Profile
	text, err := os.ReadFile(filepath.Join(j.Dir, done.Files["usage"]))
	if err != nil {
		t.Fatal(err)
	}
	var u profile.Usage
	if err := json.Unmarshal(text, &u); err != nil || len(u.Repeats) < 2 {
		t.Fatalf("%d repeats, %v", len(u.Repeats), err)
	}
	p, err := profile.Read(filepath.Join(j.Dir, done.Files["cpu"]))
	if err != nil {
		t.Fatal(err)
	}
	pages, sec, sampled := 0, 0.0, 0.0
	for _, r := range u.Repeats {
		pages += r.Pages
		for _, s := range r.Seconds {
			sec += s
		}
		if _, ok := r.Counters["context switches"]; !ok || r.CPU <= 0 {
			t.Errorf("counters %v, %v s of processor time", r.Counters, r.CPU)
		}
	}
	for _, s := range p.Sample {
		sampled += float64(s.Value[1]) / 1e9
	}
	if pages != done.Pages || sec == 0 || sec > sampled*(1+1e-6) {
		t.Errorf("%d pages of %d; %v s by class, %v s in the profile", pages, done.Pages, sec, sampled)
	}
}

// A crawler that crawls on the goroutine that called it has this package on its stack, which is not its own.
func TestProfilesBeginAtTheCrawler(t *testing.T) {
	j := job(cache(t, graph.Spec{Kind: "hosts", Pages: 200}, nil))
	j.Cell.Impl, j.Cell.Workers = "sequential", 1
	j.Dir, j.Sample = t.TempDir(), 200*time.Millisecond
	for _, kind := range []string{"cpu", "wall"} {
		j.Profiles = []string{kind}
		if kind == "wall" {
			j.Fetch = graph.Behaviour{Latency: graph.Latency{Model: "constant", Median: time.Millisecond}}
		}
		crawls := 0
		var done *store.Profile
		for try := 0; crawls == 0 && try < 10; try++ { // a busy machine leaves it few samples
			done = run(t, j).Profile
			p, err := profile.Read(filepath.Join(j.Dir, done.Files[kind]))
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range p.Sample {
				for i, loc := range s.Location {
					name := loc.Line[0].Function.Name
					if strings.HasPrefix(name, "crawlbench/internal/crawler/sequential.") {
						crawls++
					}
					if i > 0 && strings.HasPrefix(name, "crawlbench/internal/measure.") &&
						!strings.Contains(name, "marked") {
						t.Errorf("%s: %s is below the crawler", kind, name)
					}
				}
			}
		}
		if crawls == 0 {
			t.Errorf("%s: no sample of the crawler", kind)
		}
		if text, err := os.ReadFile(filepath.Join(j.Dir, done.Files["breakdown"])); kind == "wall" &&
			(err != nil || strings.Contains(string(text), "measure.")) {
			t.Errorf("the time breakdown names the harness as the place of a wait (error %v):\n%s", err, text)
		}
	}
}

func TestIncorrectCrawlIsNotReported(t *testing.T) {
	j := job(cache(t, graph.Spec{Kind: "hosts", Pages: 50}, nil))
	j.Cell.Impl = "lazy"
	lazy := crawl.Crawler{
		Name: "lazy",
		ByID: func(context.Context, crawl.Web[uint32], []uint32, crawl.Options) (crawl.Result, error) {
			return crawl.Result{}, nil
		},
	}
	o, err := Run(t.Context(), j, []crawl.Crawler{lazy})
	if err != nil || o.Sample != nil || !strings.Contains(o.Wrong, "50 of 50 reachable pages were not fetched") {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestNullCrawlerFetchesAllPages(t *testing.T) {
	j := job(cache(t, graph.Spec{Kind: "hosts", Pages: 5000}, nil))
	j.Null, j.Crews = true, []Crew{{1, 1}, {8, 2}}
	for _, keys := range []string{"id", "url"} {
		j.Cell.Keys = keys
		if o := run(t, j); o.Null <= 0 || o.Null > 1e-3 {
			t.Errorf("by %s: %v seconds a page", keys, o.Null)
		} else if len(o.Engine) != 2 || min(o.Engine[0], o.Engine[1]) <= 0 || max(o.Engine[0], o.Engine[1]) > 1e-3 {
			t.Errorf("by %s: the engine costs %v seconds a page", keys, o.Engine)
		}
	}
}

func TestUnknownCrawler(t *testing.T) {
	j := job(cache(t, graph.Spec{Kind: "chain", Pages: 5}, nil))
	j.Cell.Impl = "nobody"
	if _, err := Run(t.Context(), j, crawler.All()); err == nil ||
		!strings.Contains(err.Error(), `no crawler "nobody"`) {
		t.Errorf("error %v", err)
	}
}

// All crawlers crawl two real graphs by both kinds of key.
func TestRealGraphsAreCrawledByAll(t *testing.T) {
	dir := os.Getenv("CRAWLBENCH_DATA")
	if dir == "" || testing.Short() {
		t.Log("CRAWLBENCH_DATA is not set, or -short is: real graphs are skipped")
		return
	}
	for name, test := range map[string]struct {
		spec  graph.Spec
		pages float64 // reachable ones; package graph tests the counts of the whole graph
	}{
		"cnr-2000":  {graph.Spec{Kind: "bvgraph", File: filepath.Join(dir, "cnr-2000.graph"), Start: "122083"}, 325557},
		"wiki-Vote": {graph.Spec{Kind: "edges", File: filepath.Join(dir, "wiki-Vote.txt")}, 2316},
	} {
		file := cache(t, test.spec, nil)
		for _, c := range crawler.All() {
			for _, keys := range []string{"id", "url"} {
				j := job(file)
				j.Cell.Impl, j.Cell.Keys, j.Sample = c.Name, keys, time.Nanosecond
				if c.MaxWorkers > 0 {
					j.Cell.Workers = c.MaxWorkers
				}
				o, err := Run(t.Context(), j, crawler.All())
				if err != nil || o.Wrong != "" || o.Sample.Values["pages/op"] != test.pages {
					t.Errorf("%s by %s, %s: %+v, %v", name, c.Name, keys, o, err)
				}
			}
		}
	}
}

func TestChildAnswersAJobInJSON(t *testing.T) {
	in := `{"Cell":{"impl":"cas","graph":"g","keys":"id","workers":2,"rate":"inf","gomaxprocs":2},` +
		`"Cache":"/nowhere/g.graph"}`
	o, err := answer(t.Context(), strings.NewReader(in), nil, crawler.All(), nil)
	if err != nil || !strings.HasPrefix(o.Error, "open the graph's cache: open /nowhere/g.graph") {
		t.Errorf("%+v, %v", o, err)
	}
	_, err = answer(t.Context(), strings.NewReader("{"), nil, nil, nil)
	if err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("truncated job: error %v", err)
	}
	if err := Child(t.Context(), strings.NewReader(in), nil); err == nil {
		t.Error("a process that is not a child answered")
	}
}

func TestWallProfileHasATimeBreakdown(t *testing.T) {
	for _, rate := range []float64{0, 5000} {
		j := job(cache(t, graph.Spec{Kind: "rmat", Scale: 12}, nil))
		j.Dir, j.Sample, j.Profiles = t.TempDir(), 40*time.Millisecond, []string{"wall"}
		if rate > 0 {
			j.Cell.Rate, j.Cell.MaxPages = plan.Rate(rate), 200
		}
		done := run(t, j).Profile
		p, err := profile.Read(filepath.Join(j.Dir, done.Files["wall"]))
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(j.Dir, done.Files["breakdown"]))
		if err != nil {
			t.Fatal(err)
		}
		var breakdowns []*breakdown.Breakdown
		if err := json.Unmarshal(text, &breakdowns); err != nil || len(breakdowns) != 3 {
			t.Fatalf("%d time breakdowns, %v", len(breakdowns), err)
		}
		var ns, sec float64
		pages := 0
		for _, l := range breakdowns {
			pages += l.Pages
			for _, s := range l.Seconds {
				sec += s
			}
			if l.Workers != 4 {
				t.Errorf("%d workers", l.Workers)
			}
			if share := l.Share(breakdown.RateLimit); (share > 0) != (rate > 0) {
				t.Errorf("rate %v: rate limit takes %v of the time", rate, share)
			}
		}
		for _, s := range p.Sample {
			ns += float64(s.Value[0])
		}
		if pages != done.Pages || sec == 0 || math.Abs(ns/1e9/sec-1) > 0.02 {
			t.Errorf("%d marks, want %d; the profile has %v s, the breakdowns %v s", pages, done.Pages, ns/1e9, sec)
		}
	}
}

func TestUnreliableSamplesAreFlagged(t *testing.T) {
	j := job(cache(t, graph.Spec{Kind: "chain", Pages: 3}, nil))
	if s := run(t, j).Sample; !slices.Contains(s.Flags, "too short") || slices.Contains(s.Flags, "no overlap") {
		t.Errorf("four workers on a chain of three pages: flags %v, want too short and not no overlap", s.Flags)
	}
	b, err := Open(job(cache(t, graph.Spec{Kind: "star", Pages: 3}, nil)), crawler.All())
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	uneven := &store.Sample{Seconds: []float64{minCrawlSeconds, minCrawlSeconds / 2, 9}}
	if got := b.flags(uneven, false); !slices.Equal(got, []string{"no overlap"}) {
		t.Errorf("one of three crawls is too short, none overlaps: flags %v, want no overlap only", got)
	}
	flags := func(host map[string]float64) string {
		return strings.Join(append(b.flags(&store.Sample{Seconds: []float64{1}}, true), loadFlags(host, 1)...), " ")
	}
	for want, host := range map[string]map[string]float64{
		"":          {"others-sec": 0.19 * float64(runtime.NumCPU()), "run-delay-sec": 9}, // of 1 s
		"preempted": {"others-sec": 0.21 * float64(runtime.NumCPU())},
		"throttled": {"throttled-sec": 0.01},
	} {
		if got := flags(host); got != want {
			t.Errorf("%v: flags %q, want %q", host, got, want)
		}
	}
}

// hoarder is a sequential crawler that keeps 100 bytes for every page.
func hoarder() crawl.Crawler {
	return crawl.Crawler{
		Name: "hoarder",
		ByID: func(ctx context.Context, web crawl.Web[uint32], seeds []uint32, o crawl.Options) (crawl.Result, error) {
			var kept [][]byte
			seen := make([]bool, o.SizeHint)
			for queue := seeds; len(queue) > 0; queue = queue[1:] {
				if seen[queue[0]] {
					continue
				}
				seen[queue[0]] = true
				kept = append(kept, make([]byte, 100))
				links, err := web.Fetch(ctx, queue[0])
				if err != nil {
					return crawl.Result{}, err
				}
				queue = append(queue[:len(queue):len(queue)], links...)
			}
			return crawl.Result{Pages: len(kept)}, nil
		},
	}
}

func TestRetainedBytesAreMeasured(t *testing.T) {
	j := job(cache(t, graph.Spec{Kind: "hosts", Pages: 5000}, nil))
	j.Cell.Impl, j.Cell.Workers, j.Retained = "hoarder", 1, true
	o, err := Run(t.Context(), j, []crawl.Crawler{hoarder()})
	if err != nil || o.Sample == nil {
		t.Fatal(o, err)
	}
	// 112 bytes, the size class, plus a slice header, which counts twice while the slice grows, and little else.
	if retained := o.Sample.Retained; retained < 112 || retained > 250 {
		t.Errorf("%.0f retained bytes per page, want 112 to 250", retained)
	}
	j.Retained = false
	if o, err := Run(t.Context(), j, []crawl.Crawler{hoarder()}); err != nil || o.Sample.Retained != 0 {
		t.Errorf("retained bytes were not requested: %v, %v", o, err)
	}
}

// Workers that share one lock never fetch at the same time. That they take turns distinguishes them from workers that
// each start when the previous one has finished.
func TestTakingTurnsCountsAsOverlap(t *testing.T) {
	relay := func(each int) crawl.Crawler { // each is the number of pages per turn
		return crawl.Crawler{
			Name: "relay",
			ByID: func(
				ctx context.Context, w crawl.Web[uint32], seeds []uint32, o crawl.Options,
			) (did crawl.Result, err error) {
				seen := map[uint32]bool{seeds[0]: true}
				queue := seeds
				for did.Pages < len(queue) {
					turn := make(chan struct{})
					go func() {
						defer close(turn)
						for range min(each, len(queue)-did.Pages) {
							links, _ := w.Fetch(ctx, queue[did.Pages])
							did.Pages++
							for _, link := range links {
								if !seen[link] {
									seen[link] = true
									queue = append(queue, link)
								}
							}
						}
					}()
					<-turn
				}
				return did, nil
			},
		}
	}
	file := cache(t, graph.Spec{Kind: "star", Pages: 2000}, nil)
	for each, flagged := range map[int]bool{1: false, 500: true} {
		j := job(file)
		j.Cell.Impl = "relay"
		o, err := Run(t.Context(), j, []crawl.Crawler{relay(each)})
		if err != nil || o.Wrong != "" {
			t.Fatalf("%v, %s", err, o.Wrong)
		}
		if slices.Contains(o.Sample.Flags, "no overlap") != flagged {
			t.Errorf("%d pages per turn: flags %v", each, o.Sample.Flags)
		}
	}
}
