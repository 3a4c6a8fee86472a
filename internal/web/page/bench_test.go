package page

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// typical returns a page with links of all kinds between elements and text, some 170 bytes a link: 2 KB with 10 links.
func typical(links int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	b.WriteString(`<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Page</title>` +
		`<link rel="stylesheet" href="/style.css"><script>if (1 < 2) { x() }</script></head><body class="page">` + "\n")
	for range links {
		n := r.IntN(1000)
		ref := []string{
			fmt.Sprintf("http://a.example/dir%d/page%d.html", n%7, n), fmt.Sprintf("/dir%d/page%d.html", n%7, n),
			fmt.Sprintf("page%d.html?id=%d&amp;lang=en", n, n), fmt.Sprintf("../dir%d/page%d.html#part", n%7, n),
		}[r.IntN(4)]
		fmt.Fprintf(&b, `<div class="entry" id="e%d"><p>Some words before, <a class="link" href="%s" title="Page %d">`+
			`a link to page %d</a> and some words after.</p></div>`+"\n", n, ref, n, n)
	}
	b.WriteString("</body></html>\n")
	return []byte(b.String())
}

// byTokenizer is the plain way: html.Tokenizer, net/url, and no fragment.
func byTokenizer(dst []string, pageURL string, body []byte) []string {
	at, err := url.Parse(pageURL)
	if err != nil {
		return dst
	}
	z := html.NewTokenizer(bytes.NewReader(body))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return dst
		case html.StartTagToken, html.SelfClosingTagToken:
			tag, more := z.TagName()
			if string(tag) != "a" {
				continue
			}
			for more {
				var key, value []byte
				if key, value, more = z.TagAttr(); string(key) != "href" {
					continue
				}
				if u, err := at.Parse(string(value)); err == nil {
					u.Fragment = ""
					dst = append(dst, u.String())
				}
			}
		}
	}
}

const benchURL = "http://a.example/dir1/page.html"

func TestBothWaysFindTheLinksOfATypicalPage(t *testing.T) {
	body := typical(100)
	got, err := Links(nil, benchURL, "text/html; charset=utf-8", body)
	if want := byTokenizer(nil, benchURL, body); err != nil || len(got) != 100 || !slices.Equal(got, want) {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
}

func BenchmarkLinks(b *testing.B) {
	for _, n := range []int{10, 100} {
		body := typical(n)
		dst := make([]string, 0, n)
		run := func(name, contentType string, f func(contentType string)) {
			b.Run(fmt.Sprintf("links=%d/by=%s", n, name), func(b *testing.B) {
				b.SetBytes(int64(len(body)))
				b.ReportAllocs()
				for b.Loop() {
					f(contentType)
				}
			})
		}
		links := func(contentType string) { dst, _ = Links(dst[:0], benchURL, contentType, body) }
		run("scanner", "text/html; charset=utf-8", links)
		run("scanner,charset-by-meta", "text/html", links)
		run("tokenizer", "", func(string) { dst = byTokenizer(dst[:0], benchURL, body) })
	}
}

func BenchmarkCanonical(b *testing.B) {
	base, err := url.Parse(benchURL)
	if err != nil {
		b.Fatal(err)
	}
	r, _ := newResolver(benchURL)
	for _, c := range []struct{ name, ref string }{
		{"absolute", "http://a.example/dir3/page42.html"}, {"path", "/dir3/page42.html"}, {"relative", "page42.html"},
		{"dots", "../dir3/page42.html"},
	} {
		ref := []byte(c.ref)
		b.Run("ref="+c.name+"/by=resolver", func(b *testing.B) {
			for b.Loop() {
				r.resolve(ref)
			}
		})
		b.Run("ref="+c.name+"/by=Canonical", func(b *testing.B) {
			for b.Loop() {
				Canonical(base, c.ref)
			}
		})
		b.Run("ref="+c.name+"/by=net-url", func(b *testing.B) {
			for b.Loop() {
				if u, err := base.Parse(c.ref); err == nil {
					u.Fragment = ""
					_ = u.String()
				}
			}
		})
	}
}
