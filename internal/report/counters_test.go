package report

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain/screen"
	"crawlbench/internal/plan"
	"crawlbench/internal/profile"
	"crawlbench/internal/store"
	"crawlbench/internal/testing/runtest"
)

// counted returns the analysis of a run whose crawler takes three times the processor time with eight workers, most of
// it at one line, with the given counters per page of one worker and of eight.
func counted(t *testing.T, why string, one, many map[string]float64) *diagnose.Analysis {
	t.Helper()
	p, err := runtest.Plan(`
crawlers = ["mutexmap"]
workers = [1, 8]
rounds = 8
[[graph]]
name = "g"
kind = "hosts"
pages = 1000
[profiles]
kinds = ["cpu"]
workers = [1, 8]
`, false)
	if err != nil {
		t.Fatal(err)
	}
	run, err := runtest.Run{Plan: p, Noise: 0.01, Manifest: store.Manifest{Scenario: "made"},
		Speed: func(plan.Cell, int) float64 { return 1e5 },
		Change: func(c plan.Cell, rec *store.Record) {
			v := rec.Sample.Values
			v["cpu-sec/op"] = map[int]float64{1: 1e-6, 8: 3e-6}[c.Workers] * v["pages/op"]
		},
		Usage: func(c plan.Cell) *profile.Usage {
			u := &profile.Usage{Counting: why}
			counts := map[int]map[string]float64{1: one, 8: many}[c.Workers]
			for range 5 {
				r := profile.Repeat{Pages: 1000, Samples: 100, CPU: 0.1, Counters: map[string]float64{},
					Seconds: map[profile.Class]float64{profile.OwnCode: 0.1},
					Spots:   []profile.Spot{{Class: profile.OwnCode, Where: "mine.add mine.go:7", Seconds: 0.1}}}
				for name, n := range counts {
					r.Counters[name] = n * 1000
				}
				u.Repeats = append(u.Repeats, r)
			}
			return u
		}}.Write(filepath.Join(t.TempDir(), "run"))
	if err != nil {
		t.Fatal(err)
	}
	return analysed(t, run)
}

// What was counted is shown per page, and tells a line that waits for memory from one that does more.
func TestCounters(t *testing.T) {
	one := map[string]float64{"cycles": 3000, "instructions": 4000, "cache misses": 0.5, "context switches": 0.01,
		"migrations": 0.002}
	many := map[string]float64{"cycles": 9000, "instructions": 4100, "cache misses": 12, "context switches": 1.5,
		"migrations": 0.2}
	a := counted(t, "", one, many)
	shown := renderings(t, a)
	shown["text"] = Text(a, Terminal{Detail: Verbose})
	for format, text := range shown {
		text = strings.Join(strings.Fields(text), " ")
		for _, want := range []string{"a cache line that several cores write travels between them",
			"1.02x the instructions that it takes with one worker, in 3.00x the cycles, with 12 cache misses instead of 0.5",
			"context switches", "migrations", "4.10k"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s does not say %q", format, want)
			}
		}
		if strings.Contains(text, "as when") || strings.Contains(text, "does not offer") {
			t.Errorf("%s says that something is unknown", format)
		}
	}
	v := NewCellDetails(a, a.Tables[0].Cell("mutexmap", 8))
	facts := map[string]string{}
	for _, f := range v.Facts {
		facts[f[0]] = f[1]
	}
	if got, want := facts["context switches"], "1.5 per page, 0.01 with one worker"; got != want {
		t.Errorf("context switches: %q, want %q", got, want)
	}
	var b bytes.Buffer
	var out struct {
		Cells []struct {
			Counters map[string]float64 `json:"counters_per_page"`
		}
	}
	if err := JSON(&b, a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b.Bytes(), &out); err != nil || out.Cells[1].Counters["cycles"] != 9000 {
		t.Errorf("%+v, error %v", out, err)
	}
	more := map[string]float64{"cycles": 9000, "instructions": 11000}
	text := renderings(t, counted(t, "", one, more))["HTML"]
	if strings.Contains(text, "a cache line that several cores write") ||
		!strings.Contains(text, "2.75x the instructions") {
		t.Error("more instructions are taken for a cache line")
	}
}

// Where the kernel offers no counters of the processor, the report says so once, and is not sure.
func TestMissingCountersAreSaidOnce(t *testing.T) {
	few := map[string]float64{"context switches": 1}
	a := counted(t, "perf_event_open: no such file or directory", few, few)
	shown := renderings(t, a)
	shown["text"] = Text(a, Terminal{Detail: Verbose, Screen: screen.Screen{}})
	for format, text := range shown {
		text = strings.Join(strings.Fields(text), " ")
		if n := strings.Count(text, "perf_event_open"); n != 1 {
			t.Errorf("%s says it %d times, want once", format, n)
		}
		if !strings.Contains(text, "as if a cache line that several cores write travels between them") {
			t.Errorf("%s is sure of a cache line", format)
		}
	}
}

// Rare and frequent events are decimal numbers, without an exponent.
func TestEventsPerPage(t *testing.T) {
	for n, want := range map[float64]string{0: "0", 3.54e-6: "0.0000035", 1.7e-5: "0.000017", 0.14: "0.14", 2: "2",
		99.6: "100", 140: "140"} {
		if got := perPage(n); got != want {
			t.Errorf("%v: %q, want %q", n, got, want)
		}
	}
}

// The memory of a machine has a unit that suits it; whatever else a property says stays.
func TestPropertiesOfAMachine(t *testing.T) {
	for in, want := range map[[2]string]string{{"memory", "24684084 kB"}: "23.5 GiB", {"memory", "much"}: "much",
		{"kernel", "6 kB"}: "6 kB"} {
		if got := property(in[0], in[1]); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
