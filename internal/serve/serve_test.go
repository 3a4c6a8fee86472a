package serve

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/pprof/profile"
)

// made returns a profile of a kind with one stack, main over leaf.
func made(kind, leaf string, value int64) *profile.Profile {
	p := &profile.Profile{
		SampleType: []*profile.ValueType{{Type: kind, Unit: "nanoseconds"}}, PeriodType: &profile.ValueType{},
		Mapping: []*profile.Mapping{{ID: 1, File: "/the-cell"}},
	}
	s := &profile.Sample{Value: []int64{value}}
	for i, name := range []string{leaf, "main"} {
		f := &profile.Function{ID: uint64(i + 1), Name: name, Filename: "/etc/passwd"}
		l := &profile.Location{ID: uint64(i + 1), Mapping: p.Mapping[0], Line: []profile.Line{{Function: f, Line: 1}}}
		p.Function, p.Location = append(p.Function, f), append(p.Location, l)
		s.Location = append(s.Location, l)
	}
	p.Sample = []*profile.Sample{s}
	return p
}

func handler(t *testing.T, f Flame) http.Handler {
	t.Helper()
	h, err := Handler(f)
	if err != nil {
		t.Fatal(err)
	}
	return guard(h, false)
}

// get returns the answer to a request that a browser on this machine would make, changed if change is not nil.
func get(h http.Handler, path string, change func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "http://localhost:1234"+path, nil)
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

var total = regexp.MustCompile(`stackViewer\(\{"Total":(-?\d+)`)

func TestFlameGraphShowsTheProfile(t *testing.T) {
	h := handler(t, Flame{Title: "x", Profile: made("cpu", "leaf", 500)})
	page := get(h, "/ui/flamegraph", nil)
	text := page.Body.String()
	if page.Code != 200 || !strings.Contains(text, `"leaf"`) || !strings.Contains(text, "the-cell") || total.FindStringSubmatch(text)[1] != "500" {
		t.Errorf("code %d, %d bytes, total %v", page.Code, len(text), total.FindStringSubmatch(text))
	}
	for _, path := range []string{"/", "/ui/", "/ui"} {
		if w := get(h, path, nil); w.Code/100 != 3 {
			t.Errorf("%s: code %d", path, w.Code)
		}
	}
	if links := regexp.MustCompile(`(src|href)="https?:`).FindAllString(text, -1); links != nil {
		t.Errorf("the page asks others: %v", links)
	}
}

func TestDifferenceSubtractsTheBase(t *testing.T) {
	same := handler(t, Flame{Title: "x", Profile: made("cpu", "leaf", 500), Base: made("cpu", "leaf", 500)})
	text := get(same, "/ui/flamegraph", nil).Body.String()
	if !strings.Contains(text, `"Value":-500`) || !strings.Contains(text, `"Value":500`) {
		t.Errorf("a profile without itself:\n%s", text[max(0, strings.Index(text, "stackViewer({")):][:300])
	}
	// The driver keeps what it was called with: what comes after a difference must be none.
	plain := handler(t, Flame{Title: "y", Profile: made("delay", "other", 7)})
	text = get(plain, "/ui/flamegraph", nil).Body.String()
	if total.FindStringSubmatch(text)[1] != "7" || strings.Contains(text, `"leaf"`) {
		t.Error("a profile that is shown after a difference is mixed with it")
	}
	if text := get(same, "/ui/flamegraph", nil).Body.String(); !strings.Contains(text, `"Value":-500`) {
		t.Error("the first page has changed")
	}
}

func TestWhatMustNotBeServedIsNot(t *testing.T) {
	h := handler(t, Flame{Title: "x", Profile: made("cpu", "leaf", 500)})
	for path, code := range map[string]int{
		"/ui/saveconfig?config=x": 404, "/ui/deleteconfig?config=x": 404, "/ui/source?f=main": 404, "/ui/disasm?f=main": 404,
		"/etc/passwd": 404, "/ui/../../etc/passwd": 307, "/ui/top": 200, "/ui/peek?f=leaf": 200,
	} {
		w := get(h, path, nil)
		if w.Code != code || strings.Contains(w.Body.String(), "root:") {
			t.Errorf("%s: code %d, want %d", path, w.Code, code)
		}
	}
	for host, code := range map[string]int{
		"localhost": 200, "127.0.0.1:80": 200, "[::1]:80": 200, "evil.example": 421, "localhost.evil.example:80": 421, "127.0.0.1.evil.example": 421, "": 421,
	} {
		if w := get(h, "/ui/flamegraph", func(r *http.Request) { r.Host = host }); w.Code != code {
			t.Errorf("host %q: code %d, want %d", host, w.Code, code)
		}
	}
	w := get(h, "/ui/flamegraph", func(r *http.Request) {
		r.Method = "POST"
		r.Header.Set("Origin", "https://evil.example")
	})
	if w.Code != http.StatusForbidden {
		t.Errorf("a request across origins: code %d", w.Code)
	}
}

func TestEmptyProfileIsExplained(t *testing.T) {
	p := made("cpu", "leaf", 1)
	p.Sample = nil
	if _, err := Handler(Flame{Title: "cpu of x", Profile: p}); err == nil || !strings.Contains(err.Error(), "cpu of x: it has no samples") {
		t.Errorf("error %v", err)
	}
}

func TestWorksWithoutHomeAndWritesNothing(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", "")
	get(handler(t, Flame{Title: "x", Profile: made("cpu", "leaf", 1)}), "/ui/flamegraph", nil)
	if entries, _ := os.ReadDir(home); len(entries) > 0 {
		t.Errorf("it wrote %v", entries)
	}
	os.Unsetenv("HOME")
	if _, ok := os.LookupEnv("XDG_CONFIG_HOME"); !ok {
		t.Fatal("the test's own setting is gone")
	}
	if _, err := Handler(Flame{Title: "x", Profile: made("cpu", "leaf", 1)}); err != nil {
		t.Errorf("without a home: %v", err)
	}
}

func TestManyRequestsAtOnce(t *testing.T) {
	h := handler(t, Flame{Title: "x", Profile: made("cpu", "leaf", 500)})
	var pool sync.WaitGroup
	for range 8 {
		pool.Go(func() {
			for _, path := range []string{"/ui/flamegraph", "/ui/top", "/ui/flamegraph?f=leaf"} {
				if w := get(h, path, nil); w.Code != 200 {
					t.Errorf("%s: code %d", path, w.Code)
				}
			}
		})
	}
	pool.Wait()
}

func TestServeEndsWithItsContext(t *testing.T) {
	h, err := Handler(Flame{Title: "x", Profile: made("cpu", "leaf", 500)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = Serve(ctx, "127.0.0.1:0", h, func(url string) {
		go func() {
			defer cancel()
			r, err := http.Get(url)
			if err != nil {
				t.Error(err)
				return
			}
			defer r.Body.Close()
			text, _ := io.ReadAll(r.Body)
			if !strings.Contains(string(text), `"leaf"`) || r.Header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s answers %s", url, r.Status)
			}
		}()
	})
	if err != nil {
		t.Errorf("error %v", err)
	}
	if err := Serve(t.Context(), "256.0.0.1:0", h, nil); err == nil || !strings.Contains(err.Error(), "-addr") {
		t.Errorf("an address that is none: %v", err)
	}
}
