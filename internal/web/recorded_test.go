package web

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"crawlbench/internal/graph"
)

// recorded returns a chain of four pages with a record, of which the last one fails.
func recorded(t *testing.T) *graph.Graph {
	t.Helper()
	g := &graph.Graph{Offsets: []uint64{0, 1, 2, 3, 3}, Links: []uint32{1, 2, 3}, Hosts: []uint32{0}}
	r := &graph.Record{Waits: []uint32{10_000, 30_000, 20_000_000, 40_000}, Sizes: make([]uint64, 4),
		Status: []int16{200, 302, 200, 500}}
	for p := range 4 {
		r.Text = fmt.Appendf(r.Text, "https://a.example/%d", p)
		r.Ends = append(r.Ends, uint64(len(r.Text)))
	}
	if err := g.SetRecord(r); err != nil {
		t.Fatal(err)
	}
	return g
}

// A site replays the latencies and failures that were recorded, as they were or scaled to a median.
func TestRecordedFetchesAreReplayed(t *testing.T) {
	g := recorded(t)
	for _, test := range []struct {
		median time.Duration
		want   []time.Duration
	}{
		{0, []time.Duration{10 * time.Millisecond, 30 * time.Millisecond, graph.MaxLatency, 40 * time.Millisecond}},
		{3 * time.Millisecond,
			[]time.Duration{time.Millisecond, 3 * time.Millisecond, 2 * time.Second, 4 * time.Millisecond}},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := graph.Behaviour{Latency: graph.Latency{Model: graph.Recorded, Median: test.median}}
			reach := graph.Walk(g, b.On(g).Fails)
			if reach.Pages != 4 || reach.Failed != 1 {
				t.Errorf("%+v", reach)
			}
			s := New(g, reach, b, 0)
			s.Begin(Rules{Workers: 1})
			for p, want := range test.want {
				begin := time.Now()
				links, err := s.URLs().Fetch(t.Context(), g.URL(uint32(p)))
				if took := time.Since(begin); took != want {
					t.Errorf("median %v: page %d took %v, want %v", test.median, p, took, want)
				}
				switch {
				case p == 3 && !errors.Is(err, errFailed):
					t.Errorf("page 3: %v, %v, want that it fails", links, err)
				case p < 3 && (err != nil || len(links) != 1 || links[0] != fmt.Sprintf("https://a.example/%d", p+1)):
					t.Errorf("page %d: %v, %v", p, links, err)
				}
			}
		})
	}
}

// Other behaviours of the same graph neither wait nor fail as recorded, and a graph without a record replays nothing.
func TestOnlyTheRecordedModelReplays(t *testing.T) {
	g := recorded(t)
	for what, b := range map[string]graph.Behaviour{
		"zero":      graph.Behaviour{}.On(g),
		"not on it": {Latency: graph.Latency{Model: graph.Recorded}},
		"generated": graph.Behaviour{Latency: graph.Latency{Model: graph.Recorded}}.On(small()),
	} {
		if b.Wait(0, 0) != 0 || b.Fails(3) {
			t.Errorf("%s: it waits %v, fails %v", what, b.Wait(0, 0), b.Fails(3))
		}
	}
	constant := graph.Latency{Model: "constant", Median: 1}
	if (graph.Latency{}).Waits() || !(graph.Latency{Model: graph.Recorded}).Waits() || !constant.Waits() {
		t.Error("what waits is not said to, or the contrary")
	}
	s := New(g, graph.Walk(g, nil), graph.Behaviour{}, 0)
	s.Begin(Rules{Workers: 1})
	if _, err := s.URLs().Fetch(context.Background(), g.URL(3)); err != nil {
		t.Errorf("it fails: %v", err)
	}
}

// Pages with recorded URLs are renamed as others are.
func TestRecordedPagesAreRenamed(t *testing.T) {
	g := recorded(t)
	s := New(g, graph.Walk(g, nil), graph.Behaviour{}, 0)
	w := s.URLs()
	crawl := func() []string {
		_, next := s.Start()
		var pages []string
		for range 4 {
			pages = append(pages, next)
			links, err := w.Fetch(t.Context(), next)
			if err != nil {
				t.Fatal(err)
			}
			if len(links) > 0 {
				next = links[0]
			}
		}
		return pages
	}
	s.Begin(Rules{Workers: 1, Exact: true})
	first := crawl()
	s.Begin(Rules{Workers: 1, Exact: true})
	if second := crawl(); fmt.Sprint(first) == fmt.Sprint(second) {
		t.Errorf("no page is renamed: %v", second)
	}
}
