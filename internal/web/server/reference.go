package server

import (
	"html"
	"math/rand/v2"
	"strings"
)

// hrefs writes the links of one page.
type hrefs struct {
	draw   *rand.Rand
	shares *Shares
	base   string // against which relative links are resolved
}

// next returns the attribute of a link to a URL.
func (h *hrefs) next(url string) string {
	odd := h.draw.Float64() < h.shares.Odd
	text := h.reference(url, odd)
	if h.draw.Float64() < h.shares.Fragments {
		text += "#s" + string(rune('0'+h.draw.IntN(10)))
	}
	text = html.EscapeString(text)
	if !odd {
		return `href="` + text + `"`
	}
	switch h.draw.IntN(6) {
	case 0:
		return "href='" + text + "'"
	case 1:
		if !strings.ContainsAny(text, "\"'`=<> \t\n") && !strings.HasSuffix(text, "/") {
			return "href=" + text
		}
	case 2:
		return `HREF = "` + text + `"`
	case 3:
		return `href="` + strings.Replace(text, "/", "&#47;", 1) + `"`
	case 4:
		return "href=\" \n\t" + text + " \""
	}
	return `href="` + text + `"`
}

// reference returns a spelling of a URL that means the URL in a document with the base of h.
func (h *hrefs) reference(url string, odd bool) string {
	origin, path := split(url)
	host, dir := split(h.base)
	if origin != host || !isPlain(path) || h.draw.Float64() >= h.shares.Relative {
		if odd {
			return oddOrigin(h.draw.IntN(3), origin) + path
		}
		return url
	}
	if odd { // more dots than there are directories
		return strings.Repeat("../", strings.Count(dir, "/")+1) + path[1:]
	}
	rel := relative(dir, path)
	switch h.draw.IntN(8) {
	case 0:
		return strings.TrimPrefix(url, "http:")
	case 1, 2, 3:
		return path
	case 4:
		if !strings.HasPrefix(rel, ".") {
			return "./" + rel
		}
		return rel
	case 5:
		return "/x/.." + path
	}
	return rel
}

// oddOrigin returns a spelling of an origin that is the same to a crawler which compares URLs in canonical form.
func oddOrigin(which int, origin string) string {
	name := strings.TrimPrefix(origin, "http://")
	switch {
	case which == 0 && !strings.ContainsRune(name, ':'):
		return origin + ":80"
	case which == 1:
		return "HTTP://" + name
	}
	return "http://" + strings.ToUpper(name)
}

// isPlain reports whether a path can be made relative without a change of its meaning.
func isPlain(path string) bool {
	path, _, _ = strings.Cut(path, "?")
	return !strings.Contains(path, "/.") && !strings.Contains(path, "//") && !strings.ContainsRune(path, '\\') &&
		!strings.Contains(path, "/%2")
}

// relative returns the relative reference from a document at the path base to a path of the same host.
func relative(base, path string) string {
	base, _, _ = strings.Cut(base, "?")
	dir := base[:strings.LastIndexByte(base, '/')+1]
	path, query, asks := strings.Cut(path, "?")
	common := 0
	for i := 0; i < len(dir) && i < len(path) && dir[i] == path[i]; i++ {
		if dir[i] == '/' {
			common = i + 1
		}
	}
	ref := strings.Repeat("../", strings.Count(dir[common:], "/")) + path[common:]
	if first, _, _ := strings.Cut(ref, "/"); ref == "" || strings.ContainsRune(first, ':') {
		ref = "./" + ref
	}
	if asks {
		ref += "?" + query
	}
	return ref
}
