package report_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"crawlbench/internal/crawl"
	"crawlbench/internal/diagnose"
	"crawlbench/internal/plan"
	"crawlbench/internal/report"
	"crawlbench/internal/store"
	"crawlbench/internal/testing/runtest"
)

// ofFleets fabricates a run of a crawler that several processes share, 10,000 pages/s each, and of one that shares a
// limit only. A page costs the clients 20 us and the server 9 us.
func ofFleets(t *testing.T) *diagnose.Analysis {
	t.Helper()
	s, err := plan.Parse("fleets.toml", []byte(`
crawlers = ["single", "joint"]
control = false
workers = [4]
processes = [1, 2, 4]
rate = ["inf", 1000]
limiter = ["shared"]
rounds = 12
rate_limited_rounds = 12
stop = false
[[graph]]
name = "g"
kind = "rmat"
scale = 10
`))
	if err != nil {
		t.Fatal(err)
	}
	byID := func(context.Context, crawl.Web[uint32], []uint32, crawl.Options) (did crawl.Result, err error) {
		return
	}
	p, err := plan.Make(s, []crawl.Crawler{{Name: "single", ByID: byID}, {Name: "joint", ByID: byID, Fleet: true}}, 2,
		crawl.LimiterKind{Name: "shared", Fleet: true,
			New: func(float64, int, *crawl.Fleet) (crawl.Limiter, error) { return nil, nil }})
	if err != nil {
		t.Fatal(err)
	}
	run, err := runtest.Run{
		Plan: p, Noise: 0.001,
		Manifest: store.Manifest{Scenario: "made-up", Host: map[string]string{"cores": "2"}, Server: "toy-server 7",
			WrongLimiters: map[string]string{"shared": "it is made up"}},
		Speed: func(c plan.Cell, _ int) float64 {
			if c.Rate > 0 {
				return 990
			}
			return 10_000 * float64(max(1, c.Processes))
		},
		Change: func(c plan.Cell, rec *store.Record) {
			sample := rec.Sample
			if c.Processes == 0 {
				return
			}
			sample.Values["cpu-sec/op"], sample.Values[store.ServerUnit] = 20e-6*1000, 9e-6*1000
			sample.Fleet = &store.Fleet{LeastToMost: 0.9, Skew: 1e-3}
			if c.Impl == "joint" {
				sample.Counts = map[string]float64{"server calls": 30}
			}
			if c.Rate > 0 {
				sample.Fleet.Calls = 0.1
				sample.Pace = &store.Pace{Asked: 1000, Achieved: 995, Worst: 1.04, Window: 0.1}
			}
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

// Every form of the report has what fleets cost and how their limits were kept.
func TestFleets(t *testing.T) {
	a := ofFleets(t)
	words := func(text string) string { return strings.Join(strings.Fields(text), " ") }
	text := words(report.Text(a, report.Terminal{}))
	for _, want := range []string{
		"crawls that processes share, processor time per page",
		"crawler processes workers pages/s clients server calls least/most",
		"joint 1 4 10.0k 20.0 µs 9.0 µs 0.03 0.90",
		"joint 2 4 20.0k 20.0 µs 9.0 µs 0.03 0.90",
		"joint 4 4 40.0k 20.0 µs 9.0 µs 0.03 0.90",
		"limits that processes share",
		"limiter rate crawler processes achieved worst calls least/most clients server",
		"shared (wrong) 1000 single 1 0.995 1.04 0.1 0.90 20.0 µs 9.0 µs",
		"shared (wrong) 1000 joint 4 0.995 1.04 0.1 0.90 20.0 µs 9.0 µs",
		"g, keys id, rate inf, fleet of 2 processes, GOMAXPROCS 2: joint is the only crawler, 20.0k pages/s with 4 " +
			"workers.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the text has no %q:\n%s", want, report.Text(a, report.Terminal{}))
		}
	}
	if strings.Contains(text, "how the limiters kept their rates") {
		t.Error("fleets are in the table of limiters too, whose windows are shorter")
	}
	if len(a.Findings) > 0 {
		t.Errorf("findings about one process: %+v", a.Findings)
	}
	for name, render := range map[string]func(io.Writer, *diagnose.Analysis) error{
		"HTML":     report.HTML,
		"Markdown": func(w io.Writer, a *diagnose.Analysis) error { _, err := report.Markdown(w, a); return err },
	} {
		var b bytes.Buffer
		if err := render(&b, a); err != nil {
			t.Fatal(err)
		}
		want := []string{"Several processes share a crawl.", "least 100 ms, the pages let through", "40.0k",
			"they start together", "limiter shared is wrong on purpose: it is made up", "server: toy-server 7"}
		if name == "HTML" { // which has the details of cells
			want = append(want, "of 4 processes, the least served got 0.90")
		}
		for _, text := range want {
			if !strings.Contains(b.String(), text) {
				t.Errorf("%s has no %q", name, text)
			}
		}
	}
}

func TestFleetsForPrograms(t *testing.T) {
	a := ofFleets(t)
	var b bytes.Buffer
	if err := report.JSON(&b, a); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Cells []struct {
			Cell      string
			Processes int
			Fleet     *struct {
				Server   float64 `json:"server_cpu_seconds_per_page"`
				Calls    float64 `json:"server_calls_per_page"`
				Least    float64 `json:"least_to_most"`
				Skew     float64 `json:"start_skew_seconds"`
				Achieved float64 `json:"achieved_to_asked"`
				Worst    float64 `json:"worst_window"`
				Each     float64 `json:"calls_per_grant"`
			}
		}
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	fleets := 0
	for _, c := range got.Cells {
		if (c.Fleet != nil) != (c.Processes > 0) {
			t.Errorf("%s: %d processes, %+v", c.Cell, c.Processes, c.Fleet)
		}
		if c.Fleet == nil {
			continue
		}
		fleets++
		near := func(x, want float64) bool { return x > 0.999*want && x < 1.001*want || x == want }
		limited, shared := strings.Contains(c.Cell, "rate=1000"), strings.Contains(c.Cell, "impl=joint")
		f := c.Fleet
		if !near(f.Server, 9e-6) || f.Least != 0.9 || f.Skew != 1e-3 || shared != near(f.Calls, 0.03) ||
			limited != near(f.Achieved, 0.995) || limited != (f.Worst == 1.04) || limited != (f.Each == 0.1) {
			t.Errorf("%s: %+v", c.Cell, *f)
		}
	}
	if fleets != 9 {
		t.Errorf("%d fleets, want 9", fleets)
	}
	b.Reset()
	if err := report.CSV(&b, a); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(rows, func(row []string) bool { return row[0] == "joint" && row[4] == "1000" })
	row := rows[i]
	for name, want := range map[string]string{"processes": "1", "server_cpu_seconds_per_page": "9e-06",
		"least_to_most": "0.9", "achieved_to_asked": "0.995", "worst_window": "1.04", "calls_per_grant": "0.1"} {
		if x := row[slices.Index(rows[0], name)]; x != want {
			t.Errorf("%s of %q is %s, want %s", name, row[:8], x, want)
		}
	}
}
