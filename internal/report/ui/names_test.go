package ui

import (
	"bufio"
	"bytes"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"crawlbench/internal/plain"
)

// links returns the absolute URLs of the links of a page, without fragments.
func links(page, body string) []string {
	var list []string
	base, _ := url.Parse("http://localhost:1234" + page)
	for _, m := range regexp.MustCompile(`\s(?:href|src)="([^"#][^"]*)"`).FindAllStringSubmatch(body, -1) {
		if to, err := base.Parse(html.UnescapeString(m[1])); err == nil && to.Scheme == "http" {
			list = append(list, to.RequestURI())
		}
	}
	return list
}

// All links of a served report work: the raw data of the run, and the profiles and time breakdowns of its cells.
func TestLinksOfAServedReportWork(t *testing.T) {
	dir := runs(t)
	published(t, filepath.Join(dir, "one"))
	h := server(t, dir)
	const page = "/runs/one/files/report.html"
	w := get(h, page, nil)
	kinds := map[string]int{}
	for _, link := range links(page, w.Body.String()) {
		w := get(h, link, nil)
		if w.Code != 200 || w.Body.Len() == 0 || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: code %d", link, w.Code)
		}
		if profile := strings.HasSuffix(link,
			".pb.gz"); profile != strings.HasPrefix(w.Header().Get("Content-Disposition"), "attachment") {
			t.Errorf("%s: headers %v", link, w.Header())
		}
		kinds[filepath.Base(link)]++
	}
	if kinds["cpu.pb.gz"] != 2 || kinds["wall.pb.gz"] != 2 || kinds["breakdown.json"] != 2 ||
		kinds["journal.jsonl"] != 1 || kinds["bench.txt"] != 1 || kinds["manifest.json"] != 1 ||
		kinds["plan.json"] != 1 {
		t.Errorf("links to %v", kinds)
	}
	for _, not := range []string{"profiles/", "profiles/" + cas, "profiles/" + cas + "/", "profiles/../manifest.json",
		"profiles/none/cpu.pb.gz", "profiles/" + cas + "/../../.lock", ".lock", "plots/g-id-2-1.svg"} {
		if w := get(h, "/runs/one/files/"+not, nil); w.Code/100 == 2 {
			t.Errorf("%s is served", not)
		}
	}
}

// A directory may have any name. Each name is shown unambiguously, and all its links work.
func TestRunsOfAnyName(t *testing.T) {
	names := []string{"a b", "c#d", "e?f", "g%20h", "g h", "ünï", "x&y<z>", "q'r", `"`, "a;b", "-x", "..a", "a\\b", "é",
		"e\u0301", "\xff\xfe", "caf\xe9", "a\nb", "a\tb", "\x1b[2J", "txt\u202eexe", "a\u200bb", "a\u00a0b", "%2e%2e",
		"{run}", "+", "~", strings.Repeat("n", 255)}
	dir := runs(t)
	for _, name := range names {
		if err := os.CopyFS(filepath.Join(dir, name), os.DirFS(filepath.Join(dir, "one"))); err != nil {
			t.Fatal(err)
		}
	}
	h := server(t, dir)
	body := get(h, "/", nil).Body.String()
	if !utf8.ValidString(body) || plain.Text(body) != body {
		t.Error("the list contains invisible characters")
	}
	found := map[string]bool{}
	for _, link := range links("/", body) {
		found[link] = true
	}
	for _, name := range names {
		run := "/runs/" + url.PathEscape(name) + "/"
		shown := regexp.QuoteMeta(strings.ReplaceAll(html.EscapeString(plain.Text(name)), "+", "&#43;"))
		if !found[run] || !regexp.MustCompile(">"+shown+"</a>").MatchString(body) {
			t.Errorf("%q is not in the list", name)
		}
		for _, page := range []string{run, run + "matrix/throughput/", run + "cells/" + cas + "/", run + "cells/" +
			cas + "/cpu/ui/flamegraph", run + "files/manifest.json"} {
			if w := get(h, page, nil); w.Code != 200 {
				t.Errorf("%s: code %d: %.200s", page, w.Code, w.Body)
			}
		}
		// Forms send the name back unchanged.
		m := regexp.MustCompile(`<option value="([^"]*)"[^>]*>` + shown + `</option>`).FindStringSubmatch(body)
		if m == nil {
			t.Errorf("%q is not an option", name)
			continue
		}
		query := url.Values{"before": {"one"}, "after": {html.UnescapeString(m[1])}}.Encode()
		if w := get(h, "/changes?"+query, nil); w.Header().Get("Location") != run+"changes/one/" {
			t.Errorf("the form redirects to %q, want %q", w.Header().Get("Location"), run+"changes/one/")
		}
		cell := get(h, run+"cells/"+cas+"/", nil).Body.String()
		field := regexp.MustCompile(`<input name="run" value="([^"]*)"`).FindStringSubmatch(cell)
		if field == nil {
			t.Errorf("%q: its cells have no form", name)
			continue
		}
		query = url.Values{"cell": {mutexmap}, "run": {html.UnescapeString(field[1])}}.Encode()
		w := get(h, run+"cells/"+cas+"/difference?"+query, nil)
		if to := w.Header().Get("Location"); get(h, to, nil).Code != 200 {
			t.Errorf("%q: the form redirects to %q", name, to)
		}
	}
}

// The files of a copy have another order than the starts of its runs.
func TestTheNewestRunIsTheOneThatBeganLast(t *testing.T) {
	dir := runs(t)
	for i, name := range []string{"c", "a", "b"} {
		if err := os.CopyFS(filepath.Join(dir, name), os.DirFS(filepath.Join(dir, "one"))); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, name, "manifest.json")
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		year := fmt.Sprintf(`"started": "20%02d-`, 40+i)
		if err := os.WriteFile(file, regexp.MustCompile(`"started": "\d{4}-`).ReplaceAll(text, []byte(year)),
			0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(filepath.Join(dir, "c", "manifest.json"), time.Time{}, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	h := server(t, dir)
	body := get(h, "/", nil).Body.String()
	if order := regexp.MustCompile(`href="runs/([abc])/"`).FindAllStringSubmatch(body, -1); len(order) != 3 ||
		order[0][1]+order[1][1]+order[2][1] != "bac" {
		t.Errorf("in the order %v", order)
	}
}

// A run that makes this program panic does not break the others.
func TestAPanicIsAnAnswer(t *testing.T) {
	s, err := New(runs(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.mux.HandleFunc("GET /boom", func(http.ResponseWriter, *http.Request) { panic("<index> out of range") })
	h := guard(s, false)
	if w := get(h, "/boom", nil); w.Code != 500 || !strings.Contains(w.Body.String(), "&lt;index&gt; out of range") {
		t.Errorf("code %d: %.300s", w.Code, w.Body)
	}
	err = func() (err error) {
		defer recovered("one", &err)
		panic("no")
	}()
	if err == nil || err.Error() != `cannot read run "one": its files are damaged, or this program has a bug: no` {
		t.Errorf("%v", err)
	}
	if w := get(h, "/", nil); w.Code != 200 {
		t.Errorf("the list: code %d", w.Code)
	}
}

// Every request gets a response that leaks no file and redirects only within the site.
func FuzzRequest(f *testing.F) {
	dir := runs(f)
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("root:secret"), 0o666); err != nil {
		f.Fatal(err)
	}
	h := server(f, dir)
	for _, a := range attacks() {
		f.Add(a.path)
	}
	for _, path := range []string{"/", "/runs/one/", "/runs/one/cells/" + cas + "/wall/ui/flamegraph?f=x&i=y",
		"/runs/two/diff/" + cas + "/one/" + cas + "/cpu/page/ui/top", "/runs/one/files/manifest.json",
		"/changes?before=one&after=two"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, target string) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET " + target +
			" HTTP/1.1\r\nHost: localhost\r\n\r\n")))
		if err != nil || strings.HasSuffix(r.URL.Path, "/events") {
			return
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code < 200 || w.Code >= 500 {
			t.Errorf("%q: code %d: %.300s", target, w.Code, w.Body)
		}
		if bytes.Contains(w.Body.Bytes(), []byte("root:")) {
			t.Errorf("%q leaks a file", target)
		}
		if to := w.Header().Get("Location"); strings.HasPrefix(to, "//") || strings.Contains(to, ":") &&
			!strings.HasPrefix(to, "/") && !strings.HasPrefix(to, ".") {
			t.Errorf("%q redirects to %q", target, to)
		}
		if w.Header().Get("Content-Security-Policy") == "" {
			t.Errorf("%q: headers %v", target, w.Header())
		}
	})
}

// The server parses the path of a page back to the names it was made from.
func FuzzLinks(f *testing.F) {
	for _, s := range []string{"one", "a b", "c#d", "%2e", "..", "\xff", "a/b", "", "x\x00", "{$}", "é", "a,b=c"} {
		f.Add(s, cas)
	}
	f.Fuzz(func(t *testing.T, run, cell string) {
		if run == "" || cell == "" || strings.ContainsAny(run+cell, "\x00") || strings.Trim(run, "./") == "" ||
			strings.Trim(cell, "./") == "" {
			return // not a file name
		}
		var links Links
		var got []string
		mux := http.NewServeMux()
		mux.HandleFunc("GET /runs/{run}/diff/{cell}/{other}/{base}/{$}", func(_ http.ResponseWriter, r *http.Request) {
			got = []string{r.PathValue("run"), r.PathValue("cell"), r.PathValue("other"), r.PathValue("base")}
		})
		path := "/" + links.Difference(run, cell, run, cell)
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET " + path +
			" HTTP/1.1\r\nHost: localhost\r\n\r\n")))
		if err != nil {
			t.Fatalf("%q: %v", path, err)
		}
		mux.ServeHTTP(httptest.NewRecorder(), r)
		if want := []string{run, cell, run, cell}; fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Errorf("%q is read as %q, want %q", path, got, want)
		}
	})
}
