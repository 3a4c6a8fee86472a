package graph

import (
	"strconv"
	"strings"
)

// sections are the directories of pages; the number of a page selects one.
var sections = [...]string{
	"news", "products", "archive", "people", "research/projects", "docs/reference", "events/calendar",
	"library/catalogue",
}

// AppendURL appends the URL of p. Unless it was recorded, it is made of the page's host, a section that many pages of
// the host share, and its number within the host.
func (g *Graph) AppendURL(dst []byte, p uint32) []byte {
	if g.Record != nil {
		return g.Record.appendURL(dst, p)
	}
	host := g.Host(p)
	return appendURL(dst, host, p-g.Hosts[host])
}

func appendURL(dst []byte, host, local uint32) []byte {
	dst = append(dst, "https://www.h"...)
	dst = strconv.AppendUint(dst, uint64(host), 10)
	dst = append(dst, ".example/"...)
	dst = append(dst, sections[local*0x9e3779b1>>29]...)
	dst = append(dst, "/page-"...)
	dst = strconv.AppendUint(dst, uint64(local), 10)
	return append(dst, ".html"...)
}

// URL returns the URL of p, which is unique.
func (g *Graph) URL(p uint32) string {
	var buf [80]byte
	return string(g.AppendURL(buf[:0], p))
}

// PageOf returns the page of a URL, and false for anything that URL never returns.
func (g *Graph) PageOf(url string) (uint32, bool) {
	if g.Record != nil {
		return g.Record.page(url)
	}
	const before = len("https://www.h")
	if len(url) <= before+len(".html") {
		return 0, false
	}
	host, _, ok := number(url[before:])
	if !ok || uint64(host) >= uint64(len(g.Hosts)) {
		return 0, false
	}
	end := len(url) - len(".html")
	begin := end
	for begin > 0 && url[begin-1] >= '0' && url[begin-1] <= '9' {
		begin--
	}
	local, n, ok := number(url[begin:])
	if !ok || begin+n != end {
		return 0, false
	}
	page := uint64(g.Hosts[host]) + uint64(local)
	var buf [80]byte
	if page >= uint64(g.past(int(host), g.Pages())) || string(appendURL(buf[:0], host, local)) != url {
		return 0, false
	}
	return uint32(page), true
}

// otherPath is the beginning of the paths of URLs that were also recorded by https.
const otherPath = "/-/http"

// HTTPURL returns the URL at which p is served by http, whatever it was recorded by. Where a crawl recorded the same
// URL by http and by https, that of http has another path, so that a redirect between them remains.
func (g *Graph) HTTPURL(p uint32) string {
	text := g.URL(p)
	rest, ok := strings.CutPrefix(text, "http://")
	if !ok {
		return "http://" + strings.TrimPrefix(text, "https://")
	}
	if g.Record == nil || int(p) >= g.Pages() {
		return text
	}
	if _, twin := g.Record.page("https://" + rest); !twin {
		return text
	}
	if path := strings.IndexAny(rest, "/?"); path >= 0 {
		slash := ""
		if rest[path] == '?' {
			slash = "/"
		}
		return "http://" + rest[:path] + otherPath + slash + rest[path:]
	}
	return text + otherPath + "/"
}

// HTTPPage returns the page that is served at a URL by http.
func (g *Graph) HTTPPage(url string) (uint32, bool) {
	rest, ok := strings.CutPrefix(url, "http://")
	if !ok {
		return 0, false
	}
	if page, ok := g.PageOf("https://" + rest); ok || g.Record == nil {
		return page, ok
	}
	if page, ok := g.PageOf(url); ok {
		return page, true
	}
	host, path, _ := strings.Cut(rest, otherPath)
	for _, path := range []string{path, strings.TrimPrefix(path, "/")} { // a path may have been left out before a query
		if page, ok := g.PageOf("http://" + host + path); ok && g.HTTPURL(page) == url {
			return page, true
		}
	}
	return 0, false
}

// number parses the decimal number at the beginning of s, and returns its length.
func number(s string) (value uint32, length int, ok bool) {
	var v uint64
	for length < len(s) && length < 10 && s[length] >= '0' && s[length] <= '9' {
		v = v*10 + uint64(s[length]-'0')
		length++
	}
	return uint32(v), length, length > 0 && v < 1<<32
}
