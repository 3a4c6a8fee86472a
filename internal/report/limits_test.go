package report

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plan"
	"crawlbench/internal/store"
	"crawlbench/internal/testing/runtest"
)

// Limiters that miss their rate are marked, except where the site does not allow it.
func TestTableOfLimiters(t *testing.T) {
	p, err := runtest.Plan(`
crawlers = ["mutexmap", "cas"]
workers = [2, 64]
rate = [2000, "inf"]
limiter = ["bucket", "ticker", "paced"]
rounds = 7
[fetch]
latency = "constant"
median = "2ms"
[[graph]]
name = "g"
kind = "hosts"
pages = 1000
`, false)
	if err != nil {
		t.Fatal(err)
	}
	achieved := map[string]float64{"bucket": 4300 * 2, "ticker": 900, "paced": 1999}
	run, err := runtest.Run{Plan: p, Manifest: store.Manifest{Scenario: "limiters",
		Graphs: []store.GraphInfo{{Name: "g", Reachable: 1000, Pages: 1000, Depth: 0}}},
		Speed: func(plan.Cell, int) float64 { return 900 },
		Change: func(c plan.Cell, rec *store.Record) {
			if c.Rate > 0 {
				rec.Sample.Pace = &store.Pace{Asked: 2000, Achieved: achieved[c.Limiter], Worst: 0.5, Window: 0.002,
					Unfairness: 1}
				rec.Sample.Values["cpu-sec/op"] = 3e-6 * rec.Sample.Values["pages/op"]
			}
		},
	}.Write(filepath.Join(t.TempDir(), "run"))
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	a, err := diagnose.Analyse(run)
	if err != nil {
		t.Fatal(err)
	}
	l := limits(topics(a)[0])
	var got []string
	for _, row := range l.Rows {
		line := ""
		for _, e := range row {
			line += e.Text + "|"
		}
		got = append(got, line+row[4].Class)
	}
	const rest = "|0.50 in 2.0 ms|3.0 µs|1|"
	want := []string{
		"bucket|2000|20|2|4.3000, off by more than 1 %" + rest + "slower",
		"bucket|2000|20|64|4.3000, off by more than 1 %" + rest + "slower",
		"ticker|2000|20|2|the site does not allow the rate" + rest,
		"ticker|2000|20|64|0.4500, off by more than 1 %" + rest + "slower",
		"paced|2000|20|2|the site does not allow the rate" + rest,
		"paced|2000|20|64|0.9995" + rest,
	}
	if !slices.Equal(got, want) {
		t.Errorf("have\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
