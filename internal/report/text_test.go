package report

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain/markdown"
	"crawlbench/internal/plain/screen"
	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
	"crawlbench/internal/store"
	"crawlbench/internal/testing/runtest"
)

// sampled returns a run with fabricated samples: a crawl of 1000 pages in cell c, round r took
// (c+1) * (10+r) ms. owner with one worker failed; the last cell has no sample.
func sampled(t *testing.T) *store.Run {
	t.Helper()
	p, err := runtest.Plan(`
crawlers = ["mutexmap", "owner", "sequential"]
workers = [1, 8]
rate = ["inf", 500]
rounds = 7
[[graph]]
name = "g"
kind = "hosts"
pages = 1000
[profiles]
kinds = ["cpu"]
`, false)
	if err != nil {
		t.Fatal(err)
	}
	run, err := runtest.Run{
		Manifest: store.Manifest{Scenario: "made-up", State: store.Complete, Measured: 0.5,
			Harness: map[string]float64{"g/id": 21e-9}},
		Plan: p,
		Speed: func(c plan.Cell, round int) float64 {
			if i := slices.Index(p.Cells, c); i < len(p.Cells)-1 {
				return 1000 / (float64(i+1) * float64(10+round) / 1000)
			}
			return 0
		},
		Change: func(c plan.Cell, rec *store.Record) {
			rec.Sample.Values["cpu-sec/op"] = 0
			if c.Rate > 0 {
				rec.Sample.Pace = &store.Pace{Asked: 500, Achieved: 499, Worst: 0.5 + float64(rec.Round)/10,
					Window: 0.004, Unfairness: 3}
			}
			if c.Impl == "owner" && c.Workers == 1 && c.Rate == 0 {
				if rec.Sample = nil; rec.Round == 0 {
					rec.Kind, rec.Failure = store.KindFailure, &store.Failure{Class: "hang", Message: "it waited"}
				}
			}
		},
	}.Write(filepath.Join(t.TempDir(), "made-up-1"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { run.Close() })
	return run
}

// golden compares got with a file in testdata. CRAWLBENCH_GOLDEN=write rewrites the file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("CRAWLBENCH_GOLDEN") == "write" {
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; it is now\n%s", path, got)
	}
}

func TestText(t *testing.T) {
	a := showcase(t)
	text := Text(a, Terminal{})
	golden(t, "text.golden", relative(a, text))
	for line := range strings.Lines(text) {
		if strings.TrimRight(line, " \n") != strings.TrimRight(line, "\n") {
			t.Errorf("%q ends in blanks", line)
		}
	}
}

func TestPlan(t *testing.T) {
	run := sampled(t)
	graphs := []store.GraphInfo{
		{Name: "g", Spec: "hosts pages=1000", Pages: 1000, Links: 7890, Reachable: 1000, Depth: 9},
		{Name: "another", Spec: "chain pages=1234567", Pages: 1234567, Links: 1234566, Reachable: 12, Failed: 1,
			Depth: 11},
	}
	p := run.Plan()
	text := Plan(p, graphs, 40*time.Second, 93*time.Second, 0.05, screen.Screen{})
	p.Looks = []stat.Look{{Blocks: 6}, {Blocks: 12}}
	golden(t, "plan.golden", text+"\n"+Plan(p, graphs, 40*time.Second, 93*time.Second, 0.05, screen.Screen{}))
}

// Samples of 1 s of crawling in children of 2 s: half. A pause of an hour between sessions counts as a second.
func TestMeasuredShare(t *testing.T) {
	at := func(sec int) store.Record {
		return store.Record{Start: time.Unix(int64(sec), 0), Wall: 2,
			Sample: &store.Sample{Seconds: []float64{0.4, 0.6}}}
	}
	for _, test := range []struct {
		records []store.Record
		want    float64
	}{
		{nil, 0},
		{[]store.Record{at(0), at(2)}, 0.5},
		{[]store.Record{at(0), at(2), {Profile: &store.Profile{}, Wall: 100}}, 0.5},
		{[]store.Record{at(0), at(3602)}, 2.0 / 5},
	} {
		if got := MeasuredShare(test.records); got != test.want {
			t.Errorf("%d records: %v, want %v", len(test.records), got, test.want)
		}
	}
}

func TestNumbersForPeople(t *testing.T) {
	for x, want := range map[float64]string{
		0: "0.00", 1: "1.00", 9.994: "9.99", 9.996: "10.0", 99.96: "100", 999.4: "999", 999.6: "1.00k", 12345: "12.3k",
		1e6: "1.00M", 2.5e9: "2.50G", 7e12: "7.00T", 7e15: "7000T",
	} {
		if got := SI(x); got != want {
			t.Errorf("SI(%v) = %s, want %s", x, got, want)
		}
	}
	for d, want := range map[time.Duration]string{1234 * time.Millisecond: "1.2s", 93400 * time.Millisecond: "1m33s",
		3 * time.Hour: "3h0m0s"} {
		if got := Duration(d); got != want {
			t.Errorf("Duration(%d) = %s, want %s", d, got, want)
		}
	}
}

// relative returns text without the directory of the run, in Markdown or as it is.
func relative(a *diagnose.Analysis, text string) string {
	dir := filepath.Dir(a.Run.Dir())
	return strings.NewReplacer(dir, "results", markdown.Line(dir), "results").Replace(text)
}

func TestEngineShare(t *testing.T) {
	m := store.Manifest{OnEngine: []string{"mutexmap"},
		Engine: map[string]float64{store.EngineKey("g", "id", plan.Memory, 4, 2): 50e-9}}
	c := &diagnose.Cell{}
	c.Cell = plan.Cell{Impl: plan.Control("mutexmap"), Graph: "g", Keys: "id", Workers: 4, Procs: 2}
	c.Summary.Center = 2e6
	if cost, share := engineShare(m, c); cost != 50e-9 || math.Abs(share-0.1) > 1e-9 {
		t.Errorf("%v, %v", cost, share)
	}
	c.Impl = "owner"
	if cost, _ := engineShare(m, c); cost != 0 {
		t.Errorf("owner does not use the engine, but the cost is %v", cost)
	}
}

func TestALongAxisIsShortened(t *testing.T) {
	p := *sampled(t).Plan()
	for i := range 100 {
		c := p.Cells[0]
		c.Workers = 1000 + i
		p.Cells = append(p.Cells, c)
	}
	if text := Plan(&p, nil, 0, 0, -1, screen.Screen{}); !strings.Contains(text, "workers     1, 8, 1000, 1001") ||
		!strings.Contains(text, "1019, ..., 1099 (102 in all)") {
		t.Errorf("%s", text)
	}
}

// A table is one line in a terminal only if all its cells say the same.
func TestUniformTablesAreOneLine(t *testing.T) {
	a := showcase(t)
	alike := 0
	for _, table := range a.Tables {
		one := throughputs(table).OneLine
		if one != "" {
			alike++
		}
		if table.Rate == 0 && (one != "" || versus(a, table).OneLine != "") {
			t.Errorf("%s: %q, %q", Condition(table.Key), one, versus(a, table).OneLine)
		}
	}
	if alike == 0 {
		t.Error("no table with a rate is one line")
	}
	table := a.Tables[1]
	c := table.Rows[1].Cells[2]
	for what, change := range map[string]func(){
		"a faster cell": func() { c.Summary.Hi *= 1.1 },
		"a failed cell": func() { c.Failure = &store.Failure{} },
	} {
		kept := *c
		change()
		if got := throughputs(table).OneLine; got != "" {
			t.Errorf("%s: %q", what, got)
		}
		*c = kept
	}
	c.Versus.Verdict = stat.Inconclusive
	if got := versus(a, table).OneLine; got != "" {
		t.Errorf("an inconclusive comparison: %q", got)
	}
}
