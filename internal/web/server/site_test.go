package server_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crawlbench/internal/graph"
	"crawlbench/internal/web/server"
)

// unpacked returns a body without compression.
func unpacked(t *testing.T, resp *http.Response, body []byte) []byte {
	t.Helper()
	if resp.Header.Get("Content-Encoding") != "gzip" {
		return body
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body, err = io.ReadAll(z); err != nil {
		t.Fatal(err)
	}
	return body
}

// ask returns the answer to a request for a URL, as a proxy gets it.
func ask(s *server.Site, method, url string, header ...string) *http.Response {
	r := httptest.NewRequest(method, url, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

// body returns the body of an answer.
func body(t *testing.T, resp *http.Response) []byte {
	t.Helper()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return unpacked(t, resp, text)
}

// TestPagesHaveTheLinksOfTheGraph reads every page with the tokenizer of x/net, whatever the markup.
func TestPagesHaveTheLinksOfTheGraph(t *testing.T) {
	g := build(t, 120, 4)
	all := server.DefaultShares()
	for _, list := range []string{"", "duplicates=0.9", "duplicates=0.5,nofollow=1", "fragments=1", "relative=1",
		"odd=1", "odd=1,relative=1,fragments=0.5", "base=1,relative=1", "base=1,odd=1,relative=1", "decoys=1",
		"charsets=1", "utf16=1", "gzip=1", "chunked=1", "redirects=0.5", "default"} {
		shares := all
		if list != "default" {
			shares = only(t, list)
		}
		s := site(t, g, instant, server.Settings{Shares: shares, Seed: 3})
		for p := range uint32(g.Pages()) {
			resp := ask(s, "GET", s.URL(p), "Accept-Encoding", "gzip")
			got := extract(s.URL(p), body(t, resp))
			var want []string
			for _, q := range g.Out(p) {
				want = append(want, s.Linked(q))
			}
			if shares.Duplicates == 0 && !slices.Equal(got, want) {
				t.Fatalf("%s: page %s has the links\n%q, want\n%q", list, s.URL(p), got, want)
			}
			slices.Sort(got)
			slices.Sort(want)
			if got = slices.Compact(got); resp.StatusCode != 200 || !slices.Equal(got, want) {
				t.Fatalf("%s: page %s has status %d and the links\n%q, want\n%q", list, s.URL(p), resp.StatusCode, got,
					want)
			}
		}
	}
}

// TestAnswersDependOnSeedAndPageOnly asks for the pages in two orders.
func TestAnswersDependOnSeedAndPageOnly(t *testing.T) {
	g := build(t, 200, 4)
	shares := server.DefaultShares()
	if err := shares.Set("redirects=0.2,utf16=0.1,forbidden=0.3"); err != nil {
		t.Fatal(err)
	}
	answers := func(seed uint64, backwards bool, memory int64) []string {
		s := site(t, g, graph.Behaviour{Fail: 0.1, Seed: 1},
			server.Settings{Seed: seed, Shares: shares, Memory: memory})
		list := make([]string, g.Pages())
		for i := range list {
			if backwards {
				i = len(list) - 1 - i
			}
			resp := ask(s, "GET", s.URL(uint32(i)), "Accept-Encoding", "gzip")
			list[i] = fmt.Sprintf("%d %v\n%s", resp.StatusCode, resp.Header, body(t, resp))
		}
		return list
	}
	first := answers(1, false, 0)
	if !slices.Equal(first, answers(1, true, 0)) || !slices.Equal(first, answers(1, true, -1)) {
		t.Error("the answers depend on the order of the requests, or on what is kept")
	}
	if slices.Equal(first, answers(2, false, 0)) {
		t.Error("the answers do not depend on the seed")
	}
}

// TestSharesAreKept counts what the default shares make of a graph of 1,200 pages.
func TestSharesAreKept(t *testing.T) {
	g := build(t, 1200, 12)
	shares := server.DefaultShares()
	if err := shares.Set("redirects=0.2,refusals=0.2,utf16=0.2"); err != nil {
		t.Fatal(err)
	}
	s := site(t, g, instant, server.Settings{Shares: shares})
	n := map[string]float64{}
	for p := range uint32(g.Pages()) {
		if first := ask(s, "GET", s.URL(p)); first.Header.Get("Retry-After") != "" {
			n["refused"]++
		}
		resp := ask(s, "GET", s.URL(p), "Accept-Encoding", "gzip")
		text := body(t, resp)
		n["links"] += float64(len(extract(s.URL(p), text)))
		n["repeated"] += float64(len(extract(s.URL(p), text)) - len(g.Out(p)))
		n["nofollow"] += float64(bytes.Count(text, []byte("nofollow")))
		for name, has := range map[string]bool{
			"gzip":    resp.Header.Get("Content-Encoding") == "gzip",
			"chunked": resp.Header.Get("Content-Length") == "",
			"base":    bytes.Contains(text, []byte("<base ")),
			"decoys":  bytes.Contains(text, []byte("/-/comment.html")),
			"utf16":   bytes.HasPrefix(text, []byte{0xff, 0xfe}),
			"utf8":    strings.HasSuffix(resp.Header.Get("Content-Type"), "=utf-8"),
			"moved":   s.Linked(p) != s.URL(p),
		} {
			if has {
				n[name]++
			}
		}
	}
	pages := float64(g.Pages())
	for name, share := range map[string][2]float64{
		"repeated": {n["repeated"] / n["links"], 0.32}, "nofollow": {n["nofollow"] / n["repeated"], 0.08},
		"gzip": {n["gzip"] / pages, 0.5}, "chunked": {n["chunked"] / pages, 0.1}, "base": {n["base"] / pages, 0.072},
		"decoys": {n["decoys"] / pages, 0.16}, "utf16": {n["utf16"] / pages, 0.2},
		"utf8": {n["utf8"] / pages, 0.8 * 0.86}, "moved": {n["moved"] / pages, 0.2},
		"refused": {n["refused"] / pages, 0.2},
	} {
		if got, want := share[0], share[1]; got < 0.8*want || got > 1.2*want {
			t.Errorf("%s: a share of %.3f, want about %.3f", name, got, want)
		}
	}
}

func TestBodiesHaveTheirLength(t *testing.T) {
	g := build(t, 60, 3)
	least := func(page uint32) int { return int(page) * 100 }
	r := &graph.Record{Waits: make([]uint32, 60), Status: make([]int16, 60)}
	for p := range uint32(g.Pages()) {
		r.Text = append(r.Text, g.URL(p)...)
		r.Ends, r.Sizes = append(r.Ends, uint64(len(r.Text))), append(r.Sizes, uint64(least(p)))
	}
	if err := g.SetRecord(r); err != nil {
		t.Fatal(err)
	}
	s := site(t, g, instant, server.Settings{Shares: only(t, "gzip=0.5,chunked=0.3")})
	for p := range uint32(g.Pages()) {
		plain := ask(s, "GET", s.URL(p))
		text := body(t, plain)
		if plain.Header.Get("Content-Encoding") != "" || len(text) < least(p) {
			t.Errorf("page %d: %d bytes with the coding %q, want at least %d", p, len(text),
				plain.Header.Get("Content-Encoding"), least(p))
		}
		for _, accept := range []string{"gzip", "br, GZIP;q=0.5", "gzip;q=0", "deflate"} {
			resp := ask(s, "GET", s.URL(p), "Accept-Encoding", accept)
			raw, _ := io.ReadAll(resp.Body)
			if length := resp.Header.Get("Content-Length"); length != "" && length != strconv.Itoa(len(raw)) {
				t.Errorf("page %d: %d bytes and Content-Length %s", p, len(raw), length)
			}
			refused := accept == "gzip;q=0" || accept == "deflate"
			if packed := resp.Header.Get("Content-Encoding") == "gzip"; packed && refused {
				t.Errorf("page %d is compressed for a client that accepts %s", p, accept)
			}
			if !bytes.Equal(unpacked(t, resp, raw), text) {
				t.Errorf("page %d is another page for a client that accepts %s", p, accept)
			}
		}
	}
}

func TestSlowBodiesArriveInPieces(t *testing.T) {
	g := build(t, 20, 2)
	synctest.Test(t, func(t *testing.T) {
		s := site(t, g, graph.Behaviour{Latency: graph.Latency{Model: "constant", Median: time.Second}},
			server.Settings{Shares: only(t, "slow=1"), SlowBody: 4 * time.Second})
		client := over(t, s, false)
		begin := time.Now()
		resp, err := client.Get(s.SeedURL())
		if err != nil {
			t.Fatal(err)
		}
		if head := time.Since(begin); head != time.Second {
			t.Errorf("the head came after %v, want 1s", head)
		}
		io.ReadAll(resp.Body)
		resp.Body.Close()
		if whole := time.Since(begin); whole != 5*time.Second {
			t.Errorf("the body had come after %v, want 5s", whole)
		}
		if log := s.Log(); len(log) != 1 || log[0].End-log[0].Start != 5*time.Second {
			t.Errorf("the log is %+v, want a fetch of 5s", log)
		}
	})
}

func TestMethodsAndUnknownURLs(t *testing.T) {
	g := build(t, 50, 2)
	s := site(t, g, graph.Behaviour{Fail: 1, Seed: 1}, server.Settings{CrawlDelay: 1500 * time.Millisecond})
	origin := "http://www.h0.example"
	for _, c := range []struct {
		method, url string
		status      int
		says        string
	}{
		{"GET", s.SeedURL(), 404, "404 Not Found"}, // it fails
		{"GET", origin + "/robots.txt", 200, "User-agent: *\nDisallow:\nCrawl-delay: 1.5\n"},
		{"GET", origin + "/favicon.ico", 404, "begin at " + s.SeedURL()},
		{"GET", origin + "/nowhere", 404, "no such page"},
		{"GET", origin + "/-/moved/1/3", 404, "no such page"},
		{"GET", "http://elsewhere.example/", 404, "no such page"},
		{"GET", "https://www.h0.example/robots.txt", 404, "no such page"},
		{"GET", "http://127.0.0.1:8080/", 404, "set http_proxy to the address"},
		{"POST", s.SeedURL(), 405, "want GET or HEAD"},
		{"HEAD", s.SeedURL(), 404, ""},
	} {
		resp := ask(s, c.method, c.url)
		text := string(body(t, resp))
		if resp.StatusCode != c.status || !strings.Contains(text, c.says) || c.says == "" && text != "" {
			t.Errorf("%s %s: %d %q, want %d with %q", c.method, c.url, resp.StatusCode, text, c.status, c.says)
		}
	}
	v := s.Verdict()
	if v.Unknown.Count != 5 || v.Served != 1 || v.Failed != 1 || v.Heads != 1 || v.Robots != 1 || v.Requests != 10 {
		t.Errorf("%+v", v)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	g := build(t, 10, 1)
	for want, set := range map[string]server.Settings{
		"want a number from 0 to 1": {Shares: server.Shares{Slow: 1.5}},
		"ten links for one":         {Shares: server.Shares{Duplicates: 1}},
		"want whole seconds":        {RetryAfter: time.Millisecond},
		"invalid Crawl-delay":       {CrawlDelay: -1},
		"invalid number of workers": {Workers: -1},
	} {
		if _, err := server.New(g, instant, set); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want an error with %q", set, err, want)
		}
	}
	for _, list := range []string{"slow", "slow=", "slow=2", "fast=1", ""} {
		if new(server.Shares).Set(list) == nil {
			t.Errorf("shares %q are set", list)
		}
	}
}

// Of two values for a share, neither would be what was meant.
func TestSharesOccurOnce(t *testing.T) {
	shares := server.DefaultShares()
	err := shares.Set("slow=0.1, slow=0.2")
	if err == nil || err.Error() != `invalid share " slow=0.2": slow occurs twice in the list: give it once` {
		t.Errorf("error %v", err)
	}
}
