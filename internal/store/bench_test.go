package store

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
)

// measuredRun returns a run of 7 rounds in which the last cell failed in the last round.
func measuredRun(t *testing.T, host map[string]string) (r *Run, bad int) {
	t.Helper()
	p := testPlan(7)
	r = newRun(t, p)
	if err := r.Update(func(m *Manifest) { m.Host = host }); err != nil {
		t.Fatal(err)
	}
	last := len(p.Schedule) - 1
	for i, s := range p.Schedule {
		rec := sampleOf(p, s)
		if i == last {
			rec, bad = failureOf(p, s), s.Cell
		}
		if err := r.Append(rec); err != nil {
			t.Fatal(err)
		}
	}
	return r, bad
}

func TestBenchFileHasTheSamples(t *testing.T) {
	r, bad := measuredRun(
		t, map[string]string{"os": "linux", "arch": "amd64", "cpu": "Some CPU: 3 GHz", "kernel": "6.1"},
	)
	if err := r.WriteBench(); err != nil {
		t.Fatal(err)
	}
	text := snapshot(t, r.Dir())[benchFile]
	got, err := stat.ReadBench(benchFile, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	var want []stat.Line
	for _, s := range r.Plan().Schedule {
		if s.Cell == bad {
			continue
		}
		line := stat.Line{Name: r.Plan().Cells[s.Cell].Name(), Iters: 2}
		for _, unit := range Units() {
			line.Values = append(line.Values, stat.Value{Unit: unit, Value: sampleOf(r.Plan(), s).Sample.Values[unit]})
		}
		want = append(want, line)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s\nhas\n%v, want\n%v", text, got, want)
	}
	keys := regexp.MustCompile(`(?m)^[a-z]+: .*$`).FindAllString(text, -1)
	if s := strings.Join(keys, "|"); s != "pkg: crawlbench|goos: linux|goarch: amd64|cpu: Some CPU: 3 GHz" {
		t.Errorf("configuration %s", s)
	}
	if n := strings.Count(text, " 0 mutex-wait-sec/op "); n != len(want) {
		t.Errorf("%d of %d lines have a zero mutex wait", n, len(want))
	}
	for _, line := range got {
		if !regexp.MustCompile(`-2$`).MatchString(line.Name) {
			t.Errorf("%s does not end with -2", line.Name)
		}
	}
}

// benchstat runs the version that go.mod pins and fails if it prints a warning.
func benchstat(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", append([]string{
		"tool", "benchstat", "-col", "/impl", "-row", "/graph,/keys,/workers@num,/rate@num", "-filter", ".unit:sec/op",
	}, args...)...)
	var out, warnings bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &warnings
	if err := cmd.Run(); err != nil || warnings.Len() > 0 {
		t.Fatalf("%v: %v: %s", cmd, err, &warnings)
	}
	return out.String()
}

func TestBenchstatReadsTheFile(t *testing.T) {
	r, bad := measuredRun(t, map[string]string{"os": "linux", "cpu": "Some CPU"})
	if err := r.WriteBench(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(r.Dir(), benchFile)
	times := map[string][]float64{}
	var columns []string // in order of first appearance
	for _, rec := range r.Samples() {
		if times[rec.Cell] == nil {
			columns = append(columns, rec.Cell)
		}
		times[rec.Cell] = append(times[rec.Cell], rec.Sample.Values["sec/op"])
	}
	if len(columns) != 2 || times[r.Plan().Cells[bad].ID()] != nil {
		t.Fatalf("samples of %v", columns)
	}
	median := func(i int) string {
		return regexp.QuoteMeta(strconv.FormatFloat(stat.Median(times[columns[i]]).Center, 'g', -1, 64))
	}
	want := regexp.MustCompile(fmt.Sprintf(`(?m)^g id 4 inf,%s,\d+%%,%s,\d+%%,`, median(0), median(1)))
	if got := benchstat(t, "-format", "csv", file); !want.MatchString(got) {
		t.Errorf("benchstat printed\n%s, want a line that matches %v", got, want)
	}
	if text := benchstat(t, file); !strings.Contains(text, "sec/op") || strings.Contains(text, "need >=") {
		t.Errorf("benchstat printed\n%s", text)
	}
}

func TestBenchFileRejectsInvalidNames(t *testing.T) {
	p := testPlan(1)
	r := newRun(t, p, sampleOf(p, p.Schedule[cellSlot(p, 0)]))
	p.Cells[0].Graph = "a-1" // benchstat would read it as GOMAXPROCS=1
	r.records[0].Cell = p.Cells[0].ID()
	wantError(t, r.WriteBench(), benchFile, "graph=a-1", "benchmark name")
	if _, err := os.Stat(filepath.Join(r.Dir(), benchFile)); !os.IsNotExist(err) {
		t.Errorf("it was written: %v", err)
	}
}

// cellSlot returns the slot of a cell in the first round.
func cellSlot(p *plan.Plan, cell int) int {
	for i, s := range p.Schedule {
		if s.Cell == cell {
			return i
		}
	}
	return -1
}
