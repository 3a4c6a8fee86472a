//go:build unix

package measure

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/graph"
	"crawlbench/internal/plan"
)

// recordedGraph writes a chain of four pages, of which the last one fails, and returns the file. The waits are in
// microseconds.
func recordedGraph(t *testing.T, waits ...uint32) string {
	t.Helper()
	var urls []string
	for p := range 4 {
		urls = append(urls, fmt.Sprintf("https://a.example/%d", p))
	}
	g := &graph.Graph{Offsets: []uint64{0, 1, 2, 3, 3}, Links: []uint32{1, 2, 3}, Hosts: []uint32{0}}
	return recordedFile(t, g, &graph.Record{Waits: waits, Status: []int16{200, 200, 200, 404}}, urls)
}

// recordedFile writes a graph with a record of pages with these URLs, and returns the file.
func recordedFile(t *testing.T, g *graph.Graph, r *graph.Record, urls []string) string {
	t.Helper()
	r.Sizes = make([]uint64, len(urls))
	for _, url := range urls {
		r.Text = append(r.Text, url...)
		r.Ends = append(r.Ends, uint64(len(r.Text)))
	}
	if err := g.SetRecord(r); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := graph.WriteRecorded(t.Context(), &b, g); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "site.cbg")
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// replayed returns the plan of crawls of a graph file that replay what was recorded.
func replayed(t *testing.T, file, fetch string) *plan.Plan {
	t.Helper()
	s, err := plan.Parse("x.toml", []byte("crawlers = [\"mutexmap\"]\ncontrol = false\n[fetch]\nlatency = \"recorded\"\n"+
		fetch+"[[graph]]\nname = \"g\"\nkind = \"file\"\nfile = '"+file+"'\n"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Make(s, table(), 2)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A crawl of a chain waits for each page in turn, as long as was recorded or as that is scaled.
func TestRecordedLatenciesAndFailuresAreReplayed(t *testing.T) {
	file := recordedGraph(t, 4000, 2000, 6000, 8000)
	for fetch, least := range map[string]time.Duration{
		"": 20 * time.Millisecond, "median = \"1ms\"\n": 5 * time.Millisecond,
	} {
		p := replayed(t, file, fetch)
		graphs, err := Build(t.Context(), p, t.TempDir(), 0)
		if err != nil {
			t.Fatal(err)
		}
		info := graphs[0].Info
		if info.Reachable != 4 || info.Failed != 1 || info.RecordedMedian != 4*time.Millisecond ||
			info.RecordedMean != 5*time.Millisecond || info.MeanWait(p.Fetch.Latency) != least/4 {
			t.Errorf("%+v, mean wait %v", info, info.MeanWait(p.Fetch.Latency))
		}
		for _, keys := range []string{"id", "url"} {
			j := job(graphs[0].Cache)
			j.Fetch, j.Cell.Keys = p.Fetch, keys
			s := run(t, j).Sample
			if s.Values["sec/op"] < least.Seconds() || s.Values["pages/op"] != 4 {
				t.Errorf("by %s: a crawl of %v pages takes %v s, want at least %v", keys, s.Values["pages/op"],
					s.Values["sec/op"], least)
			}
		}
	}
}

func TestWithoutRecordedLatenciesNothingIsReplayed(t *testing.T) {
	p := replayed(t, recordedGraph(t, 0, 0, 0, 0), "")
	if _, err := Build(t.Context(), p, t.TempDir(), 0); err == nil ||
		!strings.Contains(err.Error(), "graph g: it has no recorded latencies to replay") {
		t.Errorf("error %v", err)
	}
	p.Fetch = graph.Behaviour{}
	graphs, err := Build(t.Context(), p, t.TempDir(), 0)
	if err != nil || graphs[0].Info.Failed != 0 || graphs[0].Info.RecordedMedian != 0 {
		t.Errorf("%+v, %v", graphs, err)
	}
}
