package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain/screen"
	"crawlbench/internal/plan"
	"crawlbench/internal/store"
	"crawlbench/internal/testing/runtest"
)

// onMachines analyses a made-up run of 7 rounds on each of some machines. cas is about 1.5 times as fast as mutexmap,
// except on the second machine, where it is slower.
func onMachines(t *testing.T, models ...string) *diagnose.Analysis {
	t.Helper()
	p, err := runtest.Plan(fmt.Sprintf(`
crawlers = ["mutexmap", "cas"]
workers = [2]
rate = ["inf"]
rounds = %d
[[graph]]
name = "g"
kind = "hosts"
pages = 1000
`, 7*len(models)), false)
	if err != nil {
		t.Fatal(err)
	}
	m := store.Manifest{Scenario: "fleet", State: store.Complete, Started: time.Unix(0, 0).UTC(),
		Command: []string{"crawlbench", "merge", "x"},
		Host:    map[string]string{"os": "linux", "arch": "amd64", "cores": "2"}}
	for i, model := range models {
		name := fmt.Sprintf("node-%d", i+1)
		m.Machines = append(m.Machines, store.Machine{Name: name, ID: fmt.Sprint(i), Shards: []int{i + 1},
			Host: map[string]string{"os": "linux", "arch": "amd64", "cores": "2", "cpu": model,
				"kernel": "6." + fmt.Sprint(i)}})
		m.Parts = append(m.Parts, store.Part{Shard: i + 1, Attempt: 1, Machine: name})
	}
	run, err := runtest.Run{Manifest: m, Plan: p, Noise: 0.01,
		Speed: func(c plan.Cell, round int) float64 {
			speed := 1e6 / float64(1+round%len(models))
			if c.Crawler() == "cas" {
				speed *= []float64{1.5, 0.97, 1.6, 1.4}[round%len(models)%4]
			}
			return speed
		},
		Change: func(_ plan.Cell, rec *store.Record) { rec.Machine = fmt.Sprintf("node-%d", rec.Round%len(models)+1) },
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

// inFormats returns a report in all formats that people read, with the spaces of a terminal made plain.
func inFormats(t *testing.T, a *diagnose.Analysis) map[string]string {
	t.Helper()
	var markdown, html, summary bytes.Buffer
	if _, err := Markdown(&markdown, a); err != nil {
		t.Fatal(err)
	}
	if err := HTML(&html, a); err != nil {
		t.Fatal(err)
	}
	if err := Summary(&summary, a, nil, "x"); err != nil {
		t.Fatal(err)
	}
	onOneLine := func(text string) string {
		return strings.Join(strings.Fields(strings.ReplaceAll(text, screen.Glue, " ")), " ")
	}
	unescaped := strings.NewReplacer("&#43;", "+", "&lt;", "<", `\<`, "<", `\_`, "_")
	return map[string]string{"text": onOneLine(Text(a, Terminal{Screen: screen.Screen{}, Detail: Verbose})),
		"markdown": unescaped.Replace(markdown.String()), "html": unescaped.Replace(html.String()),
		"summary": unescaped.Replace(summary.String()), "verdicts": onOneLine(Verdicts(a, screen.Screen{}))}
}

func TestReportOfEightMachines(t *testing.T) {
	a := onMachines(t, slices.Repeat([]string{"Fast"}, 8)...)
	formats := inFormats(t, a)
	for format, want := range map[string][]string{
		"text": {"; on 8 machines; trust: good.", "over 8 machines", "6 of 8", "node-8", "node-1: g, keys id",
			"Profiles, causes, figures and cells come from node-1 alone", "8 machines, 1 comparison",
			"SD between, within"},
		"markdown": {"# fleet on 8 machines with 2 cores of Fast", "merged from 8 shards of 8 machines", "6 of 8",
			"## Machines", "### Together: 2 cores of Fast", "### Machine by machine: 2 cores of Fast",
			"![cas with 2 workers relative to mutexmap, machine by machine](plots/machines-1.svg)", "faster on 6 of 8 machines.",
			"on node-1", "| machine node-3 | 2 cores of Fast, kernel 6.2 |", "a machine is a random block", "agreement, p"},
		"html":     {"fleet on 8 machines", "Together: 2 cores of Fast", "6 of 8", "node-8"},
		"summary":  {"on 8 machines", "8 machines with 2 cores of Fast"},
		"verdicts": {"over 8 machines", "6 of 8", "noise floor"},
	} {
		for _, w := range want {
			if !strings.Contains(formats[format], w) {
				t.Errorf("%s lacks %q:\n%.6000s", format, w, formats[format])
			}
		}
	}
	// The medians of the machines are 1 M, 500 k, 333 k, ...: their pooled median of about 225 k is no machine's.
	for format, text := range formats {
		if strings.Contains(text, "225k") {
			t.Errorf("%s has a speed that is pooled over machines", format)
		}
	}
}

func TestReportOfTwoMachines(t *testing.T) {
	formats := inFormats(t, onMachines(t, "Fast", "Fast"))
	for format, want := range map[string][]string{
		"text": {"No joint verdict, as 2 machines were measured, and 4 are needed.",
			"On node-1 (2 cores of Fast), use cas with 2 workers", "On node-2 (2 cores of Fast), use mutexmap with 2 workers",
			"1.51x faster", "0.98x slower"},
		"markdown": {"No joint verdict: 2 machines were measured, and 4 are needed.", "Throughput on node-2",
			"### Machine by machine: 2 cores of Fast"},
		"html":    {"No joint verdict", "Throughput on node-2", "relative to mutexmap, machine by machine"},
		"summary": {"No joint verdict"},
	} {
		for _, w := range want {
			if !strings.Contains(formats[format], w) {
				t.Errorf("%s lacks %q:\n%.6000s", format, w, formats[format])
			}
		}
	}
	if strings.Contains(formats["markdown"], "Together") {
		t.Error("two machines are reported together")
	}
}

func TestReportOfTwoKindsOfProcessors(t *testing.T) {
	formats := inFormats(t, onMachines(t, "Fast", "Slow", "Fast", "Fast", "Fast", "Fast"))
	for _, want := range []string{"6 machines with 2 kinds of processors",
		"6 machines have 2 kinds of processors, which are not averaged", "On 5 machines with 2 cores of Fast, ",
		"On node-2 (2 cores of Slow), ", "faster on 4 of 5 machines",
		"Together: 2 cores of Fast", "Machine by machine: 2 cores of Slow"} {
		if !strings.Contains(formats["markdown"], want) {
			t.Errorf("the report lacks %q:\n%.5000s", want, formats["markdown"])
		}
	}
	if strings.Contains(formats["markdown"], "Together: 2 cores of Slow") {
		t.Error("a single machine is reported together")
	}
}

func TestJSONOfMachines(t *testing.T) {
	var text bytes.Buffer
	if err := JSON(&text, onMachines(t, slices.Repeat([]string{"Fast"}, 8)...)); err != nil {
		t.Fatal(err)
	}
	var got struct {
		CellsOf  string `json:"cells_of"`
		Samples  int
		Cells    []cellJSON
		Machines []machineJSON
		Joint    []jointJSON
	}
	if err := json.Unmarshal(text.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.CellsOf != "node-1" || got.Samples != 3*7*8 || len(got.Machines) != 8 || len(got.Joint) != 1 ||
		!got.Joint[0].Decided {
		t.Fatalf("cells of %q, %d samples, %d machines, joint %+v", got.CellsOf, got.Samples, len(got.Machines),
			got.Joint)
	}
	for i, m := range got.Machines {
		if m.Rounds != 7 || m.Samples != 21 || len(m.Cells) != 2 ||
			math.Abs(float64(m.Cells[0].Speed.Value)/1e6*float64(i+1)-1) > 0.05 {
			t.Errorf("machine %s: %d rounds, %d samples, cells %+v", m.Name, m.Rounds, m.Samples, m.Cells)
		}
	}
	c := got.Joint[0].Comparisons[0]
	if c.P < 1e-5 || c.P > 0.045 || float64(c.Agreeing) > 1e-6 {
		t.Errorf("adjusted p %v, p of agreement %v: want a clear difference, and machines that disagree more clearly", c.P,
			c.Agreeing)
	}
	if c.Faster != 6 || c.Of != 8 || len(c.ByName) != 8 || math.Abs(float64(c.ByName[2])-1.6) > 0.05 ||
		math.Abs(float64(c.Times.Value)-math.Pow(1.5*0.97*1.6*1.4, 0.25)) > 0.03 {
		t.Errorf("comparison %+v", c)
	}
}

func TestCSVOfMachines(t *testing.T) {
	var text bytes.Buffer
	if err := CSV(&text, onMachines(t, slices.Repeat([]string{"Fast"}, 4)...)); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&text).ReadAll()
	if err != nil || len(rows) != 1+4*2+1 {
		t.Fatalf("%d lines, %v: want names, 2 cells on each of 4 machines, and a joint comparison", len(rows), err)
	}
	of := func(row []string) map[string]string {
		m := map[string]string{}
		for i, name := range rows[0] {
			m[name] = row[i]
		}
		return m
	}
	if m := of(rows[3]); m["machine"] != "node-2" || m["faster_on"] != "" ||
		!strings.HasPrefix(m["pages_per_second"], "5") {
		t.Errorf("the third line is %v: want a cell on node-2", m)
	}
	last := of(rows[9])
	if last["machine"] != "4 machines with 2 cores of Fast" || last["faster_on"] != "3" || last["machines"] != "4" ||
		last["pages_per_second"] != "" || last["times_baseline"] == "" || last["sd_between"] == "" {
		t.Errorf("the last line is %v: want the joint comparison, without a speed", last)
	}
}

// A run that was merged from shards of one machine is reported like any other.
func TestReportOfOneMachine(t *testing.T) {
	formats := inFormats(t, onMachines(t, "Fast"))
	for _, word := range []string{"joint", "## Machines", "node-1"} {
		if strings.Contains(formats["markdown"], word) {
			t.Errorf("the report of one machine has %q", word)
		}
	}
	if !strings.Contains(formats["markdown"], "merged from 1 shard of 1 machine") {
		t.Error("the report does not say that it was merged")
	}
}
