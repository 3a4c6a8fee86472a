package profile

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
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

// testProfile returns a profile of a kind with one stack, main calling leaf.
func testProfile(kind, leaf string, value int64) *profile.Profile {
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
	return h
}

// get returns the response to a request as a browser on this machine would make it.
func get(h http.Handler, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "http://localhost:1234"+path, nil)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

var totalPattern = regexp.MustCompile(`stackViewer\(\{"Total":(-?\d+)`)

func TestFlameGraphShowsTheProfile(t *testing.T) {
	h := handler(t, Flame{Title: "x", Profile: testProfile("cpu", "leaf", 500)})
	page := get(h, "/flamegraph")
	text := page.Body.String()
	if page.Code != 200 || !strings.Contains(text, `"leaf"`) || !strings.Contains(text, "the-cell") ||
		totalPattern.FindStringSubmatch(text)[1] != "500" {
		t.Errorf("code %d, %d bytes, total %v", page.Code, len(text), totalPattern.FindStringSubmatch(text))
	}
	if w := get(h, "/"); w.Code != http.StatusFound || w.Header().Get("Location") != "./flamegraph" {
		t.Errorf("code %d, to %q", w.Code, w.Header().Get("Location"))
	}
	if links := regexp.MustCompile(`(src|href)="https?:`).FindAllString(text, -1); links != nil {
		t.Errorf("the page refers to other sites: %v", links)
	}
}

func TestDifferenceSubtractsTheBase(t *testing.T) {
	same := handler(t, Flame{Title: "x", Profile: testProfile("cpu", "leaf", 500),
		Base: testProfile("cpu", "leaf", 500)})
	text := get(same, "/flamegraph").Body.String()
	if !strings.Contains(text, `"Value":-500`) || !strings.Contains(text, `"Value":500`) {
		t.Errorf("a profile minus itself:\n%s", text[max(0, strings.Index(text, "stackViewer({")):][:300])
	}
	// The driver keeps its options: the next profile must not be shown as a difference.
	plain := handler(t, Flame{Title: "y", Profile: testProfile("delay", "other", 7)})
	text = get(plain, "/flamegraph").Body.String()
	if totalPattern.FindStringSubmatch(text)[1] != "7" || strings.Contains(text, `"leaf"`) {
		t.Error("a profile shown after a difference is mixed with it")
	}
	if text := get(same, "/flamegraph").Body.String(); !strings.Contains(text, `"Value":-500`) {
		t.Error("the first page has changed")
	}
}

func TestHiddenPagesAreNotServed(t *testing.T) {
	h := handler(t, Flame{Title: "x", Profile: testProfile("cpu", "leaf", 500)})
	for path, code := range map[string]int{
		"/saveconfig?config=x": 404, "/deleteconfig?config=x": 404, "/source?f=main": 404, "/disasm?f=main": 404,
		"/etc/passwd": 404, "/../../etc/passwd": 307, "/nothing": 404, "/top": 200, "/peek?f=leaf": 200,
	} {
		w := get(h, path)
		if w.Code != code || strings.Contains(w.Body.String(), "root:") {
			t.Errorf("%s: code %d, want %d", path, w.Code, code)
		}
	}
}

func TestEmptyProfileIsExplained(t *testing.T) {
	p := testProfile("cpu", "leaf", 1)
	p.Sample = nil
	if _, err := Handler(Flame{Title: "cpu of x", Profile: p}); err == nil ||
		!strings.Contains(err.Error(), "cpu of x: it has no samples") {
		t.Errorf("error %v", err)
	}
}

func TestWorksWithoutHomeAndWritesNothing(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", "")
	get(handler(t, Flame{Title: "x", Profile: testProfile("cpu", "leaf", 1)}), "/flamegraph")
	if entries, _ := os.ReadDir(home); len(entries) > 0 {
		t.Errorf("files written to the home directory: %v", entries)
	}
	os.Unsetenv("HOME")
	if _, ok := os.LookupEnv("XDG_CONFIG_HOME"); !ok {
		t.Fatal("XDG_CONFIG_HOME, set by the test, is unset")
	}
	if _, err := Handler(Flame{Title: "x", Profile: testProfile("cpu", "leaf", 1)}); err != nil {
		t.Errorf("without a home: %v", err)
	}
}

func TestManyRequestsAtOnce(t *testing.T) {
	h := handler(t, Flame{Title: "x", Profile: testProfile("cpu", "leaf", 500)})
	var pool sync.WaitGroup
	for range 8 {
		pool.Go(func() {
			for _, path := range []string{"/flamegraph", "/top", "/flamegraph?f=leaf"} {
				if w := get(h, path); w.Code != 200 {
					t.Errorf("%s: code %d", path, w.Code)
				}
			}
		})
	}
	pool.Wait()
}

func TestBarIsOnEveryPageButNotInDownloads(t *testing.T) {
	h := handler(t, Flame{Title: "x", Profile: testProfile("cpu", "leaf", 500), Bar: []byte("<p>the bar</p>")})
	for path, want := range map[string]bool{"/flamegraph": true, "/top": true, "/peek?f=leaf": true,
		"/download": false} {
		w := get(h, path)
		if got := strings.Contains(w.Body.String(), "<body><style>") &&
			strings.Contains(w.Body.String(), "<p>the bar</p>"); got != want || w.Code != 200 {
			t.Errorf("%s: code %d, bar %v", path, w.Code, got)
		}
	}
}

// A static page requests only files shared with other pages, contains the profile, and refers to no
// handler.
func TestStaticNeedsNoServer(t *testing.T) {
	page, files, err := Static(Flame{Title: "x", Profile: testProfile("cpu", "leaf", 500)}, "../assets/")
	if err != nil {
		t.Fatal(err)
	}
	other, same, err := Static(Flame{Title: "y", Profile: testProfile("delay", "other", 7),
		Base: testProfile("delay", "other", 9)}, "../assets/")
	if err != nil {
		t.Fatal(err)
	}
	if data, more := unpacked(t, page), unpacked(t, other); len(page) > 15_000 {
		t.Errorf("%d bytes", len(page))
	} else {
		page, other = page+data, other+more
	}
	if totalPattern.FindStringSubmatch(page)[1] != "500" || !strings.Contains(page, `"leaf"`) ||
		!strings.Contains(other, `"Value":-9`) {
		t.Errorf("the profile is not in the page")
	}
	if len(page) > 20_000 || len(files) < 3 {
		t.Errorf("%d bytes, and %d files", len(page), len(files))
	}
	unshared := 0
	for name, text := range files {
		if same[name] != text || !strings.Contains(page, `"../assets/`+name+`"`) {
			unshared++
		}
	}
	if unshared > 1 { // one contains the function names
		t.Errorf("%d of %d files are not shared", unshared, len(files))
	}
	for _, ref := range regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if to := strings.TrimPrefix(ref[1], "../assets/"); files[to] == "" && ref[1] != "#" && ref[1] != "?" &&
			!strings.HasPrefix(ref[1], "?si=") {
			t.Errorf("a reference to %q", ref[1])
		}
	}
}

// unpacked returns the data in a static page, as pprof's own page calls it.
func unpacked(t *testing.T, page string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, unpackBefore)
	text, _, okEnd := strings.Cut(rest, `"`)
	packed, err := base64.StdEncoding.DecodeString(text)
	if !ok || !okEnd || err != nil {
		t.Fatalf("the page has no data: %v", err)
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return viewerCall + strings.TrimSuffix(strings.TrimPrefix(string(data), "["), "]")
}
