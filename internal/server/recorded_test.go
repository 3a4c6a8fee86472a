package server_test

import (
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"crawlbench/internal/graph"
	"crawlbench/internal/page"
	"crawlbench/internal/server"
	"crawlbench/internal/web"
)

// imported returns a graph with a record: the page of https links to the others, of which the last one fails.
func imported(t *testing.T) *graph.Graph {
	t.Helper()
	g := &graph.Graph{Offsets: []uint64{0, 0, 4, 4, 4, 4}, Links: []uint32{0, 2, 3, 4}, Hosts: []uint32{0, 4}, Start: 1}
	r := &graph.Record{Waits: []uint32{0, 250_000, 0, 0, 40_000}, Sizes: []uint64{20_000, 0, 0, 0, 9},
		Status: []int16{200, 200, 200, 200, 503}}
	for _, url := range []string{
		"http://a.example/x", "https://a.example/x", "https://me:secret@a.example/x?http", "http://a.example/y?z=1",
		"https://b.example:81/",
	} {
		r.Text = append(r.Text, url...)
		r.Ends = append(r.Ends, uint64(len(r.Text)))
	}
	if err := g.SetRecord(r); err != nil {
		t.Fatal(err)
	}
	return g
}

// Pages that were imported are served under their URLs, with their sizes, latencies and failures.
func TestRecordedPagesAreServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := imported(t)
		b := web.Behaviour{Latency: web.Latency{Model: web.Recorded}}.On(g)
		s, err := server.New(g, b, server.Settings{})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"http://a.example/x?http&http", "http://a.example/x", "http://a.example/x?http",
			"http://a.example/y?z=1", "http://b.example:81/"}
		for p := range want {
			if got := s.URL(uint32(p)); got != want[p] {
				t.Errorf("page %d is at %s, want %s", p, got, want[p])
			}
			begin := time.Now()
			resp := ask(s, "GET", want[p])
			text := body(t, resp)
			if took, wait := time.Since(begin), time.Duration(g.Record.Waits[p])*time.Microsecond; took != wait {
				t.Errorf("page %d takes %v, want %v", p, took, wait)
			}
			if failed := resp.StatusCode != http.StatusOK; failed != (p == 4) || len(text) < int(g.Record.Sizes[p]) {
				t.Errorf("page %d: %s, %d bytes", p, resp.Status, len(text))
			}
			links, err := page.Links(nil, want[p], resp.Header.Get("Content-Type"), text)
			if p == 1 && !slices.Equal(links, []string{want[0], want[2], want[3], want[4]}) || p != 1 && links != nil {
				t.Errorf("page %d links to %v, %v", p, links, err)
			}
		}
	})
}

func TestTheSizeOfARecordedPageIsBounded(t *testing.T) {
	g := imported(t)
	g.Record.Sizes[0] = 1 << 60
	s, err := server.New(g, web.Behaviour{}, server.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(body(t, ask(s, "GET", s.URL(0)))); n < 10<<20 || n > 11<<20 {
		t.Errorf("%d bytes, want about 10 MiB", n)
	}
}
