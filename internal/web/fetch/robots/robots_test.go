package robots

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

func TestAgentNames(t *testing.T) {
	f := Parse([]byte("User-agent: Crawl_Bench-x\nDisallow: /a\n\nUser-agent: *\nDisallow: /b"))
	for name, own := range map[string]bool{
		"crawl_bench-x": true, "CRAWL_BENCH-X": true, "crawl_bench-x/1.0 (+https://a.b)": true, " crawl_bench-x": true,
		"crawl_bench-x (test)": true, "crawl_bench": false, "crawl_bench-xy": false, "crawl": false, "*": false,
		"": false,
	} {
		r := f.Rules(name)
		if a, b := r.Allowed("/a"), r.Allowed("/b"); a == own || b != own {
			t.Errorf("agent %q: /a allowed %v, /b %v, want the group of its own: %v", name, a, b, own)
		}
	}
}

func TestCrawlDelay(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"1": time.Second, "10": 10 * time.Second, "0.5": 500 * time.Millisecond, " 2\t# so": 2 * time.Second, "0": 0,
		".5": 500 * time.Millisecond, "1.": time.Second, "007": 7 * time.Second,
		"": 0, "-1": 0, "+1": 0, "1e9": 0, "1 s": 0, "1s": 0, "1,5": 0, "1.2.3": 0, ".": 0, "NaN": 0, "Inf": 0,
		"infinity": 0, "0x10": 0, "1_0": 0, "ten": 0, "٣": 0,
		"9223372036.854775": 9223372036*time.Second + 854775*time.Microsecond,
		"9223372037":        math.MaxInt64, "99999999999999999999": math.MaxInt64,
		strings.Repeat("9", 1000): math.MaxInt64, "0." + strings.Repeat("0", 1000) + "1": 0,
	} {
		got := Parse([]byte(all + "Crawl-Delay: " + value)).Rules("crawlbench").CrawlDelay
		if diff := got - want; diff < -time.Microsecond || diff > time.Microsecond {
			t.Errorf("Crawl-delay %.30q: %v, want %v", value, got, want)
		}
	}
}

func TestCrawlDelayIsForTheAgentsBeforeIt(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"Crawl-delay: 1\n" + all + "Disallow: /a":                                          0,
		all + "Disallow: /a\nCrawl-delay: 1":                                               time.Second,
		all + "Crawl-delay: 1\nCrawl-delay: 3\nCrawl-delay: 2":                             3 * time.Second,
		all + "Crawl-delay: 1\n\n" + all + "Disallow: /\nCrawl-delay: 3":                   3 * time.Second,
		"User-agent: x\nCrawl-delay: 9\n\n" + all + "Crawl-delay: 1":                       time.Second,
		all + "User-agent: x\nCrawl-delay: 1":                                              time.Second,
		all + "Crawl-delay: 1\nUser-agent: x\nCrawl-delay: 9\nDisallow: /":                 9 * time.Second,
		"User-agent: crawlbench\nDisallow: /\n\n" + all + "Crawl-delay: 1":                 0,
		"User-agent: crawlbench\nCrawl-delay: 2\nDisallow: /\n\n" + all + "Crawl-delay: 1": 2 * time.Second,
	} {
		if got := Parse([]byte(text)).Rules("crawlbench").CrawlDelay; got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func TestFromResponse(t *testing.T) {
	body := []byte(all + "Disallow: /a")
	for status, want := range map[int]struct{ a, b bool }{
		200: {false, true}, 204: {false, true}, 299: {false, true},
		300: {true, true}, 301: {true, true}, 308: {true, true},
		400: {true, true}, 401: {true, true}, 403: {true, true}, 404: {true, true}, 410: {true, true},
		499: {true, true},
		429: {false, false}, 500: {false, false}, 503: {false, false}, 599: {false, false},
		0: {false, false}, 100: {false, false}, 600: {false, false}, -1: {false, false},
	} {
		r := FromResponse(status, body).Rules("crawlbench")
		if a, b := r.Allowed("/a"), r.Allowed("/b"); a != want.a || b != want.b {
			t.Errorf("status %d: /a allowed %v, /b %v, want %v", status, a, b, want)
		}
		if !r.Allowed("/robots.txt") {
			t.Errorf("status %d: /robots.txt is not allowed", status)
		}
	}
	if r := FromResponse(200, nil).Rules("crawlbench"); !r.Allowed("/a") {
		t.Error("an empty file disallows")
	}
	if !AllowAll.Allowed("/a") || DisallowAll.Allowed("/a") || !DisallowAll.Allowed("/robots.txt") {
		t.Error("AllowAll or DisallowAll is wrong")
	}
}

func TestLongFile(t *testing.T) {
	line := func(n int) string { return fmt.Sprintf("Disallow: /%0*d", n-len("Disallow: /\n"), 0) + "\n" }
	fill := func(n int) string { return "#" + strings.Repeat("x", n-2) + "\n" }
	head := all + fill(MaxBytes-len(all)-100)
	for _, c := range []struct {
		what, text, target string
		allowed            bool
	}{
		{"a line that ends at the limit", head + line(99) + "\nDisallow: /b", "/" + strings.Repeat("0", 88), false},
		{"what follows", head + line(100) + "Disallow: /b\n", "/b", true},
		{"a line that would be cut", head + "Disallow: /b" + strings.Repeat("c", 200), "/bc", true},
		{"a line that ends at the limit, its end after it", head + line(101) + "Disallow: /c",
			"/" + strings.Repeat("0", 90), false},
		{"no line at all", strings.Repeat("x", 2*MaxBytes), "/a", true},
	} {
		if got := Parse([]byte(c.text)).Rules("crawlbench").Allowed(c.target); got != c.allowed {
			t.Errorf("%s: allowed %v, want %v", c.what, got, c.allowed)
		}
	}
}

func TestRulesDoNotKeepTheFile(t *testing.T) {
	file := Parse([]byte(strings.Repeat("User-agent: x\nDisallow: /something\n\n", 10000) + all + "Disallow: /a\nAllow: /b*c"))
	r := file.Rules("crawlbench")
	total := 0
	for _, rule := range r.set.rules {
		total += len(rule.pattern)
	}
	if len(r.set.rules) != 2 || total != len("/a/b*c") {
		t.Errorf("%d rules of %d octets, want 2 of 6", len(r.set.rules), total)
	}
}

// A matcher that tries again where it has tried would take years.
func TestHostilePatterns(t *testing.T) {
	const n = 100_000
	for what, c := range map[string]struct{ pattern, target string }{
		"asterisks":          {strings.Repeat("*a", n) + "*b", strings.Repeat("a", 2*n)},
		"only asterisks":     {strings.Repeat("*", n) + "b", strings.Repeat("a", n)},
		"asterisks, end":     {strings.Repeat("*a", n) + "$", strings.Repeat("a", 2*n) + "b"},
		"long parts":         {"*" + strings.Repeat("a", n) + "b", strings.Repeat("a", 2*n)},
		"parts that recur":   {strings.Repeat("*aab", n/4) + "*c", strings.Repeat("aa", n) + "b"},
		"escapes":            {strings.Repeat("*%", n) + "b", strings.Repeat("%", 2*n)},
		"escapes in parts":   {strings.Repeat("*%25", n) + "b", strings.Repeat("%25", n)},
		"slashes in a query": {"*?" + strings.Repeat("*%2F", n) + "b", "?" + strings.Repeat("%2F", n)},
	} {
		if !Parse([]byte(all + "Disallow: /" + c.pattern)).Rules("crawlbench").Allowed("/" + c.target) {
			t.Errorf("%s: disallowed, though the pattern does not match", what)
		}
	}
}

// A file that repeats something does not have more rules than lines.
func TestRepeatedLines(t *testing.T) {
	const n = 2000
	for what, part := range map[string]string{
		"agents": all, "delays": all + "Crawl-delay: 1\n", "rules": "Allow: /a*b\n",
		"groups": all + "Allow: /a\n", "empty groups": all + "Disallow:\n",
	} {
		rules := func(n int) int {
			return len(Parse([]byte(all + strings.Repeat(part, n) + "Allow: /\n")).Rules("crawlbench").set.rules)
		}
		one, two := rules(n), rules(2*n)
		if one < 1 || one > n+1 || two > 2*one {
			t.Errorf("%s: %d rules of %d parts, and %d of %d", what, one, n, two, 2*n)
		}
	}
}

// FuzzAllowed compares with the slow matcher.
func FuzzAllowed(f *testing.F) {
	for _, c := range cases {
		f.Add(c.text, c.target)
	}
	f.Add("User-agent: crawlbench/2\nCrawl-delay: 1\nuser-agent:x\ndisallow: /*?a=%2f*%3F$", "/?a=/b?")
	f.Add(all+"Disallow: /*4", "/\x14@%34") // %14%40%34
	f.Fuzz(func(t *testing.T, text, target string) {
		if len(text) > 2000 || len(target) > 200 {
			return
		}
		got, want := Parse([]byte(text)).Rules("crawlbench").Allowed(target), slow{}.allowed(text, target)
		if got != want {
			t.Errorf("%q in %q: allowed %v, want %v", target, text, got, want)
		}
	})
}
