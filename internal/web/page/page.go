// Package page reads web pages. Its input is the text of an HTML document and where it came from; its output are the
// URLs that the document links to, in canonical form. It fetches nothing.
package page

import (
	"bytes"
	"fmt"
	"strings"
)

// Settings are how pages are read. The zero value reads all links.
type Settings struct {
	// Nofollow leaves out links with rel=nofollow, and all links of a page that asks for it in a meta element.
	Nofollow bool
}

// maxBytes is how long the URLs of a page may be together. A megabyte of links to a base of a few kilobytes would be
// gigabytes.
const maxBytes = 64 << 20

// Links appends to dst the canonical URLs that an HTML document links to, in its order and as often as it does: the
// references of its a and area elements that are URLs of http or https, relative to its base element, or else to
// pageURL. It takes time and memory in proportion to the length of body, and returns an error if the URLs are longer
// than 64 MiB together.
//
// It finds the elements that html.Tokenizer of golang.org/x/net finds. contentType is the header of the response; the
// text is in the charset that it names, or else in that of the document itself, or else in UTF-8 or windows-1252.
func Links(dst []string, pageURL, contentType string, body []byte) ([]string, error) {
	return Settings{}.Links(dst, pageURL, contentType, body)
}

// Links is like the function Links, with settings.
func (s Settings) Links(dst []string, pageURL, contentType string, body []byte) ([]string, error) {
	r, ok := newResolver(pageURL)
	if !ok {
		return dst, fmt.Errorf("links of a page: invalid URL %q: want an absolute one of http or https", pageURL)
	}
	text, encoding, err := decode(body, contentType)
	if err != nil {
		return dst, fmt.Errorf("links of %s: %w", pageURL, err)
	}
	r.encoding = encoding
	begin := len(dst)
	if dst, ok = s.links(dst, &r, text, false); !ok {
		return dst[:begin], fmt.Errorf("links of %s: longer than %d MiB together: want a page", pageURL, maxBytes>>20)
	}
	return dst, nil
}

// links appends the links in text, and reports whether they are not too long. hasBase says that the base element is
// known.
func (s Settings) links(dst []string, r *resolver, text []byte, hasBase bool) ([]string, bool) {
	begin, length := len(dst), 0
	scan := scanner{text: text}
	var e element
	for scan.next(&e) {
		switch {
		case e.kind == meta && s.Nofollow && e.asksNofollow():
			return dst[:begin], true
		case e.kind == base && !hasBase && e.has(href):
			hasBase = true
			before := r.base
			if r.rebase(e.value(href)); r.base != before && len(dst) > begin {
				return s.links(dst[:begin], r, text, true) // it is also the base of what precedes it
			}
		case (e.kind == anchor || e.kind == area) && e.has(href) && !(s.Nofollow && hasToken(e.value(rel), "nofollow")):
			if link, ok := r.resolve(e.value(href)); ok {
				dst = append(dst, link)
				if length += len(link); length > maxBytes {
					return dst, false
				}
			}
		}
	}
	return dst, true
}

// rebase makes the reference of a base element the base, if it is a URL. To one that is too long or of another scheme,
// there are no relative URLs.
func (r *resolver) rebase(ref []byte) {
	if len(ref) > MaxURL/8 { // it may become longer, but no more than three times
		r.setBase("")
	} else if to, ok := r.resolve(ref); ok {
		r.setBase(to)
	} else if scheme, _ := cutScheme(strings.TrimSpace(string(ref))); scheme != "" && !web(scheme) &&
		scheme != "data" && scheme != "javascript" {
		r.setBase("")
	}
}

// asksNofollow reports whether e is a meta element by which a page asks not to follow its links.
func (e *element) asksNofollow() bool {
	return bytes.EqualFold(bytes.TrimSpace(e.value(name)), []byte("robots")) &&
		(hasToken(e.value(content), "nofollow") || hasToken(e.value(content), "none"))
}

// hasToken reports whether text, a list separated by white space or commas, contains token, in upper or lower case.
func hasToken(text []byte, token string) bool {
	for len(text) >= len(token) {
		end := bytes.IndexAny(text, " \t\r\n\f,")
		if end < 0 {
			end = len(text)
		}
		if bytes.EqualFold(text[:end], []byte(token)) {
			return true
		}
		text = text[min(end+1, len(text)):]
	}
	return false
}

// IsHTML reports whether a document is HTML, by the header of its response. Without a header, it is.
func IsHTML(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	switch strings.ToLower(strings.TrimSpace(kind)) {
	case "text/html", "application/xhtml+xml", "":
		return true
	}
	return false
}
