package page

import (
	"bytes"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/text/encoding"
)

// tags returns what html.Tokenizer finds of what scanner looks for: the names of start tags, and their attributes.
func tags(text []byte) (list []html.Token) {
	z := html.NewTokenizer(bytes.NewReader(text))
	depth := 0
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			return list
		case html.EndTagToken:
			if name := z.Token().Data; name == "svg" || name == "math" {
				depth = max(0, depth-1)
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			switch t.Data {
			case "svg", "math":
				if kind == html.StartTagToken {
					depth++
				}
			case "a", "area", "base", "meta":
				t.Attr = slices.DeleteFunc(t.Attr, func(a html.Attribute) bool {
					return attributeOf([]byte(a.Key)) == unknown
				})
				list = append(list, html.Token{Data: t.Data, Attr: t.Attr})
			default:
				if depth > 0 && kind == html.SelfClosingTagToken {
					z.NextIsNotRawText() // as in XML
				}
			}
		}
	}
}

// scanned returns what scanner finds.
func scanned(text []byte) (list []html.Token) {
	names := map[kind]string{anchor: "a", area: "area", base: "base", meta: "meta"}
	s := scanner{text: text}
	var e element
	for s.next(&e) {
		t := html.Token{Data: names[e.kind]}
		for a, key := range map[attribute]string{href: "href", rel: "rel", name: "name", content: "content"} {
			if e.has(a) {
				t.Attr = append(t.Attr, html.Attribute{Key: key, Val: string(e.value(a))})
			}
		}
		list = append(list, t)
	}
	return list
}

// sameTags compares tags whatever the order of attributes, and how line ends are written, which URLs do not have.
func sameTags(a, b []html.Token) bool {
	value := func(t html.Token, key string) (string, bool) {
		for _, a := range t.Attr {
			if a.Key == key {
				return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(a.Val), true
			}
		}
		return "", false
	}
	return slices.EqualFunc(a, b, func(a, b html.Token) bool {
		for _, key := range []string{"href", "rel", "name", "content"} {
			v, ok := value(a, key)
			if w, has := value(b, key); v != w || ok != has {
				return false
			}
		}
		return a.Data == b.Data
	})
}

// documents are texts in which tags are easily missed, or found where there are none.
var documents = []string{
	`<a href=x>`, `<A HREF='x'>`, `<a href="x"/>`, `<a href=x/>`, `<a href = "x" >`, `<a href>`, `<a href=>`,
	`<a
	href
	=
	x
	>`,
	`<a/href=x>`, `<a href="x"title=y>`, `<a title=">" href=x>`, `<a title='>' href=x>`, `<a title=a">b" href=x>`,
	`<a "> href=x>`, `<a =href=x>`, `<a ==x href=y>`, `<a href=x href=y>`, `<a HREF=x href=y>`, `<a hrefx=y>`,
	`<a href=x`, `<a href="x`, `<a href="x>`, `<a `, `<a`, `<`, `<<a href=x>`, `< a href=x>`, `<aa href=x>`,
	`<ab>`, `<a href=x><a href=y>`, `</a href=x>`, `</a title="<a href=x>">`, `</><a href=x>`, `</`,
	`</ <a href=x>`, `</1<a href=x>`, `<!-- <a href=x> --><a href=y>`, `<!--><a href=x>`, `<!---><a href=x>`,
	`<!----><a href=x>`, `<!--x-><a href=x>-->`, `<!--x--!><a href=x>`, `<!--x--!-><a href=x>`,
	`<!--x--!--><a href=x>`, `<!--!><a href=x>`, `<!----!><a href=x>`, `<!-- -- > <a href=x>`, `<!- <a href=x>`,
	`<!-`, `<!--`, `<!--x`, `<!--x--`, `<!`, `<!>`, `<!><a href=x>`, `<!DOCTYPE html><a href=x>`,
	`<!doctype "><a href=x>`, `<![CDATA[<a href=x>]]>`, `<?xml <a href=x>?>`, `<?`, `<?>`,
	`<script><a href=x></script><a href=y>`, `<script></scriptx><a href=x></script ><a href=y>`,
	`<SCRIPT></Script/>`, `<script><!--</script><a href=x>`,
	`<script><!--<script></script><a href=x>--></script><a href=y>`, `<script/><a href=x>`,
	`<script><!-- <script> </script> --> </script> <a href=x>`, `<script><!--`, `<script>`, `<script></script`,
	`<script></</script><a href=x>`, `<script src="a>b"></script><a href=x>`,
	`<script><!--<a</script><a href=x></script>`, `<style><a href=x></style><a href=y>`,
	`<title><a href=x></title><a href=y>`, `<textarea><!--</textarea><a href=x>-->`,
	`<noscript><a href=x></noscript><a href=y>`, `<iframe><a href=x></iframe>`, `<noembed><a href=x></noembed>`,
	`<noframes><a href=x></noframes>`, `<xmp><a href=x></xmp>`, `<plaintext><a href=x></plaintext><a href=y>`,
	`<title/><a href=x></title><a href=y>`, `<titles><a href=x>`, `<style></style><a href=x>`, `<style>`,
	`</script><a href=x>`, `<base href=/b/><a href=x>`, `<area href=x rel=nofollow>`,
	`<meta name=robots content=nofollow>`, `<basex><metax><areax>`, `<a href="?a&amp;b">`, `<a href="?a&b=c">`,
	`<a href="?a&copy=c">`, `<a href="?a&copy">`, `<a href="?a&copy;">`, `<a href="?a&copyc">`,
	`<a href="&#x41;&#66;&#0;&#xD800;">`, `<a href="&">`, `<a href="&&">`, `<a href="&;">`, `<a href="& x">`,
	`<a href="&amp">`, `<a href="&amp;amp;">`, `<a href="&AMP;">`, `<a href="&ampx">`, `<a href="&amp=">`,
	`<a href="&#">`, `<a href="&#;">`, `<a href="&NotEqualTilde;&nope;&#38;">`, `<a href="&#13;&#10;x">`,
	"<a href=\"x\r\ny\rz\n\">", "<a href=\"\x00\">", "<a hr\x00ef=x>", "<a\x00 href=x>", "<a\fhref=x>",
	"<a\vhref=x>", "<a\u00a0href=x>", "<script\x00><a href=x>", `<a href=x rel="a NoFollow">`, `<a href='"'>`,
	`<a href="'">`, `<a href=a'b"c>`, `<a href=x<a href=y>`, `<a <a href=y>`, `<p title="><a href=x>"><a href=y>`,
	`<svg><title><a href=x></title></svg>`, `<svg><title/><a href=x></svg>`, `<svg/><title/><a href=x>`,
	`<svg></svg><title/><a href=x>`,
	`<svg><svg></svg><style a=b/><a href=x></style><style a="b"/><a href=y>`,
	`<MATH></svg></svg><script/><a href=x>`, `<math><math></math><xmp /><a href=x>`, `</svg><svg><title / ><a href=x>`,
	`<select><a href=x></select>`, `<template><a href=x></template>`,
	"\ufeff<a href=x>",
}

func TestScannerFindsWhatTheTokenizerFinds(t *testing.T) {
	for _, text := range documents {
		if got, want := scanned([]byte(text)), tags([]byte(text)); !sameTags(got, want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// Two documents, one after the other and one inside a tag of the other.
func TestScannerOnPairs(t *testing.T) {
	for _, a := range documents {
		for _, b := range documents {
			for _, text := range []string{a + b, a + ">" + b, `<p x="` + a + `" y='` + b + `'>` + a} {
				if got, want := scanned([]byte(text)), tags([]byte(text)); !sameTags(got, want) {
					t.Fatalf("%q: %v, want %v", text, got, want)
				}
			}
		}
	}
}

func FuzzScanner(f *testing.F) {
	for _, text := range documents {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		before := bytes.Clone(text)
		if got, want := scanned(text), tags(text); !sameTags(got, want) {
			t.Fatalf("%q: %v, want %v", text, got, want)
		}
		if !bytes.Equal(text, before) {
			t.Fatalf("%q has become %q", before, text)
		}
	})
}

// reference is Links by html.Tokenizer and Canonical, in plain words, for a document in UTF-8.
func reference(s Settings, pageURL string, text []byte, e encoding.Encoding) (links []string) {
	list := tags(text)
	attr := func(t html.Token, key string) (string, bool) {
		for _, a := range t.Attr {
			if a.Key == key {
				return a.Val, true
			}
		}
		return "", false
	}
	words := func(t html.Token, key string) []string {
		value, _ := attr(t, key)
		return strings.FieldsFunc(strings.ToLower(value), func(r rune) bool {
			return strings.ContainsRune(" \t\r\n\f,", r)
		})
	}
	document, _ := Canonical(nil, pageURL)
	at, _ := url.Parse(document)
	if len(document) > MaxURL/2 {
		at = nil
	}
	for _, t := range list {
		if to, ok := attr(t, "href"); ok && t.Data == "base" {
			if len(to) > MaxURL/8 {
				at = nil
			} else if base, ok := Canonical(at, to); ok {
				at, _ = url.Parse(base)
			} else if u, err := url.Parse(strings.TrimSpace(to)); err == nil && u.Scheme != "" && !web(u.Scheme) &&
				u.Scheme != "data" && u.Scheme != "javascript" {
				at = nil
			}
			break
		}
	}
	for _, t := range list {
		robots, _ := attr(t, "name")
		if s.Nofollow && t.Data == "meta" && strings.EqualFold(strings.TrimSpace(robots), "robots") &&
			(slices.Contains(words(t, "content"), "nofollow") || slices.Contains(words(t, "content"), "none")) {
			return nil
		}
		to, ok := attr(t, "href")
		if !ok || t.Data != "a" && t.Data != "area" || s.Nofollow && slices.Contains(words(t, "rel"), "nofollow") {
			continue
		}
		if e != nil {
			to = encodeQuery(to, e)
		}
		if link, ok := Canonical(at, to); ok {
			links = append(links, link)
		}
	}
	return links
}

func FuzzLinks(f *testing.F) {
	for i, text := range documents {
		f.Add(here, []byte(text+`<a href=z?y&amp;x#w>`), i%2 == 0)
	}
	for _, c := range linkCases {
		f.Add(here, []byte(c.text), true)
	}
	f.Fuzz(func(t *testing.T, pageURL string, text []byte, nofollow bool) {
		s := Settings{Nofollow: nofollow}
		got, err := s.Links(nil, pageURL, "text/html; charset=utf-8", text)
		if _, ok := Canonical(nil, pageURL); ok != (err == nil) {
			t.Fatalf("%q: %v", pageURL, err)
		}
		if err != nil {
			return
		}
		text = bytes.TrimPrefix(text, []byte("\ufeff"))
		if want := reference(s, pageURL, text, nil); !slices.Equal(got, want) {
			t.Fatalf("%q: %q, want %q", text, got, want)
		}
	})
}
