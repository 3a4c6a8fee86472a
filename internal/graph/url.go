package graph

import "strconv"

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
	first, past := uint64(g.Hosts[host]), uint64(g.Pages())
	if int(host)+1 < len(g.Hosts) {
		past = uint64(g.Hosts[host+1])
	}
	page := first + uint64(local)
	var buf [80]byte
	if page >= past || string(appendURL(buf[:0], host, local)) != url {
		return 0, false
	}
	return uint32(page), true
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
