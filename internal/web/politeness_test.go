package web

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
)

// twoHosts is a site of two hosts with two pages each; the first page links to all others, and a fetch takes a second.
func twoHosts() *Site {
	g := &graph.Graph{Offsets: []uint64{0, 3, 3, 3, 3}, Links: []uint32{1, 2, 3}, Hosts: []uint32{0, 2}}
	waits := graph.Behaviour{Latency: graph.Latency{Model: "constant", Median: time.Second}}
	return New(g, graph.Walk(g, nil), waits, 0)
}

// crawlAt fetches pages one after another, each as long after the one before it as pauses say.
func crawlAt(t *testing.T, s *Site, r Rules, pages []uint32, pauses ...time.Duration) error {
	t.Helper()
	s.Begin(r)()
	for i, p := range pages {
		time.Sleep(pauses[i])
		if _, err := s.IDs().Fetch(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	return s.End(crawl.Result{Pages: len(pages)}, nil)
}

func TestAGapIsVerifiedInRealCrawls(t *testing.T) {
	const gap = 3 * time.Second
	for _, c := range []struct {
		name   string
		start  bool
		pauses []time.Duration
		want   string // "": correct
	}{
		{"kept", false, []time.Duration{0, 0, 2 * time.Second, 0}, ""},
		{"3 ns early", false, []time.Duration{0, 0, 2*time.Second - 3, 0}, "2.999999997s after the fetch before it, want 3s"},
		{"kept from the start", true, []time.Duration{0, 0, time.Second, 0}, ""},
		{"20 ms early from the start", true, []time.Duration{0, 0, time.Second - started, started}, ""},
		{"the first is 50 ms late", true, []time.Duration{50 * time.Millisecond, 0, 950 * time.Millisecond,
			50 * time.Millisecond}, ""},
		{"more than 20 ms early from the start", true, []time.Duration{0, 0, time.Second - started - 1, started},
			"gap"},
	} {
		for _, polite := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				s := twoHosts()
				policy := &crawl.Policy{Gap: gap, FromStart: c.start}
				// hosts 0, 1, 0, 1: between the fetches of one host lies one of the other
				r := Rules{Workers: 1, Politeness: policy, Polite: polite}
				err := crawlAt(t, s, r, []uint32{0, 2, 1, 3}, c.pauses...)
				switch want := c.want; {
				case (want == "" || !polite) && err != nil:
					t.Errorf("%s: %v", c.name, err)
				case want != "" && polite && (err == nil || !strings.Contains(err.Error(), want)):
					t.Errorf("%s: %v, want %s", c.name, err, want)
				}
				saw := s.Hosts()
				if saw == nil || saw.Gaps != 2 || (saw.Broken > 0) != (c.want != "") || saw.Polite != polite ||
					saw.Peak != 1 {
					t.Errorf("%s: the hosts saw %+v", c.name, saw)
				}
			})
		}
	}
}

// Without a gap, an exact crawl counts what is in flight at a host.
func TestFetchesInFlightAtAHostAreCounted(t *testing.T) {
	for width, wrong := range map[int]bool{1: true, 2: false} {
		synctest.Test(t, func(t *testing.T) {
			s := twoHosts()
			s.Begin(Rules{Workers: 2, Exact: true, Polite: true, Politeness: &crawl.Policy{PerHost: width}})()
			fetch := func(p uint32) { s.IDs().Fetch(t.Context(), p) }
			fetch(0)
			go fetch(2)
			synctest.Wait()
			fetch(3) // of the same host
			fetch(1)
			synctest.Wait()
			err := s.End(crawl.Result{Pages: 4}, nil)
			if (err != nil) != wrong || wrong && !strings.Contains(err.Error(), "1 fetches began with 1 others in flight at their host") {
				t.Errorf("at most %d at a host: %v", width, err)
			}
			if s.Hosts() != nil {
				t.Error("an untimed crawl is logged")
			}
		})
	}
}

func TestHostOfIsThatOfTheGraph(t *testing.T) {
	s := twoHosts()
	for p := range uint32(4) {
		if got, want := s.HostOf(p), p/2; got != want {
			t.Errorf("page %d is of host %d, want %d", p, got, want)
		}
	}
	if got := s.HostOf(uint32(s.Numbers() - 1)); got != 1 {
		t.Errorf("a renamed page is of host %d, want the last", got)
	}
}
