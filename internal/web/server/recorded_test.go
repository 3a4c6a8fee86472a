package server_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crawlbench/internal/graph"
	"crawlbench/internal/web/server"
)

// recorded returns a graph in which each page links to all that follow it and to the first, or a redirect to the next
// one only, with the URLs and statuses of a record. hosts are the numbers of the first page of each host.
func recorded(t *testing.T, urls []string, status []int16, hosts ...uint32) *graph.Graph {
	t.Helper()
	g := &graph.Graph{Offsets: []uint64{0}, Hosts: hosts}
	r := &graph.Record{Status: status}
	for p, url := range urls {
		for q := range urls {
			if q > p && (status[p]/100 != 3 || q == p+1) {
				g.Links = append(g.Links, uint32(q))
			}
		}
		if p > 0 && status[p]/100 != 3 {
			g.Links = append(g.Links, 0)
		}
		g.Offsets = append(g.Offsets, uint64(len(g.Links)))
		r.Text = append(r.Text, url...)
		r.Ends, r.Sizes = append(r.Ends, uint64(len(r.Text))), append(r.Sizes, 100)
		r.Waits = append(r.Waits, 1000)
	}
	if err := g.SetRecord(r); err != nil {
		t.Fatal(err)
	}
	return g
}

// replayed is the behaviour of a graph as it was recorded.
func replayed(g *graph.Graph) graph.Behaviour {
	return graph.Behaviour{Latency: graph.Latency{Model: graph.Recorded}}.On(g)
}

// TestRecordedSitesAreServed has URLs that are in no canonical form, the same one by http and https, and all statuses.
func TestRecordedSitesAreServed(t *testing.T) {
	urls := []string{
		"https://b.example/", "https://b.example/a//b?x=1&y=/../", "https://b.example/dir/a:b",
		"https://b.example/x|y<z>?|", "http://b.example/", "https://b.example/gone", "https://b.example/silent",
		"https://b.example/busy",
		"https://b.example/-/http/", "http://a.example:8080/%7Eme/", "http://a.example:8080/dir/?q",
		"http://a.example:8080?q", "http://a.example:8080/last",
	}
	status := []int16{200, 200, 200, 200, 301, 410, -1, 503, 200, 308, 0, 200, 999}
	g := recorded(t, urls, status, 0, 9)
	synctest.Test(t, func(t *testing.T) {
		shares := only(t, "relative=1,base=0.5,odd=0.3,redirects=0.3")
		urls[8] = "https://b.example/-/https/" // the one above is the place of the fifth
		g := recorded(t, urls, status, 0, 9)
		s := site(t, g, replayed(g), server.Settings{Shares: shares})
		c := crawler{client: over(t, s, true), workers: 3}
		begin := time.Now()
		c.crawl(t, s.SeedURL())
		if v := s.Verdict(); !v.OK || v.Found != len(urls) || v.Hosts != 2 || v.Failed != 4 || v.Redirects < 2 {
			t.Errorf("%+v", v)
		}
		if took := time.Since(begin); took < 5*time.Millisecond {
			t.Errorf("it took %v, want the waits of the record", took)
		}
		for p, want := range []int{5: 410, 6: 504, 7: 503, 12: 999} {
			if want > 0 && ask(s, "GET", s.URL(uint32(p))).StatusCode != want {
				t.Errorf("%s is not answered by %d", s.URL(uint32(p)), want)
			}
		}
		if resp := ask(s, "GET", s.URL(4)); resp.StatusCode != 301 || s.URL(4) != "http://b.example/-/http/" {
			t.Errorf("%s is answered by %d", s.URL(4), resp.StatusCode)
		}
	})
	if _, err := server.New(g, instant, server.Settings{}); err == nil ||
		!strings.Contains(err.Error(), "clients request pages 8 and 4 by the same URL, http://b.example/-/http/") {
		t.Error(err)
	}
}

// TestAFailureMayBeAskedForAgain: only the answers that ask for it by their status.
func TestAFailureMayBeAskedForAgain(t *testing.T) {
	urls := []string{"http://a.example/", "http://a.example/busy", "http://a.example/gone"}
	g := recorded(t, urls, []int16{200, 503, 404}, 0)
	s := site(t, g, replayed(g), server.Settings{})
	for p := range uint32(3) {
		ask(s, http.MethodGet, s.URL(p))
	}
	ask(s, http.MethodGet, s.URL(1))
	if v := s.Verdict(); !v.OK || v.Served != 4 {
		t.Errorf("%+v", v)
	}
	ask(s, http.MethodGet, s.URL(2))
	if v := s.Verdict(); v.OK || !slices.Equal(v.Twice.First, []string{s.URL(2)}) {
		t.Errorf("%+v", v)
	}
}

// TestClientsMayFollowRecordedRedirects: a client that follows redirects by itself gets their target once more.
func TestClientsMayFollowRecordedRedirects(t *testing.T) {
	urls := []string{"http://a.example/", "http://a.example/old", "http://a.example/older", "http://a.example/new"}
	g := recorded(t, urls, []int16{200, 302, 301, 200}, 0)
	synctest.Test(t, func(t *testing.T) {
		s := site(t, g, replayed(g), server.Settings{})
		for _, byItself := range []bool{false, true} {
			s.Reset()
			c := crawler{client: over(t, s, false)}
			if byItself {
				c.client.CheckRedirect = nil
			}
			c.crawl(t, s.SeedURL())
			if v := s.Verdict(); !v.OK || v.Found != 4 || byItself != (v.Served > 2) {
				t.Errorf("by itself %v: %+v", byItself, v)
			}
		}
		ask(s, "GET", urls[3]) // the fourth time: for itself, and for either redirect
		if v := s.Verdict(); v.OK || !slices.Equal(v.Twice.First, urls[3:]) {
			t.Errorf("%+v", v)
		}
	})
}

// TestClientsEscapeDifferently asks for the same page by URLs with more escapes and with fewer.
func TestClientsEscapeDifferently(t *testing.T) {
	urls := []string{"http://a.example/x[1]|%5E?q=<%3E>", "http://a.example/a%2Fb", "http://a.example/a/b"}
	g := recorded(t, urls, make([]int16, 3), 0)
	s := site(t, g, instant, server.Settings{})
	for n, spelled := range []string{"/x%5B1%5D%7C%5E?q=%3C%3E%3E", "/x[1]%7c^?q=<>>", "/%78[1]|%5e?q=%3c>%3e"} {
		if resp := ask(s, "GET", "http://a.example"+spelled); resp.StatusCode != 200 {
			t.Errorf("%s: %s", spelled, resp.Status)
		}
		if v := s.Verdict(); v.Served != n+1 || v.Unknown.Count > 0 {
			t.Errorf("%s: %+v", spelled, v)
		}
	}
	ask(s, "GET", "http://a.example/a%2fb")
	ask(s, "GET", "http://a.example/a%252Fb")
	if v := s.Verdict(); v.Unknown.Count != 1 || v.Served != 4 {
		t.Errorf("%+v", v)
	}
}
