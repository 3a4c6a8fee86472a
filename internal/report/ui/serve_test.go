package ui

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/plan"
	"crawlbench/internal/profile"
	"crawlbench/internal/profile/breakdown"
	"crawlbench/internal/store"
	"crawlbench/internal/testing/runtest"
)

const small2 = `
crawlers = ["mutexmap", "cas"]
workers = [1, 8]
rate = ["inf", 5000]
rounds = 8
[[graph]]
name = "g"
kind = "hosts"
pages = 1000
[profiles]
kinds = ["cpu", "block", "wall"]
`

// runs makes up the runs one and two in a directory. Each cell of cas has a time breakdown and
// profiles, of mutexmap too.
func runs(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	p, err := runtest.Plan(small2, false)
	if err != nil {
		t.Fatal(err)
	}
	big, err := runtest.Big(true)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"one", "two"} {
		r := runtest.Run{Plan: p, Manifest: store.Manifest{Scenario: "small", State: store.Complete,
			Host: map[string]string{"cpu": "made up", "cores": "2"}},
			Speed: func(c plan.Cell, _ int) float64 { return 1e5 * float64(len(c.Impl)) * float64(1+i) }, Noise: 0.01,
			Breakdown: func(c plan.Cell) *breakdown.Breakdown { return big.Breakdown(c) },
			Profile:   func(c plan.Cell, kind string) *profile.Profile { return big.Profile(c, kind) }}
		run, err := r.Write(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		run.Close()
	}
	return dir
}

func server(t testing.TB, dir string) http.Handler {
	t.Helper()
	s, err := New(dir)
	if err != nil {
		t.Fatal(err)
	}
	s.wait = time.Minute
	t.Cleanup(func() { s.Close() })
	return guard(s, false)
}

// get returns the response to a request as from a browser on this machine, modified by change if that is not nil.
func get(h http.Handler, path string, change func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "http://localhost:1234"+path, nil)
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const (
	mutexmap = "impl=mutexmap,graph=g,keys=id,workers=8,rate=inf-2"
	cas      = "impl=cas,graph=g,keys=id,workers=8,rate=inf-2"
)

func TestPagesAndTheirLinks(t *testing.T) {
	h := server(t, runs(t))
	for path, wants := range map[string][]string{
		"/":                              {`href="runs/one/"`, `href="runs/two/"`, "96", "complete"},
		"/runs/one/":                     {`href="cells/` + cas, "Explore", "matrix/throughput/"},
		"/runs/one/?now=1":               {"Explore"},
		"/runs/one/matrix/blocked-lock/": {"../../../../runs/one/cells/" + cas + "/", `class="q`},
		"/runs/one/matrix/bound/":        {"share of the upper bound", "rate 5000"},
		"/runs/one/cells/" + cas + "/":   {"wall/ui/flamegraph", "diff/" + cas + "/one/" + mutexmap + "/", "ended by"},
		"/runs/one/diff/" + cas + "/one/" + mutexmap +
			"/": {"paired by 8 rounds", "wall/page/ui/flamegraph", "block/share/ui/flamegraph",
			"mark what cas has more of than mutexmap; green", "cas minus mutexmap"},
		"/runs/two/diff/" + cas + "/one/" + cas +
			"/": {"not paired", "in two minus in one", "cas, g by id, 8 workers, rate inf. Red", "2.0"},
		"/runs/two/changes/one/": {"Of 8 cells: 8 faster",
			"Not paired"},
		"/runs/one/cells/" + cas + "/cpu/ui/flamegraph": {"stackViewer({",
			"where processor time was spent", cas},
		"/runs/one/diff/" + cas + "/one/" + mutexmap +
			"/wall/page/ui/flamegraph": {"stackViewer({", "green and - mark what it has less of",
			"same number of pages", `"Value":-`},
		"/runs/one/diff/" + cas + "/one/" + mutexmap + "/wall/share/ui/flamegraph": {"stackViewer({", "same total"},
		"/runs/two/diff/" + cas + "/one/" + cas + "/cpu/page/ui/top":               {"in one"},
		"/runs/one/files/manifest.json":                                            {`"scenario"`},
		"/assets/site.css":                                                         {".heat"},
	} {
		w := get(h, path, nil)
		if w.Code != 200 {
			t.Errorf("%s: code %d: %.300s", path, w.Code, w.Body)
			continue
		}
		for _, want := range wants {
			if !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s lacks %q", path, want)
			}
		}
	}
	for path, to := range map[string]string{
		"/changes?before=one&after=two": "/runs/two/changes/one/",
		"/runs/one/cells/" + cas + "/difference?run=two&cell=" + mutexmap: "/runs/one/diff/" + cas + "/two/" +
			mutexmap + "/",
		"/runs/one/cells/" + cas + "/cpu/ui/": "./flamegraph",
		"/runs/one":                           "/runs/one/",
	} {
		if w := get(h, path, nil); w.Code/100 != 3 || w.Header().Get("Location") != to {
			t.Errorf("%s: code %d, to %q, want %q", path, w.Code, w.Header().Get("Location"), to)
		}
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	s, err := New(runs(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	err = Serve(ctx, "127.0.0.1:0", s, func(url string, others bool) {
		go func() {
			defer cancel()
			r, err := http.Get(url + "events")
			if err != nil {
				t.Error(err)
				return
			}
			defer r.Body.Close()
			first := make([]byte, 10) // the rest arrives while listening
			if _, err := io.ReadFull(r.Body, first); err != nil || string(first) != "event: hel" || others {
				t.Errorf("%s answers %s: %q %v", url, r.Status, first, err)
			}
		}()
	})
	if err != nil {
		t.Errorf("error %v", err)
	}
	if err := Serve(t.Context(), "256.0.0.1:0", s, nil); err == nil || !strings.Contains(err.Error(), "-addr") {
		t.Errorf("an invalid address: %v", err)
	}
	if _, err := New(filepath.Join(t.TempDir(), "none")); err == nil ||
		!strings.Contains(err.Error(), "measure a run first") {
		t.Errorf("no directory: %v", err)
	}
}

// A run that takes long to read is announced, and shown on a later request.
func TestALargeRunIsAnnounced(t *testing.T) {
	s, err := New(runs(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.early.Wait()
	s.library.runs.values = nil
	s.wait = 0
	s.library.reading.Lock()
	w := get(s, "/runs/one/matrix/throughput/", nil)
	s.library.reading.Unlock()
	if w.Code != http.StatusAccepted || w.Header().Get("Refresh") != "1" ||
		!strings.Contains(w.Body.String(), "<h1>Reading the run</h1>") {
		t.Errorf("code %d, %v: %.200s", w.Code, w.Header(), w.Body)
	}
	s.wait = time.Minute
	if w := get(s, "/runs/one/matrix/throughput/", nil); w.Code != 200 || w.Header().Get("Refresh") != "" {
		t.Errorf("code %d", w.Code)
	}
}

// A matrix has the rates at which its measure is known; without a trace at a rate, that rate would be empty.
func TestMatricesHaveNoEmptyRates(t *testing.T) {
	h := server(t, runs(t))
	if text := get(h, "/runs/one/matrix/blocked-lock/", nil).Body.String(); strings.Contains(text, "rate 5000") {
		t.Errorf("the matrix of a state has a rate that was not traced")
	}
}
