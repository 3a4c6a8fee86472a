package page

import (
	"net/url"
	"strings"
	"testing"
)

const here = "http://a.example/b/c?d"

func parse(t testing.TB, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// canonicalCases are references in the document here, and what they mean; "" if nothing.
var canonicalCases = map[string]string{
	// Relative ones.
	"":                "http://a.example/b/c?d",
	"x":               "http://a.example/b/x",
	"x/y?z":           "http://a.example/b/x/y?z",
	"/x":              "http://a.example/x",
	"?x":              "http://a.example/b/c?x",
	"?":               "http://a.example/b/c?",
	"//e.example/x":   "http://e.example/x",
	"//e.example":     "http://e.example/",
	"//e.example?x":   "http://e.example/?x",
	"x:y/z":           "",
	"./x:y":           "http://a.example/b/x:y",
	"1:2":             "http://a.example/b/1:2",
	"x/y:z":           "http://a.example/b/x/y:z",
	"*":               "http://a.example/b/*",
	"x?y?z/../a:b":    "http://a.example/b/x?y?z/../a:b",
	"/x//y":           "http://a.example/x//y",
	"http:x":          "http://a.example/b/x",
	"http:/x":         "http://a.example/x",
	"http:":           "http://a.example/b/c?d",
	"https:e.example": "https://e.example/",

	// Dots.
	".":                         "http://a.example/b/",
	"..":                        "http://a.example/",
	"./x":                       "http://a.example/b/x",
	"../x":                      "http://a.example/x",
	"../../../x":                "http://a.example/x",
	"x/./y":                     "http://a.example/b/x/y",
	"x/../y":                    "http://a.example/b/y",
	"x/..":                      "http://a.example/b/",
	"x/.":                       "http://a.example/b/x/",
	"/x/../../y":                "http://a.example/y",
	".x":                        "http://a.example/b/.x",
	"..x/x../.../y":             "http://a.example/b/..x/x../.../y",
	"http://e.example/./x/../y": "http://e.example/y",

	"x/%2e%2E/y":             "http://a.example/b/y",
	"%2E":                    "http://a.example/b/",
	"x/%2e./.%2Ey/%2e%2e%2e": "http://a.example/b/.%2Ey/%2e%2e%2e",
	"/x/%2e%2e?%2e/..":       "http://a.example/?%2e/..",

	// The five rules.
	" x ":                           "http://a.example/b/x",
	"\n\t x\r\n":                    "http://a.example/b/x",
	"\x00x\x1f":                     "http://a.example/b/x",
	"x\ny/\tz":                      "http://a.example/b/xy/z",
	"ht\ntp://e.example/":           "http://e.example/",
	"http://E.Example/X":            "http://e.example/X",
	"HTTP://e.example/":             "http://e.example/",
	"http://bücher.example/":        "http://xn--bcher-kva.example/",
	"http://BÜCHER.example/":        "http://xn--bcher-kva.example/",
	"http://b%C3%BCcher.example/":   "http://xn--bcher-kva.example/",
	"http://XN--BCHER-KVA.example/": "http://xn--bcher-kva.example/",
	"http://e.example":              "http://e.example/",
	"http://e.example?x":            "http://e.example/?x",
	"http://e.example#x":            "http://e.example/",
	"#x":                            "http://a.example/b/c?d",
	"x#100%?a/b \x00":               "http://a.example/b/x",
	"?x#y?z":                        "http://a.example/b/c?x",
	"http://e.example:80/":          "http://e.example/",
	"https://e.example:443/":        "https://e.example/",
	"http://e.example:443/":         "http://e.example:443/",
	"https://e.example:80/":         "https://e.example:80/",
	"//e.example:80/":               "http://e.example/",
	"http://e.example:/":            "http://e.example/",
	"http://e.example:008080/":      "http://e.example:8080/",

	// What must be escaped, and what must not.
	"x y":            "http://a.example/b/x%20y",
	"ü?ü":            "http://a.example/b/%C3%BC?%C3%BC",
	"%C3%bc":         "http://a.example/b/%C3%bc",
	"\xfc":           "http://a.example/b/%FC",
	"x%2Fy z":        "http://a.example/b/x%2Fy%20z",
	"%41%7e":         "http://a.example/b/%41%7e",
	"100%":           "http://a.example/b/100%25",
	"%zz":            "http://a.example/b/%25zz",
	"?100%":          "http://a.example/b/c?100%",
	"\"<>`{|}^":      "http://a.example/b/%22%3C%3E%60%7B%7C%7D%5E",
	"?\"<>'":         "http://a.example/b/c?%22%3C%3E%27",
	"?`{|}^[]\\":     "http://a.example/b/c?`{|}^[]\\",
	"!$&'()*+,;=@[]": "http://a.example/b/!$&'()*+,;=@[]",

	// Backslashes and the number of slashes.
	`\x`:                   "http://a.example/x",
	`..\x`:                 "http://a.example/x",
	`\\e.example\x`:        "http://e.example/x",
	`http:\\e.example\x?\`: `http://e.example/x?\`,
	"///e.example/x":       "http://e.example/x",
	"http:///e.example/x":  "http://e.example/x",
	"https:/e.example/x":   "https://e.example/x",

	// Hosts.
	"http://e.example./":        "http://e.example./",
	"http://u:p@e.example/":     "http://u:p@e.example/",
	"http://u:@e.example/":      "http://u@e.example/",
	"http://@e.example/":        "http://e.example/",
	"http://:@e.example/":       "http://e.example/",
	"http://[2001:DB8:0:0::1]/": "http://[2001:db8::1]/",
	"http://[::1]:80/":          "http://[::1]/",
	"http://[::1%25eth0]/":      "",
	"http://[::1/":              "",
	"http://[e.example]/":       "",
	"http://127.0.0.1:8080/x":   "http://127.0.0.1:8080/x",
	"http://":                   "",
	"http:///":                  "",
	"http://:80/":               "",
	"http://u@/":                "",
	"//":                        "",
	"http://e example/":         "",
	"http://e.example:x/":       "",
	"http://e.example:65536/":   "",
	"http://e.example:65535/":   "http://e.example:65535/",
	"http://127.0.0.1/x":        "http://127.0.0.1/x",
	"http://127.1/":             "",
	"http://0x7f000001/":        "",
	"http://1.2.3.4.5/":         "",
	"http://1.2.3.08/":          "",
	"http://1.2.3.256/":         "",
	"http://e.example.0x/":      "",
	"http://1.2.3.4./":          "",
	"http://1.example/":         "http://1.example/",
	"http://e.1example/":        "http://e.1example/",
	"http://e.0xg/":             "http://e.0xg/",
	"http://e../":               "http://e../",
	"http://../":                "http://../",
	"http://e<x/":               "",
	"http://e%00x/":             "",
	"http://xn--a/":             "",
	"http://\xff/":              "",
	"http://a\u00adb.example/":  "http://ab.example/",

	// Not of the web.
	"mailto:x@e.example": "",
	"javascript:void(0)": "",
	"JavaScript:void(0)": "",
	"tel:1":              "",
	"data:text/html,x":   "",
	"ftp://e.example/":   "",
	"file:///x":          "",
	"about:blank":        "",
	"x-y+z.1:x":          "",
	":x":                 "http://a.example/b/:x",
}

func TestCanonical(t *testing.T) {
	base := parse(t, here)
	r, _ := newResolver(here)
	for ref, want := range canonicalCases {
		got, ok := Canonical(base, ref)
		if got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v, want %q", ref, got, ok, want)
		}
		if got, ok := r.resolve([]byte(ref)); got != want || ok != (want != "") {
			t.Errorf("resolver, %q: %q, %v, want %q", ref, got, ok, want)
		}
		if again, ok := Canonical(nil, want); want != "" && (again != want || !ok) {
			t.Errorf("%q is not canonical: %q, %v", want, again, ok)
		}
	}
}

func TestCanonicalWithoutBase(t *testing.T) {
	for ref, want := range map[string]string{
		"http://e.example": "http://e.example/", "http:e.example/x": "http://e.example/x", "/x": "", "x": "", "": "",
		"//e.example/": "", "?x": "", "#x": "", "https://e.example/a/../b": "https://e.example/b",
	} {
		for _, base := range []*url.URL{nil, {}, {Scheme: "ftp", Host: "x"}, {Scheme: "mailto", Opaque: "x"}} {
			if got, ok := Canonical(base, ref); got != want || ok != (want != "") {
				t.Errorf("%q at %v: %q, %v, want %q", ref, base, got, ok, want)
			}
		}
	}
}

func TestCanonicalIsNotTooLong(t *testing.T) {
	r, _ := newResolver(here)
	for n, ok := range map[int]bool{MaxURL: true, MaxURL + 1: false} {
		for _, begin := range []string{"http://e.example/", "/", "?", "é"} {
			short, _ := Canonical(parse(t, here), begin)
			ref := begin + strings.Repeat("a", n-len(short))
			if got, is := Canonical(parse(t, here), ref); is != ok || is && len(got) != n {
				t.Errorf("%s of %d octets: %v", begin, n, is)
			}
			if got, is := r.resolve([]byte(ref)); is != ok || is && len(got) != n {
				t.Errorf("resolver, %s of %d octets: %v", begin, n, is)
			}
		}
	}
}

func TestCanonicalLeavesBase(t *testing.T) {
	base := parse(t, "HTTP://U:@A.example:80/b/../c?#f")
	before := *base
	if got, _ := Canonical(base, ""); got != "http://U@a.example/c?" {
		t.Errorf("the base itself: %q", got)
	}
	if *base != before {
		t.Errorf("the base has changed: %v, was %v", base, &before)
	}
}

// bases are documents whose references are resolved in different ways.
var bases = []string{
	here, "http://a.example/", "https://a.example:8443/b/", "http://u:p@a.example/b//c?d/e", "http://a.example/?",
	"http://[::1]/%2F/b;c=d", "http://a.example//b", "http://a.example/b:c/d:e",
}

func FuzzCanonical(f *testing.F) {
	for _, base := range bases {
		for ref := range canonicalCases {
			f.Add(base, ref)
		}
	}
	f.Fuzz(func(t *testing.T, baseText, ref string) {
		r, ok := newResolver(baseText)
		base, wantOK := Canonical(nil, baseText)
		if len(base) > MaxURL/2 {
			return
		}
		if ok != wantOK || r.base != base {
			t.Fatalf("base %q: %q, %v, want %q, %v", baseText, r.base, ok, base, wantOK)
		}
		if !ok {
			return
		}
		want, wantOK := Canonical(parse(t, base), ref)
		if got, ok := r.resolve([]byte(ref)); got != want || ok != wantOK {
			t.Fatalf("%q at %q: %q, %v, want %q, %v", ref, base, got, ok, want, wantOK)
		}
		if !wantOK {
			return
		}
		if again, ok := Canonical(nil, want); again != want || !ok {
			t.Fatalf("%q at %q: %q, which becomes %q, %v", ref, base, want, again, ok)
		}
		u := parse(t, want)
		notInURLs := func(c rune) bool { return c <= ' ' || c > '~' }
		if !web(u.Scheme) || u.Host == "" || u.Host != strings.ToLower(u.Host) || u.Fragment != "" ||
			!strings.HasPrefix(u.Path, "/") || strings.ContainsFunc(want, notInURLs) {
			t.Fatalf("%q at %q: %q is not canonical", ref, base, want)
		}
	})
}
