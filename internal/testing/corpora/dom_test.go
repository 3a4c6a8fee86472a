package corpora

import (
	"bytes"
	"net/url"
	"slices"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"

	"crawlbench/internal/web/page"
)

// pageURL is where the documents are taken to be.
const pageURL = "http://a.example/b/c?d"

// tree parses a document.
func tree(t testing.TB, text []byte) *html.Node {
	t.Helper()
	root, err := html.Parse(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// references returns the references of the elements with some names.
func references(root *html.Node, names ...string) (list []string) {
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && slices.Contains(names, n.Data) {
			for _, a := range n.Attr {
				if a.Key == "href" && a.Namespace == "" {
					list = append(list, a.Val)
				}
			}
		}
	}
	return list
}

// baseOf returns the base of the references in a document.
func baseOf(root *html.Node) *url.URL {
	base, _ := url.Parse(pageURL)
	if list := references(root, "base"); len(list) > 0 {
		if to, ok := page.Canonical(base, list[0]); ok {
			base, _ = url.Parse(to)
		}
	}
	return base
}

// byDOM returns the links of a document by its tree, as page.Links returns them.
func byDOM(root *html.Node) (links []string) {
	base := baseOf(root)
	for _, ref := range references(root, "a", "area") {
		if link, ok := page.Canonical(base, ref); ok {
			links = append(links, link)
		}
	}
	return links
}

// inUTF8 returns a document in UTF-8, from the charset that it names itself.
func inUTF8(t testing.TB, text []byte) []byte {
	t.Helper()
	if utf8.Valid(text) {
		return text
	}
	e, _, _ := charset.DetermineEncoding(text, "")
	decoded, err := e.NewDecoder().Bytes(text)
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}

// links returns the links of a document in UTF-8.
func links(t testing.TB, text []byte) []string {
	t.Helper()
	list, err := page.Links(nil, pageURL, "text/html; charset=utf-8", text)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// repeats reports whether the DOM has the links of a page, and some of them more than once: it repeats an anchor that
// is not closed where it should be.
func repeats(dom, links []string) bool {
	unique := func(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }
	return len(dom) > len(links) && slices.Equal(unique(dom), unique(links))
}
