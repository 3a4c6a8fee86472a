package importer

import (
	"encoding/json"
	"fmt"
	"html"
	"slices"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/graph"
)

// known returns a graph with a record of drawn statuses, sizes and latencies; a page that fails has no links.
func known(t *testing.T, s graph.Spec) *graph.Graph {
	t.Helper()
	g, err := graph.Build(t.Context(), s, 0)
	if err != nil {
		t.Fatal(err)
	}
	r := new(graph.Record)
	for p := range uint32(g.Pages()) {
		r.Text = g.AppendURL(r.Text, p)
		r.Ends = append(r.Ends, uint64(len(r.Text)))
		r.Waits = append(r.Waits, 1000*(p*2654435761%5000))
		r.Sizes = append(r.Sizes, uint64(p*40503%5_000))
		status := int16(200)
		if len(g.Out(p)) == 0 && p%3 == 0 {
			status = 404
		}
		r.Status = append(r.Status, status)
	}
	if err := g.SetRecord(r); err != nil {
		t.Fatal(err)
	}
	return g
}

// asJSON writes a graph as JSON lines.
func asJSON(g *graph.Graph, p uint32, links []string) string {
	text, err := json.Marshal(map[string]any{
		"url": g.URL(p), "links": links, "seconds": (time.Duration(g.Record.Waits[p]) * time.Microsecond).Seconds(),
		"bytes": g.Record.Sizes[p], "status": g.Record.Status[p],
	})
	if err != nil {
		panic(err)
	}
	return string(text) + "\n"
}

// asWARC writes a page as a response padded to its size, and its latency as Heritrix does.
func asWARC(g *graph.Graph, p uint32, links []string) string {
	body := ""
	for _, link := range links {
		body += "<a href=\"" + html.EscapeString(link) + "\">x</a>\n"
	}
	body += strings.Repeat(" ", max(0, int(g.Record.Sizes[p])-len(body)))
	return answer(g.URL(p), fmt.Sprintf("%d X", g.Record.Status[p]), typeHTML, body) +
		record("metadata", g.URL(p), "", fmt.Sprintf("fetchTimeMs: %d\r\n", g.Record.Waits[p]/1000))
}

// A log that was written from a known graph gives back exactly that graph.
func TestRoundTrip(t *testing.T) {
	for _, spec := range []graph.Spec{
		{Kind: "hosts", Pages: 1000, Hosts: 30, Seed: 1}, {Kind: "tree", Pages: 500, Hosts: 7, Seed: 2},
		{Kind: "grid", Pages: 100, Hosts: 1, Seed: 3}, {Kind: "rmat", Scale: 8, Hosts: 20, Seed: 4},
	} {
		want := known(t, spec)
		for name, write := range map[string]func(*graph.Graph, uint32, []string) string{
			"jsonl": asJSON, "warc": asWARC,
		} {
			var parts []string
			for p := range uint32(want.Pages()) {
				var links []string
				for _, q := range want.Out(p) {
					links = append(links, want.URL(q))
				}
				parts = append(parts, write(want, p, links))
			}
			o := all
			o.Start = want.URL(want.Start)
			for _, content := range []string{strings.Join(parts, ""), zipped(parts...)} {
				g, rep := imported(t, content, o)
				sameGraph(t, fmt.Sprintf("%s as %s", spec, name), g, want)
				if rep.Broken > 0 || rep.Fetched != want.Pages() {
					t.Errorf("%s as %s: %+v", spec, name, rep)
				}
			}
		}
	}
}

// A crawl.log has one link to each page, so the graph is a tree.
func TestRoundTripOfACrawlLog(t *testing.T) {
	for _, spec := range []graph.Spec{
		{Kind: "even", Pages: 2000, Hosts: 20, Seed: 1}, {Kind: "tree", Pages: 500, Hosts: 7, Seed: 2},
		{Kind: "chain", Pages: 300, Hosts: 3, Seed: 3}, {Kind: "zipf", Pages: 1000, Hosts: 40, Seed: 4},
	} {
		want := known(t, spec)
		via := make([]string, want.Pages())
		for p := range uint32(want.Pages()) {
			for _, q := range want.Out(p) {
				via[q] = want.URL(p)
			}
		}
		var b strings.Builder
		for p := range uint32(want.Pages()) {
			path := "L"
			if via[p] == "" {
				path, via[p] = "-", "-"
			}
			b.WriteString(logLine(int(want.Record.Status[p]), int(want.Record.Sizes[p]), want.URL(p), path, via[p],
				int(want.Record.Waits[p]/1000)))
		}
		g, rep := imported(t, b.String(), all)
		sameGraph(t, spec.String(), g, want)
		if rep.Broken > 0 || rep.Roots != 1 {
			t.Errorf("%s: %+v", spec, rep)
		}
	}
}

// sameGraph fails the test unless g is want, with its record. A page of a WARC file has at least the size of its links.
func sameGraph(t *testing.T, what string, g, want *graph.Graph) {
	t.Helper()
	switch {
	case !slices.Equal(g.Hosts, want.Hosts):
		t.Errorf("%s: hosts begin at %v, want %v", what, g.Hosts, want.Hosts)
	case !slices.Equal(g.Offsets, want.Offsets) || !slices.Equal(g.Links, want.Links) || g.Start != want.Start:
		t.Errorf("%s: the links differ, or the start page: %d, want %d", what, g.Start, want.Start)
	case string(g.Record.Text) != string(want.Record.Text):
		t.Errorf("%s: the URLs differ", what)
	case !slices.Equal(g.Record.Status, want.Record.Status) || !slices.Equal(g.Record.Waits, want.Record.Waits):
		t.Errorf("%s: statuses or latencies differ", what)
	case !strings.HasSuffix(what, "warc") && !slices.Equal(g.Record.Sizes, want.Record.Sizes):
		t.Errorf("%s: sizes differ", what)
	}
}
