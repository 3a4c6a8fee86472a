package cell

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

	"crawlbench/internal/contender"
	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
	"crawlbench/internal/ledger"
	"crawlbench/internal/limiter"
	"crawlbench/internal/plan"
	"crawlbench/internal/profile"
	"crawlbench/internal/scenario"
	"crawlbench/internal/store"
	"crawlbench/internal/web"
)

// cache builds a graph into a cache file.
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
	o, err := Run(t.Context(), j, contender.All())
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
		t.Errorf("%d crawls of %v s: the one that passes 5 ms is to be the last", s.Crawls, s.Seconds)
	}
	if mean := sum / float64(s.Crawls); s.Values["sec/op"] < mean*0.999999 || s.Values["sec/op"] > mean*1.000001 {
		t.Errorf("sec/op %v, the crawls took %v on average", s.Values["sec/op"], mean)
	}
	if s.Values["pages/op"] != 500 {
		t.Errorf("%v pages/op", s.Values["pages/op"])
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
		if s.Values["pages/op"] != 100 || s.Pace == nil || s.Pace.Asked != 5000 || s.Pace.Worst == 0 || s.Pace.Window < 1e-3 {
			t.Fatalf("%s: %v pages/op, pace %+v", name, s.Values["pages/op"], s.Pace)
		}
		// None that begins empty is early, however late timers are.
		if s.Pace.Achieved > 5000*1.001 || s.Values["sec/op"] < 0.0199 {
			t.Errorf("%s: 100 pages at 5000/s took %v s, %v pages/s", name, s.Values["sec/op"], s.Pace.Achieved)
		}
	}
}

func TestFailuresAreOfTheSite(t *testing.T) {
	b := web.Behaviour{Fail: 0.2, Seed: 3}
	j := job(cache(t, graph.Spec{Kind: "hosts", Pages: 500}, b.Fails))
	j.Fetch = b
	if s := run(t, j).Sample; s.Values["pages/op"] >= 500 {
		t.Errorf("%v pages/op: the failures hide no page", s.Values["pages/op"])
	}
}

func TestProfilesHoldTheCrawlsAndSayOfWhat(t *testing.T) {
	j := job(cache(t, graph.Spec{Kind: "rmat", Scale: 12}, nil))
	j.Dir, j.Sample, j.Comments = t.TempDir(), 50*time.Millisecond, []string{"cell=x"}
	for _, kinds := range [][]string{{"cpu"}, {"block", "mutex"}} {
		j.Profiles = kinds
		done := run(t, j).Profile
		if done.Crawls < 1 || done.Pages < done.Crawls || done.Sec < 0.05 || len(done.Files) != len(kinds) {
			t.Errorf("%+v", done)
		}
		for kind, file := range done.Files {
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

func TestWrongCrawlIsNoNumber(t *testing.T) {
	j := job(cache(t, graph.Spec{Kind: "hosts", Pages: 50}, nil))
	j.Cell.Impl = "lazy"
	lazy := crawl.Contender{Name: "lazy", ByID: func(context.Context, crawl.Web[uint32], []uint32, crawl.Options) (crawl.Result, error) {
		return crawl.Result{}, nil
	}}
	o, err := Run(t.Context(), j, []crawl.Contender{lazy})
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

func TestUnknownContender(t *testing.T) {
	j := job(cache(t, graph.Spec{Kind: "chain", Pages: 5}, nil))
	j.Cell.Impl = "nobody"
	if _, err := Run(t.Context(), j, contender.All()); err == nil || !strings.Contains(err.Error(), "no contender nobody") {
		t.Errorf("error %v", err)
	}
}

// The two graphs that nobody here made, by every design and both kinds of key.
func TestRealGraphsAreCrawledByAll(t *testing.T) {
	dir := os.Getenv("CRAWLBENCH_DATA")
	if dir == "" || testing.Short() {
		t.Log("CRAWLBENCH_DATA is not set, or the tests are to be short: no real graph is tried")
		return
	}
	for name, test := range map[string]struct {
		spec  graph.Spec
		pages float64 // reachable; the counts of the whole graph are tested in package graph
	}{
		"cnr-2000":  {graph.Spec{Kind: "bvgraph", File: filepath.Join(dir, "cnr-2000.graph"), Start: "122083"}, 325557},
		"wiki-Vote": {graph.Spec{Kind: "edges", File: filepath.Join(dir, "wiki-Vote.txt")}, 2316},
	} {
		file := cache(t, test.spec, nil)
		for _, c := range contender.All() {
			for _, keys := range []string{"id", "url"} {
				j := job(file)
				j.Cell.Impl, j.Cell.Keys, j.Sample = c.Name, keys, time.Nanosecond
				if c.MaxWorkers > 0 {
					j.Cell.Workers = c.MaxWorkers
				}
				o, err := Run(t.Context(), j, contender.All())
				if err != nil || o.Wrong != "" || o.Sample.Values["pages/op"] != test.pages {
					t.Errorf("%s by %s, %s: %+v, %v", name, c.Name, keys, o, err)
				}
			}
		}
	}
}

func TestChildAnswersAJobInJSON(t *testing.T) {
	in := `{"Cell":{"impl":"cas","graph":"g","keys":"id","workers":2,"rate":"inf","gomaxprocs":2},"Cache":"/nowhere/g.graph"}`
	o, err := answer(t.Context(), strings.NewReader(in), nil, contender.All())
	if err != nil || !strings.HasPrefix(o.Error, "open the graph's cache: open /nowhere/g.graph") {
		t.Errorf("%+v, %v", o, err)
	}
	if _, err := answer(t.Context(), strings.NewReader("{"), nil, nil); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("half a job: %v", err)
	}
	if err := Child(t.Context(), strings.NewReader(in), nil); err == nil {
		t.Error("a process that is nobody's child answered")
	}
}

func TestWallBringsALedger(t *testing.T) {
	for _, rate := range []float64{0, 5000} {
		j := job(cache(t, graph.Spec{Kind: "rmat", Scale: 12}, nil))
		j.Dir, j.Sample, j.Profiles = t.TempDir(), 40*time.Millisecond, []string{"wall"}
		if rate > 0 {
			j.Cell.Rate, j.Cell.MaxPages = scenario.Rate(rate), 200
		}
		done := run(t, j).Profile
		p, err := profile.Read(filepath.Join(j.Dir, done.Files["wall"]))
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(j.Dir, done.Files["ledger"]))
		if err != nil {
			t.Fatal(err)
		}
		var ledgers []*ledger.Ledger
		if err := json.Unmarshal(text, &ledgers); err != nil || len(ledgers) != 3 {
			t.Fatalf("%d ledgers, %v", len(ledgers), err)
		}
		var ns, sec float64
		pages := 0
		for _, l := range ledgers {
			pages += l.Pages
			for _, s := range l.Seconds {
				sec += s
			}
			if l.Workers != 4 {
				t.Errorf("%d workers", l.Workers)
			}
			waiting := 1 - l.Share(ledger.Running) - l.Share(ledger.Runnable) // which a busy machine makes long
			if share := l.Share(ledger.Pacing); rate > 0 && share < 0.5*waiting || rate == 0 && share > 0 {
				t.Errorf("rate %v: %v of the time is pacing, %v waiting", rate, share, waiting)
			}
		}
		for _, s := range p.Sample {
			ns += float64(s.Value[0])
		}
		if pages != done.Pages || sec == 0 || math.Abs(ns/1e9/sec-1) > 0.02 {
			t.Errorf("%d marks of %d pages; the profile has %v s, the ledgers %v s", pages, done.Pages, ns/1e9, sec)
		}
	}
}

func TestDoubtsAreFlagged(t *testing.T) {
	j := job(cache(t, graph.Spec{Kind: "chain", Pages: 3}, nil))
	if s := run(t, j).Sample; !slices.Contains(s.Flags, "short") || slices.Contains(s.Flags, "no overlap") {
		t.Errorf("three pages in a row, which nobody can fetch at once, by four workers: flags %v", s.Flags)
	}
	b, err := Open(job(cache(t, graph.Spec{Kind: "star", Pages: 3}, nil)), contender.All())
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if got := b.doubts(&store.Sample{Seconds: []float64{shortest, shortest / 2, 9}}, 1, false); !slices.Equal(got, []string{"no overlap"}) {
		t.Errorf("one of three crawls was short, and none overlapped: flags %v", got)
	}
	flags := func(host map[string]float64) string {
		return strings.Join(b.doubts(&store.Sample{Seconds: []float64{1}, Host: host}, 1, true), " ")
	}
	for want, host := range map[string]map[string]float64{
		"":          {"others-sec": 0.19 * float64(runtime.NumCPU()), "run-delay-sec": 9}, // of a second
		"robbed":    {"others-sec": 0.21 * float64(runtime.NumCPU())},
		"throttled": {"throttled-sec": 0.01},
	} {
		if got := flags(host); got != want {
			t.Errorf("%v: flags %q, want %q", host, got, want)
		}
	}
}

// hoarder is a sequential crawler that keeps 100 bytes for every page.
func hoarder() crawl.Contender {
	return crawl.Contender{Name: "hoarder", ByID: func(ctx context.Context, web crawl.Web[uint32], seeds []uint32, o crawl.Options) (crawl.Result, error) {
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
	}}
}

func TestWeighFindsWhatIsHeld(t *testing.T) {
	j := job(cache(t, graph.Spec{Kind: "hosts", Pages: 5000}, nil))
	j.Cell.Impl, j.Cell.Workers, j.Weigh = "hoarder", 1, true
	o, err := Run(t.Context(), j, []crawl.Contender{hoarder()})
	if err != nil || o.Sample == nil {
		t.Fatal(o, err)
	}
	// 112 bytes, the size class, a slice header that may be there twice over, and little else.
	if held := o.Sample.Held; held < 112 || held > 250 {
		t.Errorf("it holds %.0f B a page", held)
	}
	j.Weigh = false
	if o, err := Run(t.Context(), j, []crawl.Contender{hoarder()}); err != nil || o.Sample.Held != 0 {
		t.Errorf("it was not asked: %v, %v", o, err)
	}
}

// Workers that are let in one at a time never fetch at once. That they took turns tells them from those of which each began
// when the one before was through.
func TestTakingTurnsIsOverlap(t *testing.T) {
	relay := func(each int) crawl.Contender { // pages that a worker fetches before the next one has its turn
		return crawl.Contender{Name: "relay", ByID: func(ctx context.Context, w crawl.Web[uint32], seeds []uint32, o crawl.Options) (did crawl.Result, err error) {
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
		}}
	}
	file := cache(t, graph.Spec{Kind: "star", Pages: 2000}, nil)
	for each, doubt := range map[int]bool{1: false, 500: true} {
		j := job(file)
		j.Cell.Impl = "relay"
		o, err := Run(t.Context(), j, []crawl.Contender{relay(each)})
		if err != nil || o.Wrong != "" {
			t.Fatalf("%v, %s", err, o.Wrong)
		}
		if slices.Contains(o.Sample.Flags, "no overlap") != doubt {
			t.Errorf("%d pages a turn: flags %v", each, o.Sample.Flags)
		}
	}
}
