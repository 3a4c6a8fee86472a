package page

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"golang.org/x/net/html/charset"
)

// linkCases are documents at here, with the paths of their links.
var linkCases = []struct {
	what, text string
	links      []string // paths and queries at a.example
	nofollow   []string // if links with nofollow are left out; nil if these are the same
}{
	{"nothing", "", nil, nil},
	{"text", "a < b, <b>bold</b> & so on", nil, nil},
	{"links, in order, as often as they are there", `<a href=x>1</a><a href=/y>2</a><p><a href=x>3</a>`,
		[]string{"/b/x", "/y", "/b/x"}, nil},
	{"areas", `<map><area href=x></map>`, []string{"/b/x"}, nil},
	{"no other elements", `<link href=x><img src=x><form action=x><iframe src=x></iframe><b href=x>`, nil, nil},
	{"an anchor without a link", `<a name=x>1</a>`, nil, nil},
	{"an empty link is the page itself", `<a href="">1</a>`, []string{"/b/c?d"}, nil},
	{"only a fragment", `<a href=#x>1</a>`, []string{"/b/c?d"}, nil},
	{"not of the web", `<a href="mailto:x@e.example"><a href="javascript:x()"><a href=x>`, []string{"/b/x"}, nil},
	{"character references", `<a href="?a=1&amp;b=2&c=3&#x26;d=4">`, []string{"/b/c?a=1&b=2&c=3&d=4"}, nil},
	{"white space", "<a href=' \n x/\n\t y '>", []string{"/b/x/%20y"}, nil},
	{"comments and scripts", `<!--<a href=x>--><script>"<a href=y>"</script><a href=z>`, []string{"/b/z"}, nil},

	{"a base", `<base href="/e/f"><a href=x>`, []string{"/e/x"}, nil},
	{"a base for what precedes it", `<a href=x><base href="/e/f"><a href=y>`, []string{"/e/x", "/e/y"}, nil},
	{"a base relative to the page", `<base href="../e/"><a href=x>`, []string{"/e/x"}, nil},
	{"the first of two bases", `<base href="/e/"><base href="/f/"><a href=x>`, []string{"/e/x"}, nil},
	{"the first base with a reference", `<base target=x><base href="/e/"><a href=x>`, []string{"/e/x"}, nil},
	{"a base that is the page", `<a href=x><base href=""><base href=/e/><a href=y>`, []string{"/b/x", "/b/y"}, nil},
	{"a base that is no URL", `<base href="http://["><base href="/e/"><a href=x>`, []string{"/b/x"}, nil},
	{"a base not of the web", `<base href="ftp://e.example/"><a href=x><a href="http://a.example/y">`, []string{"/y"}, nil},
	{"a base that browsers ignore", `<base href="data:x"><a href=x>`, []string{"/b/x"}, nil},
	{"a base in a comment", `<!--<base href="/e/">--><a href=x>`, []string{"/b/x"}, nil},

	{"nofollow", `<a rel=nofollow href=x><a href=y rel="NoFollow noopener"><a rel=nofollowed href=z>`,
		[]string{"/b/x", "/b/y", "/b/z"}, []string{"/b/z"}},
	{"nofollow of a page", `<a href=x><meta name=Robots content="noindex, NOFOLLOW"><a href=y>`,
		[]string{"/b/x", "/b/y"}, []string{}},
	{"none of a page", `<meta content=none name=robots><a href=y>`, []string{"/b/y"}, []string{}},
	{"another meta element", `<meta name=keywords content=nofollow><meta name=robots content=noindex><a href=y>`,
		[]string{"/b/y"}, nil},
}

func TestLinks(t *testing.T) {
	for _, c := range linkCases {
		for _, s := range []Settings{{}, {Nofollow: true}} {
			want := slices.Clone(c.links)
			if s.Nofollow && c.nofollow != nil {
				want = slices.Clone(c.nofollow)
			}
			for i := range want {
				want[i] = "http://a.example" + want[i]
			}
			got, err := s.Links([]string{"before"}, here, "text/html", []byte(c.text))
			if err != nil || !slices.Equal(got[1:], want) || got[0] != "before" {
				t.Errorf("%s, %+v: %q, %v, want %q", c.what, s, got, err, want)
			}
			if got := reference(s, here, []byte(c.text), nil); !slices.Equal(got, want) {
				t.Errorf("%s, %+v: by the tokenizer %q, want %q", c.what, s, got, want)
			}
		}
	}
}

func TestLinksOfNoURL(t *testing.T) {
	for _, at := range []string{"", "x", "/x", "ftp://e.example/", "http://", "http://[/"} {
		got, err := Links([]string{"before"}, at, "", []byte("<a href=http://e.example/>"))
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", at)) || len(got) != 1 {
			t.Errorf("page %q: %q, %v, want an error that names it", at, got, err)
		}
	}
}

func TestCharset(t *testing.T) {
	const latin, utf8 = "<a href=\"\xfc?\xfc\">", "<a href=\"ü?ü\">"
	const asLatin, asUTF8, as1251 = "/b/%C3%BC?%FC", "/b/%C3%BC?%C3%BC", "/b/%D1%8C?%FC"
	long := strings.Repeat(" ", 2000)
	wide := func(order func(uint16) []byte) string {
		text := []byte{}
		for _, u := range utf16.Encode([]rune("\ufeff" + utf8)) {
			text = append(text, order(u)...)
		}
		return string(text)
	}
	bigEndian := wide(func(u uint16) []byte { return []byte{byte(u >> 8), byte(u)} })
	littleEndian := wide(func(u uint16) []byte { return []byte{byte(u), byte(u >> 8)} })
	for _, c := range []struct{ what, header, text, want string }{
		{"header, UTF-8", "text/html; charset=utf-8", utf8, asUTF8},
		{"header, UTF-8, other ways", `Text/HTML;Charset="UTF8"`, utf8, asUTF8},
		{"header, latin", "text/html; charset=ISO-8859-1", latin, asLatin},
		{"header, 1251", "text/html; charset=windows-1251", latin, as1251},
		{"header before meta", "text/html; charset=windows-1251", "<meta charset=utf-8>" + latin, as1251},
		{"header, unknown", "text/html; charset=nope", utf8, asUTF8},
		{"header, broken", "text/html; charset", utf8, asUTF8},
		{"meta, latin", "text/html", "<meta charset=latin1>" + latin, asLatin},
		{"meta, 1251", "", "<meta charset=windows-1251>" + latin, as1251},
		{"meta, the long form", "", `<meta http-equiv=Content-Type content="text/html; charset=windows-1251">` + latin, as1251},
		{"meta, UTF-16 cannot be", "", "<meta charset=utf-16>" + utf8, asUTF8},
		{"meta, too late", "", long + "<meta charset=windows-1251>" + latin, asLatin},
		{"mark of UTF-8", "text/html; charset=latin1", "\ufeff" + utf8, asUTF8},
		{"mark of UTF-16, big endian", "text/html; charset=utf-8", bigEndian, asUTF8},
		{"mark of UTF-16, little endian", "", littleEndian, asUTF8},
		{"nothing, UTF-8", "", utf8, asUTF8},
		{"nothing, UTF-8 late", "", long + utf8, asUTF8},
		{"nothing, UTF-8 late, charset of something else", "", "<script charset=x></script>" + long + utf8, asUTF8},
		{"nothing, latin", "", latin, asLatin},
		{"not what the header says", "text/html; charset=utf-8", latin, "/b/%FC?%FC"},
		{"a letter that the charset does not have", "text/html; charset=latin1", "<a href='x?&#x30c4;'>",
			"/b/x?%26%2312484%3B"},
	} {
		got, err := Links(nil, here, c.header, []byte(c.text))
		if want := "http://a.example" + c.want; err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("%s: %q, %v, want %q", c.what, got, err, want)
		}
	}
}

// All charsets of the web: ASCII text has the links that it has in UTF-8.
func TestCharsetsOfASCII(t *testing.T) {
	for _, label := range []string{"big5", "euc-jp", "euc-kr", "gb18030", "gbk", "iso-2022-jp", "iso-8859-2", "koi8-r",
		"macintosh", "shift_jis", "windows-1250", "x-user-defined"} {
		if e, _ := charset.Lookup(label); e == nil {
			t.Fatalf("unknown charset %q", label)
		}
		got, err := Links(nil, here, "text/html; charset="+label, []byte("<a href=x?y>"))
		if err != nil || len(got) != 1 || got[0] != "http://a.example/b/x?y" {
			t.Errorf("%s: %q, %v", label, got, err)
		}
	}
}

func TestIsHTML(t *testing.T) {
	for contentType, want := range map[string]bool{
		"text/html": true, "TEXT/HTML; charset=x": true, " text/html ": true, "application/xhtml+xml": true, "": true,
		"text/plain": false, "text/html2": false, "image/png": false, ";": true,
	} {
		if got := IsHTML(contentType); got != want {
			t.Errorf("%q: %v, want %v", contentType, got, want)
		}
	}
}

// Documents of hostile servers take no more than their length, and nothing is left out after a million links.
func TestHostileDocuments(t *testing.T) {
	const n = 1 << 20
	repeat := func(text string) string { return strings.Repeat(text, n/len(text)) }
	const last = `"'--></script></title><a href=/last>`
	const absolute = `<a href=http://a.example/last>`
	for what, c := range map[string]struct {
		text string
		min  int
	}{
		"links":            {repeat("<a href=x>") + last, n / 10},
		"open tags":        {repeat("<a "), 0},
		"open elements":    {repeat("<div>") + last, 1},
		"open quotes":      {repeat(`<p "`) + last, 0},
		"open values":      {repeat(`<p x='`) + last, 0},
		"open comments":    {repeat("<!--") + last, 1},
		"almost comments":  {"<!--" + repeat("->") + last, 1},
		"scripts":          {repeat("<script><!--</script>") + last, 1},
		"open scripts":     {repeat("<script>") + last, 1},
		"almost ends":      {"<title>" + repeat("</titl") + last, 1},
		"attributes":       {"<a " + repeat("x=y ") + "href=x>" + last, 2},
		"different ones":   {"<a " + repeat("x") + " href=x>" + last, 2},
		"references":       {"<a href='" + repeat("&amp;") + "'>" + last, 1},
		"odd references":   {"<a href='" + repeat("&copy;") + "'>" + last, 1},
		"bases":            {repeat("<base href=x/><a href=x>") + last, n / 26},
		"dots":             {"<a href='" + repeat("../") + "'>" + last, 2},
		"slashes and dots": {"<a href='/" + repeat("/..") + "'>" + last, 2},
		"less than":        {repeat("<") + last, 1},
		"zeros":            {repeat("\x00") + last, 1},
		"a long base": {
			"<base href='http://e.example/" + repeat("a") + "/'>" + repeat("<a href=../x>") + absolute, 1,
		},
		"a long URL":         {"<a href='" + repeat("a") + "'>" + last, 1},
		"no text":            {repeat("\xfd\xfe\xff") + last, 1},
		"white space inside": {"<a href='" + repeat("\n") + "x'>" + last, 2},
	} {
		got, err := Links(nil, here, "text/html; charset=utf-8", []byte(c.text))
		if err != nil || len(got) < c.min {
			t.Errorf("%s: %d links, %v, want %d or more", what, len(got), err, c.min)
		}
		if c.min > 0 && !strings.HasSuffix(got[len(got)-1], "/last") {
			t.Errorf("%s: the last link is %.50q, want /last", what, got[len(got)-1])
		}
	}
}

func TestLinksThatAreTooLongTogether(t *testing.T) {
	const base = MaxURL / 10
	text := "<base href='/" + strings.Repeat("a", base) + "/'>" + strings.Repeat("<a href=x>", maxBytes/base+1)
	got, err := Links([]string{"before"}, here, "text/html; charset=utf-8", []byte(text))
	if err == nil || !strings.Contains(err.Error(), here) || len(got) != 1 {
		t.Errorf("%d links, %v, want an error that names the page", len(got), err)
	}
}

func TestLinksDoNotKeepTheBody(t *testing.T) {
	body := []byte("<a href=xxx><a href='http://e.example/yyy'>")
	got, _ := Links(nil, here, "text/html; charset=utf-8", body)
	for i := range body {
		body[i] = 'z'
	}
	if got[0] != "http://a.example/b/xxx" || got[1] != "http://e.example/yyy" {
		t.Errorf("links changed with the body: %q", got)
	}
}

func TestLinksAllocateOnlyLinks(t *testing.T) {
	body := bytes.Repeat([]byte(`<p class="x"><a href="/x/y?z&amp;a=1" title="t">`), 50)
	dst := make([]string, 0, 50)
	per := testing.AllocsPerRun(20, func() {
		dst, _ = Links(dst[:0], here, "text/html; charset=utf-8", body)
	})
	if per > 50+8 {
		t.Errorf("%v allocations for 50 links, want one for each and 8 for the page", per)
	}
}

// A base of more than half of the longest URL is none: each short link would have the length of a page.
func TestTheLongestBase(t *testing.T) {
	const site = "http://x.example/"
	for more, want := range []int{1, 0} {
		base := site + strings.Repeat("y", MaxURL/2-len(site)-1+more) + "/"
		links, err := Links(nil, base, "text/html", []byte("<a href=z>z</a>"))
		if err != nil || len(links) != want || want == 1 && links[0] != base+"z" {
			t.Errorf("a base of %d bytes: %d links, %v, want %d", len(base), len(links), err, want)
		}
	}
}
