package server_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"

	"crawlbench/internal/graph"
	"crawlbench/internal/web/server"
	"crawlbench/internal/web/server/pipenet"
)

// build returns a graph of hosts.
func build(t testing.TB, pages, hosts int) *graph.Graph {
	t.Helper()
	g, err := graph.Build(t.Context(), graph.Spec{Kind: "hosts", Pages: pages, Hosts: hosts, Seed: 7}, 0)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// site returns a site of g.
func site(t testing.TB, g *graph.Graph, b server.Behaviour, set server.Settings) *server.Site {
	t.Helper()
	s, err := server.New(g, b, set)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// instant is a behaviour without latency and failures.
var instant = graph.Behaviour{}

// only returns the shares in a list such as "base=1", and 0 for the others.
func only(t testing.TB, list string) server.Shares {
	t.Helper()
	var s server.Shares
	if list != "" {
		if err := s.Set(list); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// over serves a site in memory until the test ends, and returns a client that reaches it by the header Host, or as a
// proxy. It neither follows redirects nor decompresses.
func over(t *testing.T, s *server.Site, byProxy bool) *http.Client {
	n := pipenet.New()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Serve(ctx, n) }()
	tr := &http.Transport{DialContext: n.Dial, DisableCompression: true}
	if byProxy {
		tr.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "127.0.0.1:8080"})
	}
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return &http.Client{Transport: tr, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
}

// crawler crawls a site as a crawler should, except for what its fields say.
type crawler struct {
	client  *http.Client
	workers int
	gap     time.Duration // between two fetches of a host, by a single worker
	robots  bool          // obeys robots.txt

	links      func(page string, body []byte) []string // nil is extract
	noRedirect bool
	noRetry    bool
	seeds      []string // in addition to the seed
	gzip       bool
}

// crawl crawls from a seed and returns the number of pages with status 200.
func (c *crawler) crawl(t *testing.T, seed string) (pages int) {
	if c.links == nil {
		c.links = extract
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	slots := make(chan struct{}, max(1, c.workers))
	seen, forbids := map[string]bool{}, map[string]string{}
	var visit func(link string)
	add := func(links []string) {
		for _, l := range links {
			mu.Lock()
			fresh := !seen[l]
			seen[l] = true
			mu.Unlock()
			if fresh {
				all.Go(func() { visit(l) })
			}
		}
	}
	visit = func(link string) {
		u, err := url.Parse(link)
		if err != nil {
			t.Error(err)
			return
		}
		slots <- struct{}{}
		defer func() { <-slots }()
		if c.robots {
			mu.Lock()
			prefix, asked := forbids[u.Host]
			mu.Unlock()
			if !asked {
				_, body := get(t, c.client, "http://"+u.Host+"/robots.txt", false)
				for line := range strings.Lines(string(body)) {
					if rest, ok := strings.CutPrefix(line, "Disallow:"); ok {
						prefix = strings.TrimSpace(rest)
					}
				}
				mu.Lock()
				forbids[u.Host] = prefix
				mu.Unlock()
				time.Sleep(c.gap)
			}
			if prefix != "" && strings.HasPrefix(u.Path, prefix) {
				return
			}
		}
		resp, body := get(t, c.client, link, c.gzip)
		time.Sleep(c.gap)
		if after := resp.Header.Get("Retry-After"); after != "" && !c.noRetry {
			seconds, _ := strconv.Atoi(after)
			time.Sleep(time.Duration(seconds) * time.Second)
			resp, body = get(t, c.client, link, c.gzip)
			time.Sleep(c.gap)
		}
		if to, err := resp.Location(); err == nil && !c.noRedirect {
			add([]string{to.String()})
		}
		if resp.StatusCode == http.StatusOK {
			mu.Lock()
			pages++
			mu.Unlock()
			add(c.links(resp.Request.URL.String(), body))
		}
	}
	add(append([]string{seed}, c.seeds...))
	all.Wait()
	return pages
}

// get fetches a URL, with its body as it is without compression.
func get(t *testing.T, client *http.Client, link string, compressed bool) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequest("GET", link, nil)
	if err != nil {
		t.Fatal(err)
	}
	if compressed {
		req.Header.Set("Accept-Encoding", "gzip")
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, unpacked(t, resp, body)
}

// extract returns the links of a page in canonical form.
func extract(page string, body []byte) []string { return extracted(page, body, true, false) }

// extracted returns the links of a page, resolved against its base only if useBase is set, and with their fragments if
// fragments is.
func extracted(page string, body []byte, useBase, fragments bool) (links []string) {
	if wide, ok := bytes.CutPrefix(body, []byte{0xff, 0xfe}); ok { // UTF-16
		body = body[:0:0]
		for i := 0; i < len(wide); i += 2 {
			body = append(body, wide[i])
		}
	}
	base, _ := url.Parse(page)
	z := html.NewTokenizer(bytes.NewReader(body))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return links
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			for _, a := range token.Attr {
				if a.Key != "href" || token.Data != "a" && token.Data != "base" {
					continue
				}
				u, err := base.Parse(strings.TrimSpace(a.Val))
				switch {
				case err != nil || u.Scheme != "http" || u.Host == "":
				case token.Data == "base" && useBase:
					base = u
				case token.Data == "a":
					link := canonical(u)
					if fragments && u.Fragment != "" {
						link += "#" + u.Fragment
					}
					links = append(links, link)
				}
			}
		}
	}
}

// canonical returns the canonical form of a URL.
func canonical(u *url.URL) string {
	c := *u
	c.Host = strings.TrimSuffix(strings.ToLower(c.Host), ":80")
	c.Fragment = ""
	return c.String()
}

// anchors finds links as many scripts do.
var anchors = regexp.MustCompile(`href="([^"]*)"`)

// matched returns what anchors finds.
func matched(page string, body []byte) (links []string) {
	base, _ := url.Parse(page)
	for _, m := range anchors.FindAllSubmatch(body, -1) {
		if u, err := base.Parse(html.UnescapeString(string(m[1]))); err == nil && u.Scheme == "http" {
			links = append(links, canonical(u))
		}
	}
	return links
}
