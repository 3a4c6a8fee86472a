package ui

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crawlbench/internal/plan"
	"crawlbench/internal/store"
	"crawlbench/internal/testing/runtest"
)

// hostile is a malicious or malformed request, and the expected status.
type hostile struct {
	method, path string
	head         map[string]string
	code         int
}

// attacks returns two hundred hostile requests.
func attacks() []hostile {
	var list []hostile
	add := func(code int, paths ...string) {
		for _, p := range paths {
			list = append(list, hostile{"GET", p, nil, code})
		}
	}
	// Path traversal in each place of a name. The mux redirects to the cleaned path below the root,
	// or passes a name that no run has.
	for _, up := range []string{"%2e%2e%2f%2e%2e%2fetc%2fpasswd", "..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd",
		"..%5c..%5cetc", "....%2f%2fetc", "%252e%252e%252fetc"} {
		add(404, "/runs/"+up+"/", "/runs/"+up+"/events", "/runs/one/matrix/"+up+"/", "/runs/one/cells/"+up+"/",
			"/runs/one/files/"+up,
			"/runs/"+up+"/files/manifest.json", "/runs/one/changes/"+up+"/", "/runs/one/cells/"+cas+"/"+up+
				"/ui/flamegraph",
			"/runs/one/diff/"+cas+"/"+up+"/"+cas+"/", "/runs/one/diff/"+cas+"/one/"+up+"/", "/runs/one/diff/"+cas+
				"/one/"+mutexmap+"/cpu/"+up+"/ui/flamegraph", "/assets/"+up)
	}
	add(307, "/../../etc/passwd", "/runs/../../etc/passwd", "/assets/../../../etc/passwd",
		"/runs/one/files/../../../etc/passwd", "//etc/passwd", "/runs//one/", "/./runs/one/")
	// Symbolic links to the outside, directories that are not runs, and files of runs that are not served.
	add(404, "/runs/outside/", "/runs/outside/files/manifest.json", "/runs/inside/", "/runs/file/", "/runs/latest/",
		"/runs/.hidden/", "/runs/linked/", "/runs/linked/files/journal.jsonl",
		"/runs/one/files/.lock", "/runs/one/files/profiles", "/runs/one/files/bench.txt", "/runs/one/files/",
		"/runs/one/profiles/", "/runs/one/manifest.json", "/runs/", "/runs/nothing/",
		"/assets/", "/assets/site.go", "/assets/templates", "/etc/passwd", "/.git/config", "/favicon.ico",
		"/debug/pprof/", "/metrics")
	// Runs whose files are damaged or refer to files outside.
	add(500, "/runs/damaged/", "/runs/damaged/events", "/runs/escaping/", "/runs/escaping/matrix/throughput/",
		"/runs/escaping/cells/"+cas+"/")
	// Cell IDs that are malformed, unknown or much too long.
	for _, id := range []string{"impl=", "impl=cas", cas + "x", "impl=cas,graph=g,keys=id,workers=-1,rate=inf-2",
		"impl=cas,graph=g,keys=id,workers=99999999999999999999,rate=inf-2",
		"%00", "%ff%fe", "%0d%0aSet-Cookie:%20a=b", "%3Cscript%3Ealert(1)%3C%2Fscript%3E", "%22onmouseover=%22alert(1)",
		"'%20OR%201=1", "$%7B7*7%7D", "%7B%7B.%7D%7D", strings.Repeat("a", 3000)} {
		code := 404
		if id == "%00" {
			code = 400
		}
		add(code, "/runs/one/cells/"+id+"/", "/runs/one/cells/"+id+"/cpu/ui/flamegraph", "/runs/one/diff/"+id+"/one/"+
			cas+"/", "/runs/"+id+"/")
	}
	// pprof's pages that write settings or read files, and unknown kinds of profiles.
	for _, page := range []string{"saveconfig?config=x", "deleteconfig?config=x", "source?f=main", "disasm?f=main",
		"nothing", "../../../../../../etc/passwd%00"} {
		code := 404
		if strings.Contains(page, "%00") {
			code = 400
		}
		add(code, "/runs/one/cells/"+cas+"/cpu/ui/"+page)
	}
	add(404, "/runs/one/cells/"+cas+"/heap/ui/flamegraph", "/runs/one/cells/"+cas+"/breakdown/ui/flamegraph",
		"/runs/one/diff/"+cas+"/one/"+mutexmap+"/cpu/sideways/ui/flamegraph")
	// Files of a run that its report does not link to.
	for _, file := range []string{"profiles", "profiles/", "profiles/" + cas, "profiles/" + cas + "/", "profiles/" +
		cas + "/heap.pb.gz", "profiles/none/cpu.pb.gz", "profiles/%2e%2e/manifest.json", "profiles/" + cas +
		"/..%2f..%2f.lock", "profiles%2f" + cas + "%2fcpu.pb.gz%00", "%2fetc%2fpasswd", "journal.jsonl/",
		"plots/g-id-2-1.svg", "failures/x.txt", "journal.torn", "..%2ftwo%2fmanifest.json"} {
		code := 404
		if strings.Contains(file, "%00") {
			code = 400
		}
		add(code, "/runs/one/files/"+file)
	}
	add(400, "/changes", "/changes?before=one", "/runs/one/cells/"+cas+"/difference", "/runs/one/cells/"+cas+
		"/difference?run=two")
	// Oversized requests.
	add(414, "/"+strings.Repeat("a", 5000), "/?"+strings.Repeat("a", 5000), "/runs/one/cells/"+
		strings.Repeat("%41", 2000)+"/")
	// Foreign host names: DNS rebinding.
	for _, host := range []string{"evil.example", "evil.example:1234", "localhost.evil.example",
		"127.0.0.1.evil.example", "127.0.0.2", "0.0.0.0", "[::2]:80", "localhost:80:80", "localhost@evil.example", "",
		"LOCALHOST.", "10.0.0.1", "user:pass@localhost", "[::1", "localhost/"} {
		list = append(list, hostile{"GET", "/", map[string]string{"Host": host}, 421},
			hostile{"GET", "/runs/one/cells/" + cas + "/cpu/ui/flamegraph", map[string]string{"Host": host}, 421})
	}
	// Requests from pages of other origins.
	for _, origin := range []string{"https://evil.example", "http://localhost:9", "null",
		"http://localhost:1234.evil.example", "file://", "%"} {
		list = append(list, hostile{"GET", "/", map[string]string{"Origin": origin}, 403},
			hostile{"POST", "/", map[string]string{"Origin": origin}, 403},
			hostile{"GET", "/events", map[string]string{"Origin": origin}, 403})
	}
	for _, mode := range []string{"no-cors", "cors", "websocket", ""} {
		list = append(list, hostile{"GET", "/runs/one/",
			map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": mode}, 403},
			hostile{"DELETE", "/", map[string]string{"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": mode}, 403})
	}
	// Unsupported methods.
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"} {
		list = append(list, hostile{method, "/", nil, 405}, hostile{method, "/runs/one/cells/" + cas + "/", nil, 405})
	}
	return list
}

// besieged returns a directory of runs with traps in it.
func besieged(t *testing.T) string {
	t.Helper()
	dir := runs(t)
	outside := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	at := func(parts ...string) string { return filepath.Join(append([]string{dir}, parts...)...) }
	secret := filepath.Join(outside, "manifest.json")
	must(os.WriteFile(secret, []byte("root:secret"), 0o666))
	must(os.Symlink(outside, at("outside")))
	must(os.Symlink("one", at("inside")))
	must(os.Symlink("one", at("latest")))
	must(os.WriteFile(at("file"), []byte("root:secret"), 0o666))
	must(os.Mkdir(at(".hidden"), 0o777))
	must(os.CopyFS(at("linked"), os.DirFS(at("one")))) // its journal is outside
	must(os.Remove(at("linked", "journal.jsonl")))
	must(os.Symlink(secret, at("linked", "journal.jsonl")))
	must(os.CopyFS(at("damaged"), os.DirFS(at("one"))))
	must(os.WriteFile(at("damaged", "manifest.json"), []byte("root:{"), 0o666))
	must(os.WriteFile(at("damaged", "plan.json"), []byte("{"), 0o666))
	must(os.CopyFS(at("escaping"), os.DirFS(at("one")))) // one of its time breakdowns is outside
	breakdown := at("escaping", "profiles", cas, "breakdown.json")
	must(os.Remove(breakdown))
	must(os.Symlink(secret, breakdown))
	return dir
}

func TestHostileRequests(t *testing.T) {
	h := server(t, besieged(t))
	list := attacks()
	if len(list) < 200 {
		t.Errorf("%d requests are too few", len(list))
	}
	for _, a := range list {
		target, err := url.ParseRequestURI(a.path)
		if err != nil {
			t.Fatal(err)
		}
		w := get(h, "/", func(r *http.Request) {
			r.Method, r.URL, r.RequestURI = a.method, target, a.path
			for name, value := range a.head {
				if name == "Host" {
					r.Host = value
				} else {
					r.Header.Set(name, value)
				}
			}
		})
		name := fmt.Sprintf("%s %.200s %v", a.method, a.path, a.head)
		body := w.Body.String()
		if w.Code != a.code {
			t.Errorf("%s: code %d, want %d: %.200s", name, w.Code, a.code, body)
		}
		if strings.Contains(body, "secret") || strings.Contains(body, "root:") {
			t.Errorf("%s: it leaks a file: %.300s", name, body)
		}
		if strings.Contains(body, "<script>alert") || strings.Contains(body, `"onmouseover=`) ||
			strings.Contains(body, "49") && strings.Contains(a.path, "7*7") {
			t.Errorf("%s: a name is interpreted as markup: %.300s", name, body)
		}
		if to := w.Header().Get("Location"); strings.HasPrefix(to, "//") || strings.Contains(to, "..") {
			t.Errorf("%s: it redirects to %q", name, to)
		}
		if w.Header().Get("Content-Security-Policy") == "" && a.code != 403 || w.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s: headers %v", name, w.Header())
		}
	}
	if w := get(h, "/runs/one/", nil); w.Code != 200 {
		t.Errorf("a good request afterwards: code %d", w.Code)
	}
	t.Logf("%d requests", len(list))
}

// The texts in the files of a run are untrusted. Package plan checks the names in its plan.
func TestHostileNames(t *testing.T) {
	const script = `<script>alert(1)</script>"onmouseover="alert(1)`
	p, err := runtest.Plan(small2, false)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	m := store.Manifest{Scenario: script, State: store.Complete, Command: []string{script},
		Host: map[string]string{"cpu": script, "cores": script}}
	run, err := runtest.Run{Plan: p, Manifest: m, Speed: func(plan.Cell, int) float64 { return 1e5 },
		Noise: 0.01}.Write(filepath.Join(dir, "<b>&'"))
	if err != nil {
		t.Fatal(err)
	}
	run.Close()
	h := server(t, dir)
	id := url.PathEscape(p.Cells[len(p.Cells)-1].ID())
	base := "/runs/" + url.PathEscape("<b>&'") + "/"
	for _, path := range []string{"/", base, base + "matrix/throughput/", base + "cells/" + id + "/", base + "diff/" +
		id + "/" + url.PathEscape("<b>&'") + "/" + url.PathEscape(p.Cells[0].ID()) + "/", base + "changes/" +
		url.PathEscape("<b>&'") + "/"} {
		w := get(h, path, nil)
		body := w.Body.String()
		if w.Code != 200 || !strings.Contains(body, "alert(1)") && !strings.Contains(body, "%3Cb%3E") {
			t.Errorf("%s: code %d, %d bytes", path, w.Code, len(body))
		}
		body = strings.ReplaceAll(body, `\"onmouseover=`, "") // inside a JSON string
		for _, bad := range []string{"<script>alert", `"onmouseover=`, "<b>&'"} {
			if i := strings.Index(body, bad); i >= 0 {
				t.Errorf("%s: a name is interpreted as markup: %.300s", path, body[max(0, i-100):])
			}
		}
	}
}
