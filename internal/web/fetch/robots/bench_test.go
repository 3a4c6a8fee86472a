package robots

import (
	"fmt"
	"strings"
	"testing"
)

// file24K is a file of about 24 KB: groups of other agents, and one for everybody with a third of its rules in
// wildcards.
func file24K() []byte {
	var b strings.Builder
	for i := range 20 {
		fmt.Fprintf(&b, "User-agent: other%d\nDisallow: /private%d/\nCrawl-delay: %d\n\n", i, i, i)
	}
	b.WriteString("User-agent: *\n")
	for i := 0; b.Len() < 24<<10; i++ {
		switch i % 3 {
		case 0:
			fmt.Fprintf(&b, "Disallow: /section%d/archive/\n", i)
		case 1:
			fmt.Fprintf(&b, "Disallow: /*/print%d/*.php$\n", i)
		case 2:
			fmt.Fprintf(&b, "Allow: /section%d/archive/public\n", i-2)
		}
	}
	return []byte(b.String())
}

func BenchmarkParse(b *testing.B) {
	text := file24K()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		Parse(text).Rules("crawlbench")
	}
}

func BenchmarkAllowed(b *testing.B) {
	for _, group := range []struct{ name, agent string }{{"small", "other3"}, {"large", "crawlbench"}} {
		rules := Parse(file24K()).Rules(group.agent)
		for _, target := range []string{"/section3/index.html", "/section3/a%20b/archive/print.php?id=1"} {
			b.Run(fmt.Sprintf("rules=%d/target=%dB", len(rules.set.rules), len(target)), func(b *testing.B) {
				for b.Loop() {
					rules.Allowed(target)
				}
			})
		}
	}
}
