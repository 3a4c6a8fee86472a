package importer

import (
	"fmt"
	"strings"
	"testing"
)

// logLine returns a line of a crawl.log, padded as Heritrix does.
func logLine(status, size int, url, path, via string, ms int) string {
	return fmt.Sprintf("2026-03-01T10:00:00.123Z %5d %10d %s %s %s text/html #007 20260301100000000+%d sha1:ABC - -\n",
		status, size, url, path, via, ms)
}

func TestCrawlLog(t *testing.T) {
	g, rep := imported(t, "2026-03-01T10:00:00.000Z     1         56 dns:a.example P https://a.example/ text/dns #001 20260301100000000+5 sha1:X - -\n"+
		logLine(200, 20, "https://a.example/robots.txt", "P", "https://a.example/", 7)+
		logLine(200, 1234, "https://a.example", "-", "-", 120)+
		logLine(302, 0, "https://a.example/old", "L", "https://a.example/", 30)+
		logLine(200, 99, "https://a.example/new", "LR", "https://a.example/old", 40)+
		logLine(200, 5, "https://b.example/i.png", "LE", "https://a.example/new", 50)+
		logLine(200, 5, "https://b.example/i.png", "E", "https://a.example/", 60)+
		"2026-03-01T10:00:01.000Z    -2          - https://b.example/down L https://a.example/ unknown #003 - - - 3t\n"+
		"2026-03-01T10:00:01.000Z -9998          - https://b.example/secret L https://a.example/ unknown #003 - - -\n"+
		"2026-03-01T10:00:01.000Z -5000          - https://c.example/ L https://a.example/ unknown #003 - - -\n"+
		"2026-03-01T10:00:01.000Z   200        300 https://c.example/gone LL https://c.example/ text/html #003 20260301100001000+11 - - -\n", all)
	wantGraph(t, g, `
a/ 200 1234 120ms: a/old b/down b/secret c/
a/old 302 0 30ms: a/new
a/new 200 99 40ms: b/i.png
b/i.png 200 5 50ms:
b/down -2 0 50ms:
b/secret 0 0 50ms:
c/gone 200 300 11ms:
c/ 0 0 11ms:
>seeds.invalid/ 0 0 0s: a/ c/gone
`)
	if rep.Records != 11 || rep.LeftOut != 2 || rep.Repeated != 1 || rep.Leaves != 2 || !rep.TreeOnly ||
		rep.Broken != 0 {
		t.Errorf("%+v", rep)
	}
	if got := strings.Join(g.Notes, "; "); !strings.Contains(got, "only the links by which others were found") ||
		!strings.Contains(got, "an added start page links to 2 pages") {
		t.Errorf("notes %q", got)
	}
}

// Heritrix 1 wrote times in another form; a page that was queued again after a failure has several lines.
func TestOldAndRepeatedLines(t *testing.T) {
	g, _ := imported(t, "20070301100000123 200 12 http://a.example/ - - text/html #000 20070301100000000+90 - -\n"+
		"20070301100000123 -2 - http://a.example/1 L http://a.example/ no-type #000 20070301100000000+90 - -\n"+
		"20070301100000123 200 7 http://a.example/1 L http://a.example/ text/html #000 20070301100000000+20 - -\n", all)
	wantGraph(t, g, `
>http://a/ 200 12 90ms: http://a/1
http://a/1 200 7 20ms:
`)
}

func TestBrokenLogLines(t *testing.T) {
	whole := strings.TrimSuffix(logLine(200, 1, "https://a.example/", "-", "-", 5), "\n")
	for line, want := range map[string]string{
		"2026-03-01T10:00:00.123Z 200 1 https://a.exam":       "want at least 7 fields, have 4",
		strings.Replace(whole, "  200", "  2x0", 1):           `invalid status "2x0"`,
		strings.Replace(whole, "  200", "99999", 1):           "invalid status",
		strings.Replace(whole, " 1 ", " -1 ", 1):              `invalid size "-1"`,
		strings.Replace(whole, "//a.example/", "//a\x00/", 1): "invalid URL",
		strings.Replace(whole, "//a.example/", "//", 1):       "invalid URL",
	} {
		if _, _, err := parseCrawlLog([]byte(line)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", line, err, want)
		}
	}
	for _, duration := range []string{"+99999999999", "+-1", "", "x"} {
		f, _, err := parseCrawlLog([]byte(strings.Replace(whole, "+5", duration, 1)))
		if err != nil || f.wait != unknown {
			t.Errorf("duration %q: %v, %v, want unknown", duration, f.wait, err)
		}
	}
}

func FuzzCrawlLog(f *testing.F) {
	f.Add(logLine(200, 1, "https://a.example/", "-", "-", 5) +
		logLine(-4, 1, "https://a.example/1", "L", "https://a.example/", 5))
	f.Fuzz(func(t *testing.T, content string) { fuzzed(t, "heritrix", content) })
}
