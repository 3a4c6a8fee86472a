package server

import (
	"bytes"
	"fmt"
	"html"
	"math/rand/v2"
)

// document is the answer to the fetch of a page.
type document struct {
	contentType string
	base        string // URL against which its links are resolved
	body        []byte
	packed      []byte // compressed with gzip, nil if it is not
}

// write returns the HTML of a page. It calls each, if not nil, with its links in their order, as they are written.
func (s *Site) write(page uint32, each func(url, attributes string)) *document {
	draw, shares := s.draw(saltMarkup, page), &s.set.Shares
	own := s.URL(page)
	cs := pageCharset(draw, shares)
	var b bytes.Buffer
	fmt.Fprintf(&b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n%s", cs.element)
	h := &hrefs{draw: draw, shares: shares, base: own}
	if draw.Float64() < shares.Base {
		var text string
		h.base, text = s.base(draw, own)
		fmt.Fprintf(&b, "<base href=\"%s\">\n", html.EscapeString(text))
	}
	decoys := draw.Float64() < shares.Decoys
	title := words(draw, 4)
	if decoys {
		title += ` <a href="/-/title.html">` // markup has no meaning in a title
	}
	fmt.Fprintf(&b, "<title>%s</title>\n<style>a { color: #036 }</style>\n</head>\n<body>\n<h1>%s</h1>\n", title,
		words(draw, 3))
	if decoys {
		b.WriteString(decoy)
	}
	fmt.Fprintf(&b, "<p>%s %s.</p>\n<ul>\n", words(draw, 40), cs.sample)
	for _, l := range s.linksOf(draw, page) {
		attributes := h.next(l.url)
		if l.noFollow {
			attributes += ` rel="nofollow"`
		}
		fmt.Fprintf(&b, "<li><a %s>%s</a> %s</li>\n", attributes, words(draw, 3), words(draw, 10))
		if each != nil {
			each(l.url, attributes)
		}
	}
	b.WriteString("</ul>\n")
	const end = "</body>\n</html>\n"
	for least := s.least(page) - len(end); b.Len() < least; {
		fmt.Fprintf(&b, "<p>%s.</p>\n", words(draw, 60))
	}
	b.WriteString(end)
	d := &document{contentType: "text/html" + cs.parameter, base: h.base, body: b.Bytes()}
	if cs.wide {
		d.body = utf16(d.body)
	}
	if draw.Float64() < shares.Gzip {
		d.packed = s.pack(d.body)
	}
	return d
}

// decoy is text that looks like links, and links that do not lead to pages.
const decoy = `<!-- <a href="/-/comment.html">not a link</a> -->
<script>document.title += '<a href="/-/script.html">not a link</a>';</script>
<p><a name="top">Top</a> <a href="mailto:web@example.org">Mail</a> <a href="javascript:void(0)">Menu</a>
<a href="tel:+1-555-0100">Phone</a> <a href="data:text/html,x">Data</a></p>
`

// base returns the base URL of a page: a directory of its host, and how the page spells it.
func (s *Site) base(draw *rand.Rand, own string) (base, text string) {
	origin, _ := split(own)
	switch draw.IntN(3) {
	case 0:
		return origin + "/", "/"
	case 1:
		return origin + "/archive/", origin + "/archive/"
	}
	return origin + "/news/", "/news/index.html"
}

// link is a link of a page.
type link struct {
	url      string
	noFollow bool
}

// linksOf returns the links of a page with repetitions, in the order of the document. Those with nofollow are
// repetitions, and may stand before what they repeat.
func (s *Site) linksOf(draw *rand.Rand, page uint32) []link {
	out, shares := s.graph.Out(page), &s.set.Shares
	repeats := float64(len(out)) * shares.Duplicates / (1 - shares.Duplicates)
	more := int(repeats)
	if draw.Float64() < repeats-float64(more) {
		more++
	}
	list := make([]link, 0, len(out)+more)
	for _, q := range out {
		list = append(list, link{url: s.linked(q)})
	}
	for range more {
		again := list[draw.IntN(len(out))]
		again.noFollow = draw.Float64() < shares.NoFollow
		list = append(list, again)
	}
	if more > 0 { // the repetitions are spread over the page
		draw.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	}
	return list
}

// words returns n words.
func words(draw *rand.Rand, n int) string {
	list := [...]string{
		"page", "site", "link", "host", "the", "index", "archive", "people", "project", "report", "result", "number",
		"market", "paper", "library", "event", "network", "history", "science", "travel", "music", "garden", "river",
		"energy", "school", "method", "record", "letter", "village", "winter", "summer", "bridge",
	}
	b := make([]byte, 0, 8*n)
	for i := range n {
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, list[draw.IntN(len(list))]...)
	}
	return string(b)
}
