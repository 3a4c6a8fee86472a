package importer

import (
	"strings"
	"testing"

	"crawlbench/internal/graph"
)

func TestJSONLines(t *testing.T) {
	g, rep := imported(t, "\ufeff"+`{"url": "HTTPS://A.example:443", "links": ["1?x=y#z", "mailto:x@y.z", "//b.example", "./2"], "seconds": 0.25, "bytes": 12, "more": [1]}

{"url": "https://a.example/1?x=y", "links": null, "seconds": 1e-6, "bytes": 9007199254740993}
  {"url": "https://a.example/2", "status": 301, "to": "../3", "links": ["/lost"]}
{"url": "https://b.example/", "status": 0, "seconds": 30}
{"url": "https://a.example/3", "status": 404, "links": ["/4"], "bytes": 7}`+"\r\n", all)
	wantGraph(t, g, `
>a/ 200 12 250ms: a/1?x=y b/ a/2
a/1?x=y 200 9007199254740993 1µs:
a/2 301 0 1µs: a/3
a/3 404 7 1µs:
b/ -1 0 30s:
`)
	if rep.Records != 5 || rep.Broken != 0 || rep.Failed != 2 || rep.Redirected != 1 ||
		rep.FailedBy() != "-1: 1, 404: 1" {
		t.Errorf("%+v, failed by %s", rep, rep.FailedBy())
	}
	if got := strings.Join(g.Notes, "; "); got != "imported from jsonl: 5 pages fetched, 2 failed, 1 redirected" {
		t.Errorf("notes %q", got)
	}
}

func TestBrokenJSONLines(t *testing.T) {
	for line, want := range map[string]string{
		`{"url": 7}`:                                "invalid record",
		`{"url": "https://a.example/"`:              "invalid record",
		`{"url": "https://a.example/"} x`:           "invalid record",
		`{"url": "https://a.example/", "links": 1}`: "invalid record",
		`[1]`:                         "invalid record",
		`null`:                        `invalid url: "": want a URL with http or https`,
		`{"links": []}`:               `invalid url: ""`,
		`{"url": "/relative"}`:        `invalid url: "/relative"`,
		`{"url": "ftp://a.example/"}`: `invalid url: "ftp://a.example/"`,
		`{"url": "https://a.example/", "seconds": -1}`:      "invalid seconds -1: want 0 to 3600",
		`{"url": "https://a.example/", "seconds": 1e300}`:   "invalid seconds 1e+300",
		`{"url": "https://a.example/", "bytes": -1}`:        "invalid bytes -1",
		`{"url": "https://a.example/", "bytes": 1e30}`:      "invalid record",
		`{"url": "https://a.example/", "status": 1000}`:     "invalid status 1000",
		`{"url": "https://a.example/", "status": -1000000}`: "invalid status",
		"{\"url\": \"https://a.example/\xff\"}":             "invalid UTF-8",
	} {
		_, err := parseJSON([]byte(line))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", line, err, want)
		}
	}
}

// A line that is too long is skipped without being held in memory, and the lines after it are read.
func TestLongLinesAreSkipped(t *testing.T) {
	rep := new(Report)
	content := "short\n" + strings.Repeat("x", 300_000) + "\r\nshort too\n" + strings.Repeat("y", 100_000) + "\n\nlast"
	in := newInput(t.Context(), Source{Name: "x"}, strings.NewReader(content), rep)
	var lines []string
	for {
		line, err := in.line(200_000)
		if err != nil {
			break
		}
		lines = append(lines, string(line))
	}
	if len(lines) != 5 || lines[0] != "short" || lines[1] != "short too" || len(lines[2]) != 100_000 ||
		lines[3] != "" ||
		lines[4] != "last" {
		t.Errorf("%d lines: %.40q", len(lines), lines)
	}
	if rep.Broken != 1 || !strings.HasPrefix(rep.First[0], "x:2: the line is longer than 195 KiB: ") ||
		in.offset != int64(len(content)) ||
		in.lines != 6 ||
		cap(in.buf) > 500_000 {
		t.Errorf("%+v, %d bytes of %d, %d lines, buffer of %d", rep, in.offset, len(content), in.lines, cap(in.buf))
	}
}

func FuzzJSONLines(f *testing.F) {
	f.Add(`{"url": "https://a.example/", "links": ["/1"], "seconds": 0.5, "bytes": 1, "status": 200}` + "\n{}")
	f.Add(`{"url": "https://a.example/", "redirect": "//b"}`)
	f.Fuzz(func(t *testing.T, content string) { fuzzed(t, "jsonl", content) })
}

// fuzzed imports content. It fails the test if that is not repeatable, or if a graph is invalid.
func fuzzed(t *testing.T, format, content string) {
	var first *graph.Graph
	for range 2 {
		g, rep, err := Import(t.Context(), []Source{text("x", content)},
			Options{Format: format, Leaves: true, Broken: 1, Memory: 64 << 20})
		if err != nil {
			if first != nil {
				t.Fatalf("the second time: %v", err)
			}
			return
		}
		if err := g.Validate(); err != nil {
			t.Fatal(err)
		}
		for p := range uint32(g.Pages()) {
			if got, ok := g.PageOf(g.URL(p)); !ok || got != p {
				t.Fatalf("%s: page %d, %v, want %d", g.URL(p), got, ok, p)
			}
		}
		if rep.Pages < rep.Fetched || rep.Fetched < rep.Failed+rep.Redirected || rep.Broken < len(rep.First) {
			t.Fatalf("%+v", rep)
		}
		if reach := graph.Walk(g, nil); reach.Pages < rep.Fetched-rep.Failed {
			t.Fatalf("%d pages are reached of %d that were fetched, of which %d failed", reach.Pages, rep.Fetched,
				rep.Failed)
		}
		if first != nil && first.Digest() != g.Digest() {
			t.Fatal("the second time the graph differs")
		}
		first = g
	}
}
