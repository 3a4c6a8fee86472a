package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"crawlbench/internal/plain/markdown"
	"crawlbench/internal/plan"
	"crawlbench/internal/testing/runtest"
)

// JSON says of each cell what the analysis says, and what is not known is null.
func TestJSON(t *testing.T) {
	a := showcase(t)
	var b bytes.Buffer
	if err := JSON(&b, a); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Schema    int
		Verdict   string
		Untrusted bool
		Noise     []map[string]any
		Cells     []struct {
			Cell    string
			Failure string
			Speed   *struct{ Value, Lo, Hi *float64 } `json:"pages_per_second"`
			CPU     *float64                          `json:"cpu_seconds_per_page"`
			Versus  *struct {
				Times   struct{ Value, Lo, Hi float64 }
				P       float64 `json:"p_adjusted"`
				Verdict string
			} `json:"versus_baseline"`
			Breakdown map[string]float64
		}
		Findings []struct{ Kind, Cell, Text string }
		Changes  []map[string]any
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatalf("%v\n%s", err, b.String())
	}
	if got.Schema != Schema || got.Verdict != summary(a) || got.Untrusted != a.Trust.Untrusted() ||
		len(got.Noise) != 2 || len(got.Findings) != len(a.Findings) || len(got.Changes) != len(a.Changes) {
		t.Errorf("%+v", got)
	}
	i := 0
	for c := range a.Cells() {
		j := got.Cells[i]
		i++
		if j.Cell != c.ID() || (j.Failure != "") != (c.Failure != nil) || (j.Speed != nil) != c.Sound() {
			t.Fatalf("%s is %+v", c.ID(), j)
		}
		if c.Sound() && (*j.Speed.Value != c.Summary.Center || *j.CPU != c.CPU) || !c.Sound() && j.CPU != nil {
			t.Errorf("%s is %+v", c.ID(), j)
		}
		if (j.Versus != nil) != (c.Versus != nil) {
			t.Errorf("%s: compared %v", c.ID(), j.Versus)
		} else if v := c.Versus; v != nil && (j.Versus.Times.Value != v.Times().Value || j.Versus.P != v.P ||
			j.Versus.Verdict != v.Verdict.String()) {
			t.Errorf("%s: %+v, want %+v", c.ID(), j.Versus, v)
		}
		if (j.Breakdown != nil) != (c.Traces != nil) {
			t.Errorf("%s: breakdown %v", c.ID(), j.Breakdown)
		}
	}
	if i != len(got.Cells) {
		t.Errorf("%d cells, want %d", len(got.Cells), i)
	}
}

func TestCSV(t *testing.T) {
	a := showcase(t)
	var b bytes.Buffer
	if err := CSV(&b, a); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll() // all rows must have the same number of fields
	if err != nil {
		t.Fatal(err)
	}
	names := rows[0]
	field := func(row []string, name string) string { return row[slices.Index(names, name)] }
	i := 1
	for c := range a.Cells() {
		row := rows[i]
		i++
		if field(row, "crawler") != c.Impl || field(row, "workers") != fmt.Sprint(c.Workers) ||
			field(row, "rate") != c.Rate.String() || (field(row, "failure") != "") != (c.Failure != nil) {
			t.Errorf("%s is %q", c.ID(), row)
		}
		speed, verdict := "", ""
		if c.Sound() {
			speed = fmt.Sprintf("%.6g", c.Summary.Center)
		}
		if c.Versus != nil {
			verdict = c.Versus.Verdict.String()
		}
		if field(row, "pages_per_second") != speed || field(row, "verdict") != verdict {
			t.Errorf("%s is %q, want %s, %s", c.ID(), row, speed, verdict)
		}
	}
	if i != len(rows) {
		t.Errorf("%d rows, want %d", len(rows), i)
	}
}

// A summary has at most ten lines, and in them the verdict, the environment, the changes, and the link.
func TestSummaryIsShort(t *testing.T) {
	a := showcase(t)
	for _, base := range []*Base{nil, {Name: "main", Changes: a.Changes}} {
		var b bytes.Buffer
		if err := Summary(&b, a, base, "https://example.org/a b>.html"); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		if n := strings.Count(text, "\n"); n > 10 || !strings.HasSuffix(text, "\n") {
			t.Errorf("%d lines:\n%s", n, text)
		}
		want := []string{"**" + markdown.Line(summary(a)) + "**\n", "| 2 cores of made up |", "| showcase | 12 |",
			"3 cells failed, among them impl=", "[Full report](<https://example.org/a b%3E.html>)"}
		if base != nil {
			want = append(want, fmt.Sprintf("Since main, of %d cells: ", len(a.Changes)), "Slower: ")
		}
		for _, s := range want {
			if !strings.Contains(text, s) {
				t.Errorf("it lacks %q:\n%s", s, text)
			}
		}
	}
}

// A run of one crawler has a control but no comparison, so no detectable effect; with two and no control, it has no
// noise floor.
func TestSummaryOfOneCrawler(t *testing.T) {
	for _, c := range []struct{ toml, row, floor, mde string }{
		{"crawlers = [\"mutexmap\"]\ncontrol = true", `| \- | 0 of `, `"floor": 0.`, `"mde": null`},
		{"crawlers = [\"mutexmap\", \"cas\"]\ncontrol = false", `| 8 | \- | `, `"floor": null`, `"mde": 0.`},
	} {
		p, err := runtest.Plan(c.toml+`
workers = [1]
rounds = 8
[[graph]]
name = "g"
kind = "hosts"
pages = 1000
`, false)
		if err != nil {
			t.Fatal(err)
		}
		same := func(plan.Cell, int) float64 { return 1000 }
		run, err := runtest.Run{Plan: p, Noise: 0.03, Speed: same}.Write(filepath.Join(t.TempDir(), "run"))
		if err != nil {
			t.Fatal(err)
		}
		a := analysed(t, run)
		var text, data bytes.Buffer
		if err := Summary(&text, a, nil, "report.html"); err != nil {
			t.Fatal(err)
		}
		if err := JSON(&data, a); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(text.String(), c.row) {
			t.Errorf("%s: the summary lacks %q:\n%s", c.toml, c.row, &text)
		}
		for _, s := range []string{c.floor, c.mde} {
			if !strings.Contains(data.String(), s) {
				t.Errorf("%s: the JSON lacks %s:\n%.2000s", c.toml, s, &data)
			}
		}
	}
}

// What one crawler with one number of workers reached is not said of all.
func TestDialOfOneCell(t *testing.T) {
	for toml, want := range map[string]string{
		"crawlers = [\"mutexmap\"]\nworkers = [2]": "At 500 pages/s, mutexmap with 2 workers reaches 100.0 % of the rate.",
		"crawlers = [\"mutexmap\"]\nworkers = [1, 2]": "At 500 pages/s, all crawlers with any number of workers reach " +
			"100.0 to 100.0 % of the rate. Where the rate is the limit, the crawler and its workers do not matter.",
	} {
		p, err := runtest.Plan(toml+`
rate = [500]
rounds = 8
rate_limited_rounds = 8
[[graph]]
name = "g"
kind = "hosts"
pages = 1000
`, false)
		if err != nil {
			t.Fatal(err)
		}
		rate := func(plan.Cell, int) float64 { return 500 }
		run, err := runtest.Run{Plan: p, Speed: rate}.Write(filepath.Join(t.TempDir(), "run"))
		if err != nil {
			t.Fatal(err)
		}
		if got := dialSentence(analysed(t, run).Tables); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
