package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"crawlbench/internal/plan"
)

// recorded returns a complete, closed run whose manifest is filled in.
func recorded(t *testing.T) *Run {
	t.Helper()
	p := testPlan(2)
	r := newRun(t, p)
	for _, s := range p.Schedule {
		if err := r.Append(sampleOf(p, s)); err != nil {
			t.Fatal(err)
		}
	}
	err := r.Update(func(m *Manifest) {
		m.State, m.ScenarioText, m.Seed = Complete, "rounds = 2 # <é> & \"\"\n", 7
		m.Sums.Scenario, m.Sums.Program = Sum([]byte(m.ScenarioText)), Sum([]byte("program"))
		m.Host = map[string]string{"cpu": "Some CPU", "cores": "2"}
		m.Environment = map[string]string{"GOGC": ""}
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return r
}

// edit changes the text of a file of a run.
func edit(t *testing.T, r *Run, name string, change func(text string) string) {
	t.Helper()
	text, err := os.ReadFile(r.path(name))
	if err != nil {
		t.Fatal(err)
	}
	changed := change(string(text))
	if changed == string(text) {
		t.Fatalf("%s did not change", name)
	}
	if err := os.WriteFile(r.path(name), []byte(changed), 0o666); err != nil {
		t.Fatal(err)
	}
}

func replacing(old, new string) func(string) string {
	return func(text string) string { return strings.Replace(text, old, new, 1) }
}

func TestChangedFilesAreDetected(t *testing.T) {
	for what, test := range map[string]struct {
		name   string
		change func(string) string
		says   string // "": no warning
	}{
		"another processor": {manifestFile, replacing("Some CPU", "Same CPU"), "manifest.json was changed"},
		"another variable":  {manifestFile, replacing(`"GOGC": ""`, `"GOGC": "1"`), "manifest.json was changed"},
		"another scenario":  {manifestFile, replacing("rounds = 2", "rounds = 3"), "manifest.json was changed"},
		"another program": {
			manifestFile, replacing(Sum([]byte("program")), Sum([]byte("other"))), "manifest.json was changed",
		},
		"one more field": {manifestFile, replacing("{", `{"note": "mine",`), "manifest.json was changed"},
		"another sum of itself": {manifestFile, func(text string) string {
			i := strings.LastIndex(text, `"manifest": "`) + 13
			return text[:i] + "0000" + text[i+4:]
		}, "manifest.json was changed"},
		"another length": {planFile, replacing(`"sample_ns": 0`, `"sample_ns": 1`), "plan.json was changed"},
		"another seed":   {planFile, replacing(`"seed": 7`, `"seed": 8`), "plan.json was changed"},
		"another order": {planFile, func(text string) string {
			p, err := plan.Read([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			p.Rounds = 3
			for i := range 3 {
				p.Schedule = append(p.Schedule, plan.Slot{Round: 2, Slot: i, Cell: i})
			}
			longer, err := planText(p)
			if err != nil {
				t.Fatal(err)
			}
			return string(longer)
		}, "plan.json was changed"},
		"first record missing": {
			journalFile, func(text string) string { return text[strings.IndexByte(text, '\n')+1:] },
			"had 6 when manifest.json was written",
		},
		"last record missing": {
			journalFile, func(text string) string { return text[:strings.LastIndexByte(text[:len(text)-1], '\n')+1] },
			"had 6 when manifest.json was written",
		},
		"another time": {journalFile, func(text string) string {
			line, rest, _ := strings.Cut(text, "\n")
			rec, err := decode([]byte(line + "\n"))
			if err != nil {
				t.Fatal(err)
			}
			rec.Sample.Values["sec/op"] /= 2
			changed, err := encode(rec)
			if err != nil {
				t.Fatal(err)
			}
			return string(changed) + rest
		}, "journal.jsonl was changed"},
		"records in another order": {journalFile, func(text string) string {
			lines := strings.SplitAfter(text, "\n")
			lines[0], lines[1] = lines[1], lines[0]
			return strings.Join(lines, "")
		}, "journal.jsonl was changed"},

		"manifest with CRLF": {
			manifestFile, func(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }, "",
		},
		"plan with CRLF": {
			planFile, func(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }, "",
		},
		"journal with CRLF": {
			journalFile, func(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }, "",
		},
		"manifest with a byte order mark": {manifestFile, func(text string) string { return "\ufeff" + text }, ""},
		"plan with a byte order mark":     {planFile, func(text string) string { return "\ufeff" + text }, ""},
		"journal with a byte order mark":  {journalFile, func(text string) string { return "\ufeff" + text }, ""},
		"manifest indented by others": {manifestFile, func(text string) string {
			var out bytes.Buffer
			if err := json.Indent(&out, []byte(text), "\t", " "); err != nil {
				t.Fatal(err)
			}
			return out.String()
		}, ""},
		"manifest of an older program": {manifestFile, func(text string) string {
			var m map[string]any
			if err := json.Unmarshal([]byte(text), &m); err != nil {
				t.Fatal(err)
			}
			delete(m, "sha256")
			old, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			return string(old)
		}, ""},
	} {
		t.Run(what, func(t *testing.T) {
			r := recorded(t)
			edit(t, r, test.name, test.change)
			q, err := Open(r.Dir())
			if err != nil {
				t.Fatal(err)
			}
			if test.says == "" {
				if q.Warnings != nil || q.Changed() != nil || len(q.Records()) != 6 {
					t.Errorf("%d records, %q, %v", len(q.Records()), q.Warnings, q.Changed())
				}
				return
			}
			if len(q.Warnings) != 1 || !strings.Contains(q.Warnings[0], test.says) {
				t.Errorf("%q, want %q", q.Warnings, test.says)
			}
			if (q.Changed() != nil) != (test.name != journalFile) {
				t.Errorf("changed: %v", q.Changed())
			}
			resumed, _, err := Resume(r.Dir())
			if err != nil {
				t.Fatal(err)
			}
			defer resumed.Close()
			if len(resumed.Warnings) != 1 || !strings.Contains(resumed.Warnings[0], test.says) {
				t.Errorf("resumed: %q, want %q", resumed.Warnings, test.says)
			}
		})
	}
}

// Other programs compute the same sums.
func TestSumsMatchTheFiles(t *testing.T) {
	r := recorded(t)
	m, _, err := Peek(r.Dir())
	if err != nil {
		t.Fatal(err)
	}
	text := snapshot(t, r.Dir())
	if want := []string{Sum([]byte(text[planFile]))}; !reflect.DeepEqual(m.Sums.Plan, want) {
		t.Errorf("plan %s, want %s", m.Sums.Plan, want)
	}
	crcs := ""
	for line := range strings.Lines(text[journalFile]) {
		crcs += line[len(linePrefix):][:8]
	}
	if want := (Lines{6, Sum([]byte(crcs))}); *m.Sums.Journal != want {
		t.Errorf("journal %v, want %v", *m.Sums.Journal, want)
	}
	var dense bytes.Buffer
	if err := json.Compact(&dense, []byte(strings.Replace(text[manifestFile], m.Sums.Manifest, "", 1))); err != nil {
		t.Fatal(err)
	}
	if want := Sum(dense.Bytes()); m.Sums.Manifest != want {
		t.Errorf("manifest %s, want %s", m.Sums.Manifest, want)
	}
	// FIPS 180-2, appendix B.1
	if Sum([]byte("abc")) != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Error("Sum is not SHA-256")
	}
}

// A crash between the two writes of a plan change leaves a valid run, and a reader in between finds one.
func TestInterruptedPlanChangeIsValid(t *testing.T) {
	p := testPlan(3)
	r := newRun(t, p, sampleOf(p, p.Schedule[0]))
	before := snapshot(t, r.Dir())
	longer := testPlan(5)
	if err := r.SetPlan(longer); err != nil {
		t.Fatal(err)
	}
	between := snapshot(t, r.Dir())
	if err := r.Update(func(m *Manifest) {}); err != nil {
		t.Fatal(err)
	}
	after := snapshot(t, r.Dir())
	r.Close()
	for what, files := range map[string][2]string{
		"before":            {before[manifestFile], before[planFile]},
		"half":              {between[manifestFile], before[planFile]},
		"done":              {between[manifestFile], after[planFile]},
		"after":             {after[manifestFile], after[planFile]},
		"with the old plan": {after[manifestFile], before[planFile]},
	} {
		for i, name := range []string{manifestFile, planFile} {
			if err := os.WriteFile(r.path(name), []byte(files[i]), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		q, err := Open(r.Dir())
		if err != nil || (q.Changed() != nil) != (what == "with the old plan") {
			t.Errorf("%s: %v, %v", what, err, q.Changed())
		}
	}
	m := between[manifestFile]
	if err := r.SetPlan(longer); err == nil {
		t.Error("a closed run was changed")
	}
	if strings.Count(m, Sum([]byte(before[planFile]))) != 1 || strings.Count(m, Sum([]byte(after[planFile]))) != 1 {
		t.Errorf("the manifest does not have the sums of both plans: %s", m)
	}
}

// A reader finds no error while a writer changes the plan.
func TestReaderDuringPlanChanges(t *testing.T) {
	p := testPlan(2)
	r := newRun(t, p, sampleOf(p, p.Schedule[0]))
	stop, done := make(chan bool), make(chan error)
	go func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			err := r.SetPlan(testPlan(2 + i%5))
			if err == nil {
				err = r.Update(func(*Manifest) {})
			}
			if err != nil {
				done <- err
				return
			}
		}
	}()
	for range 200 {
		q, err := Open(r.Dir())
		if err != nil || q.Changed() != nil || q.Warnings != nil {
			t.Errorf("%v, %v", err, q)
			break
		}
	}
	close(stop)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestPathsKeepEveryByte(t *testing.T) {
	for _, path := range []Path{"", "/a/b c", "/a\xff\xfe/b", `"quoted"`, `"`, "/\u202e\n\x1b", "ü", "a\\b", `\xff`} {
		text, err := json.Marshal(map[string]Path{"p": path})
		if err != nil {
			t.Fatal(err)
		}
		var back map[string]Path
		if err := json.Unmarshal(text, &back); err != nil || back["p"] != path {
			t.Errorf("%q is encoded as %s and decoded as %q, %v", path, text, back["p"], err)
		}
	}
	for _, text := range []string{`"\"open"`, `"\"\\q\""`} {
		if err := json.Unmarshal([]byte(text), new(Path)); err == nil {
			t.Errorf("%s was accepted as a path", text)
		}
	}
}

// A run whose graphs are files knows where it was created, from which they are found; others name no directory.
func TestRunRecordsItsOriginalDirectory(t *testing.T) {
	if m := recorded(t).Manifest(); m.Dir != "" {
		t.Errorf("a run without graphs from files has the directory %q", m.Dir)
	}
	m := Manifest{GraphFiles: map[string]Path{"g": "/graphs/g.txt"}}
	r, err := Create(filepath.Join(t.TempDir(), "run"), m, testPlan(1))
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	moved := filepath.Join(t.TempDir(), "other name=$1\n\xff")
	if err := os.Rename(r.Dir(), moved); err != nil {
		t.Fatal(err)
	}
	q, err := Open(moved)
	if err != nil {
		t.Fatal(err)
	}
	if m := q.Manifest(); m.Run != filepath.Base(moved) || m.Dir != Path(r.Dir()) || q.Changed() != nil {
		t.Errorf("run %q, directory %q, changed %v", m.Run, m.Dir, q.Changed())
	}
	resumed, _, err := Resume(moved)
	if err != nil {
		t.Fatal(err)
	}
	if err := resumed.Update(func(*Manifest) {}); err != nil {
		t.Fatal(err)
	}
	resumed.Close()
	if q, err := Open(moved); err != nil || q.Changed() != nil || q.Manifest().Dir != Path(r.Dir()) {
		t.Errorf("%v, %v", err, q.Changed())
	}
}

func TestDifferencesAreNamed(t *testing.T) {
	run := func(change func(*Manifest, *plan.Plan)) *Run {
		m := Manifest{
			Go:          "go1.26.0",
			Modules:     map[string]string{"a": "v1", "b": "v1"},
			Host:        map[string]string{"cpu": "x", "kernel": "6.1"},
			Environment: map[string]string{"GOGC": "", "GOMEMLIMIT": "", "GODEBUG": "", "GOMAXPROCS": ""},
			Build:       map[string]string{"-race": "", "GOAMD64": "v1"},
			Sums:        Sums{Program: strings.Repeat("ab", 32)},
		}
		p := testPlan(1)
		change(&m, p)
		return &Run{manifest: m, plan: p}
	}
	same := run(func(*Manifest, *plan.Plan) {})
	if list := Differences(same, run(func(*Manifest, *plan.Plan) {})); list != nil {
		t.Errorf("differences of equal runs: %v", list)
	}
	for _, test := range []struct {
		change  func(*Manifest, *plan.Plan)
		says    string
		matters bool
	}{
		{func(m *Manifest, _ *plan.Plan) { m.Environment["GOGC"] = "50" }, `GOGC: "100" and "50"`, true},
		{
			func(m *Manifest, _ *plan.Plan) { m.Environment["GOMEMLIMIT"] = "1GiB" }, `GOMEMLIMIT: "off" and "1GiB"`,
			true,
		},
		{
			func(m *Manifest, _ *plan.Plan) { m.Environment["GODEBUG"] = "gctrace=1" }, `GODEBUG: "" and "gctrace=1"`,
			true,
		},
		{func(m *Manifest, _ *plan.Plan) { m.Environment["GOMAXPROCS"] = "1" }, `GOMAXPROCS: "" and "1"`, false},
		{func(m *Manifest, _ *plan.Plan) { m.Environment = nil }, `GOGC: "100" and not recorded`, false},
		{func(m *Manifest, _ *plan.Plan) { m.Host["cpu"] = "y" }, `cpu: "x" and "y"`, true},
		{func(m *Manifest, _ *plan.Plan) { m.Host["kernel"] = "6.2" }, `kernel: "6.1" and "6.2"`, false},
		{func(m *Manifest, _ *plan.Plan) { m.Host["governor"] = "powersave" }, `governor: "" and "powersave"`, false},
		{func(m *Manifest, _ *plan.Plan) { m.Go = "go1.27.0" }, `Go: "go1.26.0" and "go1.27.0"`, false},
		{func(m *Manifest, _ *plan.Plan) { m.Modules["b"] = "v2" }, `module b: "v1" and "v2"`, false},
		{func(m *Manifest, _ *plan.Plan) { delete(m.Modules, "a") }, `module a: "v1" and ""`, false},
		{func(m *Manifest, _ *plan.Plan) { m.Build["-race"] = "true" }, `build setting -race: "" and "true"`, true},
		{func(m *Manifest, _ *plan.Plan) { m.Build["GOAMD64"] = "v3" }, `build setting GOAMD64: "v1" and "v3"`, false},
		{
			func(m *Manifest, _ *plan.Plan) { m.Sums.Program = strings.Repeat("cd", 32) },
			`program (SHA-256): "abababababab" and "cdcdcdcdcdcd"`, false,
		},
		{
			func(m *Manifest, _ *plan.Plan) { m.Sums.Program = "" },
			`program (SHA-256): "abababababab" and not recorded`, false,
		},
		{func(m *Manifest, _ *plan.Plan) { m.ScenarioText = "x" }, "text of the scenario", false},
		{func(_ *Manifest, p *plan.Plan) { p.Sample = 5e6 }, `length of a sample: "0s" and "5ms"`, false},
	} {
		list := Differences(same, run(test.change))
		if len(list) == 0 || !strings.Contains(list[0].String(), test.says) || list[0].Matters != test.matters {
			t.Errorf("%v, want %s, matters %v", list, test.says, test.matters)
		}
	}
	old := run(func(m *Manifest, _ *plan.Plan) { m.Environment, m.Build, m.Sums = nil, nil, Sums{} })
	const want = "[GOGC, GOMEMLIMIT, GODEBUG, GOMAXPROCS: not recorded in either run]"
	if s := fmt.Sprint(Differences(old, old)); s != want {
		t.Errorf("differences %s, want %s", s, want)
	}
}

func FuzzManifest(f *testing.F) {
	f.Add(
		[]byte(
			`{"schema":2,"state":"complete","scenario":"s","scenario_text":"rounds = 1\n","seed":1,` +
				`"command":["crawlbench"],"host":{"cpu":"x"},"go":"go1","modules":{"a":"v1"},` +
				`"started":"2026-01-02T03:04:05Z",` +
				`"environment":{"GOGC":"50"},"dir":"\"\\xff\"","graph_files":{"g":"/g.el"},` +
				`"graphs":[{"name":"g","digest":"0","pages":1}],"engine_sec_per_page":{"g/id/1-2":1e-9},` +
				`"sha256":{"program":"ab","plan":["cd","ef"],"journal":{"count":3,"sum":"00"},"manifest":"11"}}`,
		),
	)
	f.Add(
		[]byte(
			`{"schema":2,"state":"running","sha256":{"journal":null},"graphs":null,` +
				`"started":"9999-12-31T23:59:59.999999999+23:59"}`,
		),
	)
	f.Add([]byte(`{"schema":2,"state":"interrupted","sha256":{"journal":{"count":-1}}}`))
	p := testPlan(1)
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := parseManifest(text, manifestFile)
		if err != nil {
			return
		}
		if checkManifest(text, m) == nil && m.Sums.Manifest != "" {
			t.Fatal("a forged sum was accepted")
		}
		checkPlan(text, m)
		m.checkJournal(&journal{})
		again, err := encodeManifest(m)
		if err != nil {
			t.Fatalf("a decoded manifest cannot be encoded: %v", err)
		}
		n, err := parseManifest(again, manifestFile)
		if err != nil {
			t.Fatalf("an encoded manifest cannot be decoded: %v", err)
		}
		if err := checkManifest(again, n); err != nil &&
			(n.Sums.Scenario == "" || n.Sums.Scenario == Sum([]byte(n.ScenarioText))) {
			t.Fatalf("an encoded manifest is reported as changed: %s", again)
		}
		m.Sums.Manifest, n.Sums.Manifest = "", ""
		if a, b := fmt.Sprint(m), fmt.Sprint(n); a != b && m.Sums.Journal == nil {
			t.Fatalf("%s is decoded as\n%s", a, b)
		}
		for _, d := range Differences(&Run{manifest: m, plan: p}, &Run{manifest: n, plan: p}) {
			if d.Matters {
				t.Fatalf("a run differs from itself: %v", d)
			}
		}
	})
}
