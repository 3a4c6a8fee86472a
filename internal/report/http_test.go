package report_test

import (
	"path/filepath"
	"strings"
	"testing"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plan"
	"crawlbench/internal/profile"
	"crawlbench/internal/profile/breakdown"
	"crawlbench/internal/report"
	"crawlbench/internal/store"
	"crawlbench/internal/testing/runtest"
)

// overHTTP fabricates a run in which chunked has ten times the speed of mutexmap in memory, and needs 2 us less than
// 50 us over HTTP, where 46 us are fetching. By the wall clock it is slower there, which must not count.
func overHTTP(t *testing.T) *diagnose.Analysis {
	t.Helper()
	p, err := runtest.Plan(`
crawlers = ["mutexmap", "chunked"]
baseline = "mutexmap"
keys = ["url"]
transport = ["memory", "http"]
workers = [8]
rounds = 12
rest = "0s"
[[graph]]
name = "g"
kind = "rmat"
scale = 10
[profiles]
kinds = ["cpu", "wall"]
`, false)
	if err != nil {
		t.Fatal(err)
	}
	fast := func(c plan.Cell) bool { return c.Impl == "chunked" }
	run, err := runtest.Run{
		Plan: p, Noise: 0.001,
		Manifest: store.Manifest{Scenario: "made-up", Host: map[string]string{"cores": "2"},
			Harness: map[string]float64{"g/url": 20e-9, "g/url/http": 46e-6},
			Engine:  map[string]float64{store.EngineKey("g", "url", plan.HTTP, 8, 2): 46e-6}},
		Speed: func(c plan.Cell, _ int) float64 {
			switch {
			case c.Transport == plan.HTTP && fast(c):
				return 18_000
			case c.Transport == plan.HTTP:
				return 20_000
			case fast(c):
				return 1e7
			}
			return 1e6
		},
		Change: func(c plan.Cell, rec *store.Record) {
			if c.Transport != plan.HTTP {
				return
			}
			v := rec.Sample.Values
			each := map[bool]float64{true: 48e-6, false: 50e-6}[fast(c)]
			v["cpu-sec/op"] = each * v["pages/op"] * v["sec/op"] * map[bool]float64{true: 18, false: 20}[fast(c)]
			v[store.SiteUnit] = 42e-6 * v["pages/op"]
			v[store.DialsUnit] = 200
		},
		Usage: func(c plan.Cell) *profile.Usage {
			if c.Transport != plan.HTTP {
				return nil
			}
			return &profile.Usage{Repeats: []profile.Repeat{{Pages: 1000, CPU: 1, Samples: 1000,
				Seconds: map[profile.Class]float64{profile.Parsing: 0.4, profile.Fetching: 0.5, profile.OwnCode: 0.1}}}}
		},
		Breakdown: func(c plan.Cell) *breakdown.Breakdown {
			if c.Transport != plan.HTTP {
				return nil
			}
			return &breakdown.Breakdown{Workers: 8, Crawls: 1, Pages: 1000, Wall: 0.1, Worker: 0.8,
				Seconds: map[breakdown.State]float64{breakdown.Network: 0.6, breakdown.Running: 0.2}}
		},
	}.Write(filepath.Join(t.TempDir(), "run"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { run.Close() })
	a, err := diagnose.Analyse(run)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Over HTTP, verdicts, tables and sentences are about the processor time of a page, with the site's beside it.
func TestOverHTTP(t *testing.T) {
	a := overHTTP(t)
	for _, table := range a.Tables {
		x := table.Group(8).Comparison("chunked", "mutexmap")
		want := map[plan.Transport]float64{plan.Memory: 10, plan.HTTP: 50.0 / 48}[table.Transport]
		if got := x.Times().Value; got < 0.99*want || got > 1.01*want || x.Verdict.String() != "faster" {
			t.Errorf("%v: %.3f times, %v: want %.3f, faster", table.Transport, got, x.Verdict, want)
		}
	}
	text := strings.Join(strings.Fields(report.Text(a, report.Terminal{})), " ")
	for _, want := range []string{
		"g over HTTP, keys url, rate inf, GOMAXPROCS 2: processor time a page, median with 95 % interval, and that in the site",
		"chunked 48.0 µs + 42.0 µs mutexmap 50.0 µs + 42.0 µs",
		"times mutexmap's pages per second of processor time",
		"g over HTTP, keys url, rate inf, GOMAXPROCS 2: chunked is the cheapest, 48.0 µs of processor time a page " +
			"(and 42.0 µs in the site) with 8 workers; it has 1.04x",
		"A crawler can change at most 8.0 % of this time: mutexmap with 8 workers needs 50.0 µs a page, and workers that " +
			"only fetch and parse need 46.0 µs.",
		"g, keys url, rate inf, GOMAXPROCS 2: chunked is the fastest, 10.0M pages/s with 8 workers; it has 10.00x",
		"The site and the verification cost 20 ns (g/url) per page",
		"Over HTTP, crawlers are compared by the processor time of their process",
		"on g over HTTP spends 75 % of its workers' time waiting for the site, which shares the processors: a page takes",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the text has no %q:\n%s", want, report.Text(a, report.Terminal{}))
		}
	}
	kinds := map[diagnose.Kind]int{}
	for _, f := range a.Findings {
		if f.Cell.Transport != plan.HTTP {
			t.Errorf("%s of a cell in memory", f.Rule.Kind)
		}
		kinds[f.Rule.Kind]++
	}
	for _, kind := range []diagnose.Kind{diagnose.Parsing, diagnose.Connections, diagnose.BusySite} {
		if kinds[kind] != 2 {
			t.Errorf("%d findings %q, want one for each crawler: %v", kinds[kind], kind, kinds)
		}
	}
	if kinds[diagnose.LatencyBound] > 0 {
		t.Error("a busy site is also found to be latency-bound")
	}
}

// Connections have one reason each: few pages per host, which a single worker meets as well, or many workers.
func TestConnectionsHaveOneReason(t *testing.T) {
	for first, want := range map[float64]string{
		190: "0.2 connections a page: 95 % are the first to their host, since the hosts have few pages",
		20:  "0.2 connections a page: 90 % are made because several workers visit a host at once",
		0:   "0.2 connections a page; why is not known: measure it with one worker too",
	} {
		workers := "[1, 8]"
		if first == 0 {
			workers = "[8]"
		}
		p, err := runtest.Plan(`
crawlers = ["mutexmap"]
keys = ["url"]
transport = ["http"]
workers = `+workers+`
rounds = 6
rest = "0s"
[[graph]]
name = "g"
kind = "rmat"
scale = 10
`, false)
		if err != nil {
			t.Fatal(err)
		}
		run, err := runtest.Run{Plan: p, Manifest: store.Manifest{Host: map[string]string{"cores": "2"}},
			Speed: func(plan.Cell, int) float64 { return 20_000 },
			Change: func(c plan.Cell, rec *store.Record) {
				v := rec.Sample.Values
				v[store.DialsUnit] = v["pages/op"] / 1000 * map[bool]float64{true: first, false: 200}[c.Workers == 1]
			}}.Write(filepath.Join(t.TempDir(), "run"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { run.Close() })
		a, err := diagnose.Analyse(run)
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, f := range report.View(a, func(id string) string { return id }).Findings {
			said = append(said, f.Text)
			if strings.Contains(f.Text, " or ") {
				t.Errorf("two guesses: %s", f.Text)
			}
		}
		if text := strings.Join(said, "\n"); !strings.Contains(text, want) {
			t.Errorf("want %q:\n%s", want, text)
		}
	}
}
