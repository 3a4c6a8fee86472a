package corpora

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	whatwg "github.com/nlnwa/whatwg-url/url"

	"crawlbench/internal/web/page"
)

// webPlatform are the tests of the Web Platform for URLs.
var webPlatform = Corpus{
	Module: "github.com/nlnwa/whatwg-url@v0.6.2",
	Sum:    "h1:jU61lU2ig4LANydbEJmA2nPrtCGiKdtgT0rmMd2VZ/Q=",
	Dir:    "testdata",
}

// urlCase is a test of the Web Platform.
type urlCase struct {
	Input, Href string
	Base        *string
	Failure     bool
}

var schemeOf = regexp.MustCompile(`^[a-z][a-z0-9+.-]*:`)

// web reports whether c is about http or https.
func (c urlCase) web() bool {
	ref := c.Href
	if c.Failure {
		ref = strings.ToLower(strings.Trim(c.Input, "\x00\x1f \t\r\n"))
		if !schemeOf.MatchString(ref) && c.Base != nil {
			ref = *c.Base
		}
	}
	return strings.HasPrefix(ref, "http:") || strings.HasPrefix(ref, "https:")
}

func urlCases(t *testing.T) (list []urlCase) {
	text, err := os.ReadFile(filepath.Join(webPlatform.Path(t), "urltestdata.json"))
	if err != nil {
		t.Fatal(err)
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		t.Fatal(err)
	}
	for _, r := range raw {
		var c urlCase
		if r[0] == '{' && json.Unmarshal(r, &c) == nil && c.web() {
			list = append(list, c)
		}
	}
	return list
}

// byBrowser returns the URL that ref means to a browser at base, without its fragment, and "" if there is none.
func byBrowser(base *string, ref string) string {
	u, err := whatwg.Parse(ref)
	if base != nil {
		u, err = whatwg.ParseRef(*base, ref)
	}
	if err != nil {
		return ""
	}
	return u.Href(true)
}

// refused is what stands for no URL.
const refused = ""

// difference is a way in which canonical URLs are known to differ from those of a browser.
type difference struct {
	why   string
	is    func(ref, got, want string) bool
	count int // of the tests of the Web Platform
}

var (
	loneEscape  = regexp.MustCompile(`%([^0-9A-Fa-f]|.?$|[0-9A-Fa-f][^0-9A-Fa-f])`)
	address     = regexp.MustCompile(`^https?://[0-9.]+(:\d+)?/`)
	inUserinfo  = regexp.MustCompile(`^https?://[^/?]*%[^/?]*@`)
	oddHostName = regexp.MustCompile("^https?://[^/]*[\"`{}][^/]*/")
)

var differences = []difference{
	{"a percent sign that begins no escape is escaped, for servers refuse it", func(ref, got, want string) bool {
		return got != refused && loneEscape.MatchString(want) && strings.ReplaceAll(got, "%25", "%") == want
	}, 5},
	{"an address in an unusual form is refused", func(ref, got, want string) bool {
		return got == refused && address.MatchString(want)
	}, 13},
	{"a user name or password that needs escapes is refused", func(ref, got, want string) bool {
		return got == refused && inUserinfo.MatchString(want)
	}, 4},
	{"a host with quotes or braces is refused", func(ref, got, want string) bool {
		return got == refused && oddHostName.MatchString(want)
	}, 1},
	{"a bar in a path is escaped, as net/url does", func(ref, got, want string) bool {
		return got != refused && strings.ReplaceAll(got, "%7C", "|") == strings.ReplaceAll(want, "%7C", "|")
	}, 0},
}

// explain returns the index of the difference that explains why got is not want, and -1 if none does.
func explain(ref, got, want string) int {
	for i, d := range differences {
		if d.is(ref, got, want) {
			return i
		}
	}
	return -1
}

// TestWebPlatform lists the tests of which the canonical form is not that of a browser, and checks that no two URLs have
// one form, and that no URL has two.
func TestWebPlatform(t *testing.T) {
	cases := urlCases(t)
	counts := make([]int, len(differences))
	formOf, urlOf := map[string]string{}, map[string]string{}
	for _, c := range cases {
		want, _, _ := strings.Cut(c.Href, "#")
		if oracle := byBrowser(c.Base, c.Input); oracle != want {
			t.Errorf("the library itself: %q: %q, want %q", c.Input, oracle, want)
		}
		var base *url.URL
		if c.Base != nil {
			base, _ = url.Parse(*c.Base)
		}
		got, _ := page.Canonical(base, c.Input)
		if got != want {
			known := explain(c.Input, got, want)
			if known < 0 {
				t.Errorf("%q: %q, in a browser %q: unexplained", c.Input, got, want)
				continue
			}
			counts[known]++
			t.Logf("%q: %q, in a browser %q: %s", c.Input, got, want, differences[known].why)
		}
		if got == refused || want == refused {
			continue
		}
		if other, ok := urlOf[got]; ok && other != want {
			t.Errorf("%q is the form of %q and of %q", got, other, want)
		}
		if other, ok := formOf[want]; ok && other != got {
			t.Errorf("%q has the forms %q and %q", want, other, got)
		}
		urlOf[got], formOf[want] = want, got
	}
	if len(cases) < 400 {
		t.Errorf("%d tests of http, want all", len(cases))
	}
	different := 0
	for i, d := range differences {
		if counts[i] != d.count {
			t.Errorf("%s: %d tests, want %d", d.why, counts[i], d.count)
		}
		different += counts[i]
	}
	t.Logf("%d tests, of which %d have another form or none", len(cases), different)
}
