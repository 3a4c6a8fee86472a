//go:build unix

package cli

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	pprof "github.com/google/pprof/profile"

	"crawlbench/internal/plain"
	"crawlbench/internal/plan"
	"crawlbench/internal/profile"
	"crawlbench/internal/profile/breakdown"
	"crawlbench/internal/report/ui"
	"crawlbench/internal/store"
	"crawlbench/internal/testing/runtest"
)

// hostileCell is the cell whose files are manipulated.
const hostileCell = "impl=cas,graph=g,keys=id,workers=8,rate=inf-2"

// evil is text that would end attributes and elements, and move the cursor.
const evil = "\"'><script>alert(1)</script>\x1b[2J\u202e"

// innocent fabricates a run of two cells, each with a time breakdown and a wall profile.
func innocent(t *testing.T, dir string) {
	t.Helper()
	p, err := runtest.Plan("crawlers = [\"mutexmap\", \"cas\"]\ncontrol = false\nworkers = [8]\nrounds = 6\n[[graph]]\nname = \"g\"\nkind = \"hosts\"\npages = 1000\n[profiles]\nkinds = [\"wall\"]\n", false)
	if err != nil {
		t.Fatal(err)
	}
	big, err := runtest.Big(true)
	if err != nil {
		t.Fatal(err)
	}
	run, err := runtest.Run{Plan: p, Noise: 0.01,
		Speed: func(c plan.Cell, _ int) float64 { return 1e5 * float64(len(c.Impl)) },
		Manifest: store.Manifest{Scenario: "made-up", State: store.Complete,
			Host: map[string]string{"cpu": "made up", "cores": "2"}},
		Breakdown: func(c plan.Cell) *breakdown.Breakdown { return big.Breakdown(c) },
		Profile:   func(c plan.Cell, kind string) *profile.Profile { return big.Profile(c, kind) }}.Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(run.WriteBench(), run.Close()); err != nil {
		t.Fatal(err)
	}
}

// hostileKinds returns ways to damage or manipulate the directory of a run.
func hostileKinds(t *testing.T, outside string) map[string]func(run string) error {
	t.Helper()
	kinds := map[string]func(run string) error{}
	profiles := "profiles/" + hostileCell
	secret := filepath.Join(outside, "secret")
	puts := map[string]func(path string) error{
		"is missing":     func(string) error { return nil },
		"is a FIFO":      func(path string) error { return syscall.Mkfifo(path, 0o666) },
		"is a directory": func(path string) error { return os.MkdirAll(filepath.Join(path, "x"), 0o777) },
		"is empty":       func(path string) error { return os.WriteFile(path, nil, 0o666) },
		"is text": func(path string) error {
			return os.WriteFile(path, []byte("root:x:0:0\n"+evil),
				0o666)
		},
		"is a link outside":     func(path string) error { return os.Symlink(secret, path) },
		"is a link to a device": func(path string) error { return os.Symlink("/dev/zero", path) },
		"is a link to a pipe":   func(path string) error { return os.Symlink(filepath.Join(outside, "fifo"), path) },
		"is a link to itself":   func(path string) error { return os.Symlink(filepath.Base(path), path) },
		"is a terabyte of zeros": func(path string) error {
			return errors.Join(os.WriteFile(path, nil, 0o666),
				os.Truncate(path, 1<<40))
		},
		"is a directory outside": func(path string) error { return os.Symlink(outside, path) },
		"is a hard link":         func(path string) error { return os.Link(secret, path) },
		"cannot be read by many": func(path string) error {
			return errors.Join(os.WriteFile(path, []byte("{}"), 0o666), os.Chmod(path, 0))
		},
		"is JSON, deeply nested": func(path string) error {
			return os.WriteFile(path,
				[]byte(strings.Repeat(`[`, 1<<20)), 0o666)
		},
		"is null":           func(path string) error { return os.WriteFile(path, []byte("null"), 0o666) },
		"is a bomb of 1 GB": func(path string) error { return os.WriteFile(path, bomb(t, 1<<30), 0o666) },
		"is a bomb of many parts": func(path string) error {
			return os.WriteFile(path, packed(t, bytes.Repeat([]byte{2<<3 | 2, 0}, 1<<23)), 0o666)
		},
	}
	for _, name := range []string{"manifest.json", "plan.json", "journal.jsonl", "bench.txt", "report.html",
		"report.md", "plots", ".lock", "profiles", profiles, profiles + "/breakdown.json", profiles + "/wall.pb.gz"} {
		for what, put := range puts {
			if strings.Contains(what, "bomb") && !strings.HasSuffix(name, ".gz") {
				continue
			}
			kinds[name+" "+what] = func(run string) error {
				path := filepath.Join(run, name)
				return errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.RemoveAll(path), put(path))
			}
		}
	}
	for what, text := range map[string]string{
		"of nulls": "[null,null,null]", "of nothing": "[{},{},{}]", "of one": "[{}]",
		"of two million": "[" + strings.Repeat("{},", 2e6) + "{}]", "of ten million nulls": `[{"sites":[` +
			strings.Repeat("null,", 1e7) + "null]}]",
		"of markup": fmt.Sprintf(`[%[1]s,%[1]s,%[1]s]`,
			`{"workers":8,"crawls":1,"pages":9,"wall_sec":1,"worker_sec":8,"state_sec":{"blocked: lock":8},"sites":[{"state":"blocked: lock","where":`+quoted(evil)+`,"primitive":`+quoted(evil)+`,"sec":8,"share":1}],"ends":[{"state":`+quoted(evil)+`,"where":`+quoted(evil)+`,"by":`+quoted(evil)+`,"sec":8}],"roles":[{"entry":`+quoted(evil)+`}]}`),
		"of no time": strings.Repeat(`[{"workers":-8,"crawls":-1,"pages":-9,"wall_sec":0,"worker_sec":0,"state_sec":{"blocked: lock":-1e308,"running":1e308},"sites":[{}]}`, 1) + `,{"state_sec":{"blocked: lock":1e308}},{"state_sec":{"blocked: lock":1e308}}]`,
	} {
		kinds["a breakdown "+what] = func(run string) error {
			return os.WriteFile(filepath.Join(run, profiles, "breakdown.json"), []byte(text), 0o666)
		}
	}
	for what, change := range map[string]func(p *profile.Profile){
		"whose names are markup": func(p *profile.Profile) {
			for _, f := range p.Function {
				f.Name = evil
			}
		},
		"with a name of a megabyte": func(p *profile.Profile) { p.Function[0].Name = strings.Repeat("x", 1<<20) },
		"as deep as the sea": func(p *profile.Profile) {
			for range 100_000 {
				p.Sample[0].Location = append(p.Sample[0].Location, p.Location[0])
			}
		},
		"of negative time": func(p *profile.Profile) {
			for _, s := range p.Sample {
				s.Value[0] = -s.Value[0]
			}
		},
		"of more time than there is": func(p *profile.Profile) {
			for _, s := range p.Sample {
				s.Value[0] = 1<<63 - 1
			}
		},
		"of no samples": func(p *profile.Profile) { p.Sample = nil },
		"of another kind": func(p *profile.Profile) {
			p.SampleType = []*pprof.ValueType{{Type: evil, Unit: evil}}
			p.Comments, p.DropFrames, p.KeepFrames, p.DefaultSampleType = []string{evil}, "((((", evil, evil
		},
	} {
		kinds["a profile "+what] = func(run string) error {
			path := filepath.Join(run, profiles, "wall.pb.gz")
			p, err := profile.Read(path)
			if err != nil {
				return err
			}
			change(p)
			return profile.Write(path, p)
		}
	}
	manifest := func(what string, change func(m map[string]any)) {
		kinds["a manifest "+what] = func(run string) error {
			path := filepath.Join(run, "manifest.json")
			text, err := os.ReadFile(path)
			var m map[string]any
			if err == nil {
				err = json.Unmarshal(text, &m)
			}
			if err == nil {
				change(m)
				text, err = json.Marshal(m)
			}
			if err != nil {
				return err
			}
			return os.WriteFile(path, text, 0o666)
		}
	}
	manifest("of markup", func(m map[string]any) {
		m["scenario"], m["go"], m["against"], m["command"], m["scenario_text"] = evil, evil, evil,
			[]string{evil, "a b"}, evil
		m["host"] = map[string]string{"cpu": evil, "cores": evil, evil: evil}
		m["graphs"] = []map[string]any{{"name": evil, "spec": evil, "digest": evil}}
		m["modules"], m["harness_sec_per_page"], m["engine_sec_per_page"] = map[string]string{evil: evil},
			map[string]float64{evil: 1}, map[string]float64{evil: 1}
	})
	manifest("from a time to come", func(m map[string]any) {
		m["started"], m["ended"] = "9999-12-31T23:59:59Z",
			"0001-01-01T00:00:00Z"
	})
	manifest("of a run that runs for ever", func(m map[string]any) { m["state"] = "running" })
	manifest("of numbers that are none",
		func(m map[string]any) { m["spin"], m["measured_share"], m["seed"] = -1e308, 1e308, -1 })
	for what, rec := range map[string]string{
		"a failure of markup": `{"kind":"failure","round":5,"slot":1,"cell":"` + hostileCell +
			`","wall_sec":1,"failure":{"class":` + quoted(evil) + `,"message":` + quoted(strings.Repeat(evil, 1000)) +
			`}}`,
		"an unknown kind": `{"kind":` + quoted(evil) + `,"round":5,"slot":1,"cell":"` + hostileCell + `"}`,
		"another cell":    `{"kind":"failure","round":0,"slot":0,"cell":` + quoted(evil) + `,"failure":{}}`,
	} {
		kinds["a journal with "+what] = func(run string) error {
			path := filepath.Join(run, "journal.jsonl")
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			lines := bytes.SplitAfter(text, []byte("\n"))
			for i, line := range lines { // replaces the cell's last sample
				if bytes.Contains(line, []byte(`"round":5`)) && bytes.Contains(line, []byte("impl=cas")) {
					slot := "0"
					if bytes.Contains(line, []byte(`"slot":1`)) {
						slot = "1"
					}
					rec := strings.Replace(rec, `"slot":1`, `"slot":`+slot, 1)
					lines[i] = fmt.Appendf(nil, "{\"crc\":\"%08x\",\"rec\":%s}\n",
						crc32.Checksum([]byte(rec), crc32.MakeTable(crc32.Castagnoli)), rec)
				}
			}
			return os.WriteFile(path, bytes.Join(lines, nil), 0o666)
		}
	}
	kinds["a report that is a trap"] = func(run string) error {
		return os.WriteFile(filepath.Join(run, "report.html"),
			[]byte("<script>"+strings.Repeat("fetch('/');", 1000)+"</script>"), 0o666)
	}
	return kinds
}

func quoted(s string) string { text, _ := json.Marshal(s); return string(text) }

func packed(t *testing.T, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// bomb returns a gzip file that unpacks to size zeros, in members of a megabyte.
func bomb(t *testing.T, size int) []byte {
	return bytes.Repeat(packed(t, make([]byte, 1<<20)), size>>20)
}

// within fails the test if f does not return in time.
func within(t *testing.T, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(2 * time.Minute):
		t.Fatalf("%s does not end", what)
	}
}

// sums returns the checksums of all files in a directory.
func sums(t *testing.T, dir string) string {
	t.Helper()
	var list strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		fmt.Fprintln(&list, path, d.Type())
		if err == nil && d.Type().IsRegular() {
			text, _ := os.ReadFile(path)
			fmt.Fprintf(&list, "%x\n", sha256.Sum256(text))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list.String()
}

// Whatever the directory of a run contains, list, report, export and serve end with a message, show
// the other run, leak no file, and write nothing outside.
func TestHostileDirectories(t *testing.T) {
	outside := t.TempDir()
	if err := errors.Join(os.WriteFile(filepath.Join(outside, "secret"), []byte("TOP SECRET"), 0o666),
		os.Mkdir(filepath.Join(outside, "x"), 0o777),
		syscall.Mkfifo(filepath.Join(outside, "fifo"), 0o666)); err != nil {
		t.Fatal(err)
	}
	model := filepath.Join(t.TempDir(), "model")
	innocent(t, model)
	kinds := hostileKinds(t, outside)
	if len(kinds) < 40 {
		t.Errorf("%d kinds are too few", len(kinds))
	}
	before := sums(t, outside)
	dump := regexp.MustCompile(`goroutine \d`) // of a crash
	for what, set := range kinds {
		if name, _, _ := strings.Cut(what, " "); testing.Short() &&
			slices.Contains([]string{"bench.txt", "report.md", "plots", ".lock", "profiles"}, name) {
			continue
		}
		t.Run(strings.NewReplacer(" ", "-", "/", ":").Replace(what), func(t *testing.T) {
			t.Chdir(t.TempDir())
			bad := "bad"
			if err := errors.Join(os.CopyFS("results/good", os.DirFS(model)),
				os.CopyFS("results/"+bad, os.DirFS(model)), set("results/"+bad)); err != nil {
				t.Fatal(err)
			}
			check := func(what string, code int, text string) {
				if strings.Contains(text, "TOP SECRET") || dump.MatchString(text) ||
					plain.Text(text) != text {
					t.Errorf("%s, code %d: the output is %.500q", what, code, text)
				}
			}
			within(t, "list", func() {
				code, out, errs := call(t, "list", "runs")
				check("list", code, out+errs)
				if code != 0 || !strings.Contains(out, "  good  complete") ||
					strings.Contains(out, "  bad ") == (what == "manifest.json is missing") {
					t.Errorf("list, code %d:\n%s%s", code, out, errs)
				}
			})
			within(t, "serve", func() { ask(t, bad, what == "manifest.json is missing", check) })
			within(t, "export", func() {
				code, out, errs := call(t, "export", "results/"+bad, "site")
				check("export", code, out+errs)
				if code != 0 && (code != exitFailure || errs == "") {
					t.Errorf("export, code %d:\n%s%s", code, out, errs)
				}
				filepath.WalkDir("site", func(path string, d fs.DirEntry, _ error) error {
					if d != nil && d.Type().IsRegular() && !strings.Contains(path, "assets") {
						text, _ := os.ReadFile(path)
						if bytes.Contains(text, []byte("TOP SECRET")) ||
							bytes.Contains(text, []byte("<script>alert(1)")) {
							t.Errorf("%s has forbidden content", path)
						}
					}
					return nil
				})
			})
			within(t, "report", func() {
				code, out, errs := call(t, "report", "results/"+bad)
				check("report", code, out+errs)
				if code != 0 && code != exitCrawlFailed && (code != exitFailure || errs == "") {
					t.Errorf("report, code %d:\n%s%s", code, out, errs)
				}
				if code == 0 {
					for _, name := range []string{"report.html", "report.md"} {
						text, err := os.ReadFile("results/" + bad + "/" + name)
						if name == "report.html" && bytes.Contains(text, []byte("<script>alert(1)")) ||
							plain.Text(string(text)) != string(text) {
							t.Errorf("%s has forbidden content, %v", name, err)
						}
					}
				}
			})
		})
	}
	if after := sums(t, outside); after != before {
		t.Errorf("the files outside are now\n%s\nand were\n%s", after, before)
	}
	t.Logf("%d kinds of directories", len(kinds))
}

// ask requests the pages of a run, and then those of the other run.
func ask(t *testing.T, bad string, missing bool, check func(what string, code int, text string)) {
	t.Helper()
	s, err := ui.New("results")
	if err != nil {
		t.Error(err)
		return
	}
	defer s.Close()
	get := func(method, path string) (int, string) {
		w := httptest.NewRecorder()
		for range 1000 { // until it has been read
			w = httptest.NewRecorder()
			if s.ServeHTTP(w, httptest.NewRequest(method, path, nil)); w.Code != 202 {
				break
			}
		}
		return w.Code, w.Body.String()
	}
	code, list := get("GET", "/")
	check("/", code, list)
	if code != 200 || !strings.Contains(list, `href="runs/good/"`) ||
		strings.Contains(list, `href="runs/bad/"`) == missing {
		t.Errorf("the list: code %d: %.300s", code, list)
	}
	run := "/runs/" + url.PathEscape(bad) + "/"
	for _, page := range []string{"", "matrix/throughput/", "matrix/lock/", "cells/" + hostileCell + "/", "cells/" +
		hostileCell + "/wall/ui/flamegraph", "cells/" + hostileCell + "/wall/ui/top", "changes/good/",
		"diff/" + hostileCell + "/good/" + hostileCell + "/", "diff/" + hostileCell + "/good/" + hostileCell +
			"/wall/share/ui/flamegraph", "nothing"} {
		code, text := get("GET", run+page)
		if !strings.Contains(page, "/ui/") { // pprof quotes names for scripts
			check(page, code, text)
		}
		if strings.Contains(text, "TOP SECRET") || strings.Contains(text, "<script>alert(1)") {
			t.Errorf("%s: code %d: it has forbidden content", page, code)
		}
	}
	for _, file := range []string{"manifest.json", "plan.json", "journal.jsonl", "bench.txt", "report.html",
		"profiles/" + hostileCell + "/wall.pb.gz", "profiles/" + hostileCell + "/breakdown.json", ".lock", "profiles"} {
		if code, text := get("HEAD", run+"files/"+file); strings.Contains(text, "TOP SECRET") {
			t.Errorf("%s: code %d: it has forbidden content", file, code)
		}
	}
	for _, page := range []string{"/", "/runs/good/", "/runs/good/cells/" + hostileCell + "/wall/ui/flamegraph"} {
		if code, text := get("GET", page); code != 200 {
			t.Errorf("%s: code %d: %.300s", page, code, text)
		}
	}
}
