package server

import (
	"cmp"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"crawlbench/internal/crawl"
)

// URL returns the URL at which a page is served.
func (s *Site) URL(page uint32) string { return s.graph.HTTPURL(page) }

// SeedURL returns the URL from which the site is crawled.
func (s *Site) SeedURL() string { return s.URL(s.graph.Start) }

// split returns the origin and the rest of an absolute URL: http://host and /path?query.
func split(url string) (origin, path string) {
	begin := strings.Index(url, "://") + len("://")
	end := strings.IndexAny(url[begin:], "/?")
	if end < 0 {
		return url, "/"
	}
	origin, path = url[:begin+end], url[begin+end:]
	if path[0] == '?' {
		path = "/" + path
	}
	return origin, path
}

// kind says what a URL is.
type kind int

const (
	unknown  kind = iota
	ordinary      // a page
	moved         // redirects to a page, or to another URL that does
	robots        // a robots.txt
	common        // a file that clients ask for without a link, such as /favicon.ico
)

// target is what a URL leads to.
type target struct {
	kind kind
	host uint32
	page uint32 // the first one of the host, for a robots.txt
	hops int    // redirects until the page, if it has moved
}

// movedPath is the beginning of the paths that redirect.
const movedPath = "/-/moved/"

// linked returns the URL that links to a page have: its own, or that of a redirect to it.
func (s *Site) linked(page uint32) string {
	return s.redirected(page, s.hops(page))
}

// redirected returns the URL that is a number of redirects away from a page.
func (s *Site) redirected(page uint32, hops int) string {
	own := s.URL(page)
	if hops == 0 {
		return own
	}
	origin, _ := split(own)
	return origin + movedPath + strconv.Itoa(hops) + "/" + strconv.FormatUint(uint64(page), 10)
}

// hops returns the number of redirects of the links to a page. A page that may not be fetched and the seed have none.
func (s *Site) hops(page uint32) int {
	if s.set.Shares.Redirects == 0 || page == s.graph.Start || s.forbidden(page) {
		return 0
	}
	const most = 3
	draw := s.draw(saltRedirect, page)
	if draw.Float64() >= s.set.Shares.Redirects {
		return 0
	}
	return 1 + draw.IntN(most)
}

// asked returns the URL that a request is for, in canonical form except for its path.
func asked(r *http.Request) string {
	// An absolute URL, as sent to a proxy, has a scheme.
	return canonical(cmp.Or(r.URL.Scheme, "http"), r.Host, r.URL)
}

// canonical returns the URL with the path and the query of u.
func canonical(scheme, host string, u *url.URL) string {
	path := cmp.Or(u.EscapedPath(), "/")
	if u.ForceQuery || u.RawQuery != "" {
		path += "?" + u.RawQuery
	}
	return crawl.HostKey(scheme+"://"+host) + path
}

// find returns what a URL leads to.
func (s *Site) find(url string) target {
	origin, path := split(url)
	host, ok := s.hosts[origin]
	if !ok {
		return target{}
	}
	if page, ok := s.pageOf(url); ok {
		return target{kind: ordinary, host: s.graph.Host(page), page: page}
	}
	t := target{host: host, page: s.graph.Hosts[host]}
	rest, isMoved := strings.CutPrefix(path, movedPath)
	switch {
	case isMoved:
		hops, number, _ := strings.Cut(rest, "/")
		n, err := strconv.ParseUint(number, 10, 32)
		if err != nil || n >= uint64(s.graph.Pages()) {
			break
		}
		page := uint32(n)
		for h := s.hops(page); h > 0; h-- {
			if hops == strconv.Itoa(h) && s.redirected(page, h) == url {
				return target{kind: moved, host: host, page: page, hops: h}
			}
		}
	case path == "/robots.txt":
		t.kind = robots
	case path == "/favicon.ico", path == "/sitemap.xml", strings.HasPrefix(path, "/.well-known/"):
		t.kind = common
	}
	return t
}

// pageOf returns the page of a URL. Clients spell those of recorded graphs with more escapes, or with fewer.
func (s *Site) pageOf(url string) (page uint32, ok bool) {
	if page, ok = s.exactly(url); !ok && s.graph.Record != nil {
		page, ok = s.exactly(unescaped(url))
	}
	return page, ok
}

// exactly returns the page of a URL that is spelled as in the graph, or as an alias.
func (s *Site) exactly(url string) (uint32, bool) {
	page, ok := s.graph.PageOf("https" + strings.TrimPrefix(url, "http"))
	if ok || s.graph.Record == nil {
		return page, ok
	}
	if page, ok = s.aliases[url]; ok {
		return page, ok
	}
	return s.graph.PageOf(url)
}
