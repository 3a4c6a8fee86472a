//go:build unix

package corpora

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/temoto/robotstxt"
	"golang.org/x/net/html"

	"crawlbench/internal/web/fetch/robots"
	"crawlbench/internal/web/page"
)

// used returns the processor time that this process has used, which other processes disturb least.
func used(t testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// compare measures two ways to do one thing, in turn, logs the processor time of each and the median and quartiles of
// their ratio, and fails the test if the ratio is above most, also by its lower quartile.
func compare(t *testing.T, name string, most float64, ours, theirs func()) {
	t.Helper()
	const rounds, least = 21, 3 * time.Millisecond
	measure := func(f func(), n int) time.Duration {
		begin := used(t)
		for range n {
			f()
		}
		return used(t) - begin
	}
	times := func(f func()) int {
		n := 1
		for measure(f, n) < least {
			n *= 2
		}
		return n
	}
	n, m := times(ours), times(theirs)
	var ratios, a, b []float64
	for range rounds {
		x := float64(measure(ours, n).Nanoseconds()) / float64(n)
		y := float64(measure(theirs, m).Nanoseconds()) / float64(m)
		ratios, a, b = append(ratios, x/y), append(a, x), append(b, y)
	}
	slices.Sort(ratios)
	slices.Sort(a)
	slices.Sort(b)
	t.Logf("%s: %.0f ns, %.0f ns; ratio %.4f [%.4f, %.4f]", name, a[rounds/2], b[rounds/2],
		ratios[rounds/2], ratios[rounds/4], ratios[rounds-1-rounds/4])
	if ratios[rounds/4] > most {
		t.Errorf("%s: %.2f of the time, want at most %.2f", name, ratios[rounds/4], most)
	}
}

// robotsFile is a robots.txt of 24 KB: groups of five rules for other agents, and a long one for everybody, of some
// rules in turn.
func robotsFile(rules ...string) []byte {
	var b strings.Builder
	for i := range 20 {
		fmt.Fprintf(&b, "User-agent: other%d\nDisallow: /cgi-bin/\nDisallow: /tmp/\nDisallow: /private%d/\n"+
			"Disallow: /search?\nAllow: /private%d/public/\n\n", i, i, i)
	}
	b.WriteString("User-agent: *\n")
	for i := 0; b.Len() < 24<<10; i++ {
		fmt.Fprintf(&b, rules[i%len(rules)]+"\n", i/len(rules))
	}
	return []byte(b.String())
}

func TestSpeedOfRobots(t *testing.T) {
	const wild = "Disallow: /*/print%d/*.php$"
	targets := []string{"/", "/section3/index.html", "/section3/archive/2026/index.html?page=2", "/private3/a%20b"}
	for name, text := range map[string][]byte{
		"a rule in three with asterisks": robotsFile("Disallow: /section%d/archive/", "Allow: /section%d/archive/public", wild),
		"all rules with asterisks":       robotsFile(wild),
	} {
		peer, err := robotstxt.FromBytes(text)
		if err != nil {
			t.Fatal(err)
		}
		compare(t, name+", parse 24 KB", 0.1,
			func() { robots.Parse(text).Rules("crawlbench") }, func() { robotstxt.FromBytes(text) })
		for _, agent := range []string{"other3", "crawlbench"} {
			rules, group := robots.Parse(text).Rules(agent), peer.FindGroup(agent)
			for _, target := range targets {
				if rules.Allowed(target) != group.Test(target) {
					t.Errorf("%s, %s: allowed %v", agent, target, rules.Allowed(target))
				}
			}
			compare(t, fmt.Sprintf("%s, %d tests for %s", name, len(targets), agent), 1, func() {
				for _, target := range targets {
					rules.Allowed(target)
				}
			}, func() {
				for _, target := range targets {
					group.Test(target)
				}
			})
		}
	}
}

// byTokenizer is the plain way to find links: html.Tokenizer, net/url, and no fragment.
func byTokenizer(dst []string, body []byte) []string {
	at, _ := url.Parse(pageURL)
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

// typicalPage is a page of 170 bytes a link, absolute and relative ones in turn.
func typicalPage(links int) []byte {
	refs := []string{
		"http://a.example/dir%d/page.html", "/dir%d/page.html", "page.html?id=%d&amp;lang=en", "../dir%d/page.html#part",
	}
	var b strings.Builder
	b.WriteString(`<!DOCTYPE html><html lang="en"><head><title>Page</title><script>if (1 < 2) { x() }</script></head><body>`)
	for i := range links {
		fmt.Fprintf(&b, `<div class="entry" id="e%d"><p>Some words before, <a class="link" href="`+refs[i%len(refs)]+
			`" title="Page %d">a link to a page</a> and some words after.</p></div>`+"\n", i, i, i)
	}
	return []byte(b.String())
}

func TestSpeedOfLinks(t *testing.T) {
	var dst []string
	for links, most := range map[int]float64{10: 0.8, 100: 0.6} {
		body := typicalPage(links)
		ours := func() { dst, _ = page.Links(dst[:0], pageURL, "text/html; charset=utf-8", body) }
		plain := func() { dst = byTokenizer(dst[:0], body) }
		ours()
		if got := slices.Clone(dst); len(got) != links {
			t.Errorf("%d links, want %d", len(got), links)
		} else if plain(); !slices.Equal(got, dst) {
			t.Errorf("%q, by the tokenizer %q", got, dst)
		}
		compare(t, fmt.Sprintf("page of %d bytes with %d links", len(body), links), most, ours, plain)
	}
}

func TestSpeedOnRealPages(t *testing.T) {
	files := pages[0].Files(t, "*.html")
	var bodies [][]byte
	for i := 0; i < len(files); i += len(files) / 50 {
		body, err := os.ReadFile(files[i])
		if err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, body)
	}
	var dst []string
	every := func(f func(body []byte)) func() {
		return func() {
			for _, body := range bodies {
				f(body)
			}
		}
	}
	compare(t, fmt.Sprintf("links of %d real pages", len(bodies)), 0.6,
		every(func(body []byte) { dst, _ = page.Links(dst[:0], pageURL, "text/html; charset=utf-8", body) }),
		every(func(body []byte) { dst = byTokenizer(dst[:0], body) }))
}
