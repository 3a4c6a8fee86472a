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
	if got := strings.Join(g.Notes, "; "); !strings.Contains(got, "only the links by which other pages were found") ||
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

// realisticLog is a log as Heritrix 3 writes it: padded fields, prerequisites, all kinds of hops, tries and
// annotations, a source tag, extra information as JSON, and what a full disk and a crash leave.
const realisticLog = `2026-03-01T10:00:00.101Z     1         58 dns:a.example P https://a.example/ text/dns #001 20260301100000057+41 sha1:4QVYYKTQ2LOWMRLKSXDJLPX3TRYOAL5G - content-size:58
2026-03-01T10:00:00.412Z   200        121 https://a.example/robots.txt P https://a.example/ text/plain #001 20260301100000201+180 sha1:XWRMW4UPYMI4LZYYBVFTXMLVUEOCYGLS https://a.example/ content-size:451
2026-03-01T10:00:00.498Z   301          0 https://b.example/robots.txt LP https://b.example/ text/html #004 20260301100000421+70 sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ https://a.example/ 2t
2026-03-01T10:00:00.598Z   200         11 https://www.b.example/robots.txt LPR https://b.example/robots.txt text/plain #004 20260301100000521+70 sha1:ZZZ https://a.example/ -
2026-03-01T10:00:01.003Z   200      18211 https://a.example/ - - text/html #002 20260301100000501+498 sha1:LXCHPQ26HDGBUZQLUUB7KKX5PNPFMWLC https://a.example/ content-size:18630 {"contentSize":18630,"warcFilename":"WEB 20260301.warc.gz","scopeDecision":"ACCEPT by rule #2 Accept"}
2026-03-01T10:00:01.110Z   200       5124 https://a.example/logo.png E https://a.example/ image/png #003 20260301100001020+83 sha1:ABC https://a.example/ duplicate:digest,content-size:5511
2026-03-01T10:00:02.001Z   302          0 https://a.example/old?id=1&x=%20 L https://a.example/ text/html #002 20260301100001720+280 sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ https://a.example/ -
2026-03-01T10:00:03.001Z   200       9001 https://a.example/new LR https://a.example/old?id=1&x=%20 text/html;charset=utf-8 #002 20260301100002720+281 sha1:DEF https://a.example/ 3t,content-size:9344
2026-03-01T10:00:03.507Z  -404          0 https://a.example/empty L https://a.example/ no-type #002 20260301100003500+6 - https://a.example/ -
2026-03-01T10:00:04.507Z   404        512 https://a.example/js/app.js/undefined EX https://a.example/logo.png text/html; charset=iso-8859-1 #005 20260301100004450+57 sha1:GHI https://a.example/ -
2026-03-01T10:00:05.507Z   200       2048 https://a.example/sitemap-page.html PML https://a.example/robots.txt text/html #005 20260301100005450+57 sha1:JKL https://a.example/ -
2026-03-01T10:00:06.000Z    -1          - https://gone.example/ L https://a.example/ no-type #001 - - https://a.example/ 30t
2026-03-01T10:00:06.100Z    -2          - https://down.example:8443/x L https://a.example/ unknown #001 20260301100006000+20003 - https://a.example/ 30t,le:ConnectException@HTTP
2026-03-01T10:00:06.200Z    -4          - https://slow.example/ LL https://a.example/new unknown #001 20260301100006000+1200000 - https://a.example/ le:SocketTimeoutException@HTTP
2026-03-01T10:00:06.300Z   -61          - https://c.example/page L https://a.example/ unknown #001 - - https://a.example/ -
2026-03-01T10:00:06.400Z -5003          - https://a.example/quota L https://a.example/ unknown #001 - - https://a.example/ Q:serverMaxSuccessKb
2026-03-01T10:00:06.500Z -9998          - https://a.example/private L https://a.example/ unknown #001 - - https://a.example/ -
2026-03-01T10:00:06.600Z -4001          - https://a.example/too/far 61+LLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLL https://a.example/new unknown #001 - - https://a.example/ -
2026-03-01T10:00:06.650Z -5000          - mailto:me@a.example L https://a.example/ unknown #001 - - https://a.example/ -
2026-03-01T10:00:06.700Z   226         90 ftp://ftp.example/file L https://a.example/ application/octet-stream #001 20260301100006650+40 sha1:MNO https://a.example/ -
2026-03-01T10:00:06.750Z   200         77 whois:a.example P dns:a.example text/plain #001 20260301100006700+20 sha1:PQR - -
2026-03-01T10:00:06.800Z   200         90 https://a.example/big L https://a.example/ text/html #012 20260301100006750+40 sha1:MNO https://a.example/ lenTrunc,timeTrunc,midFetchTrunc
2026-03-01T10:00:06.900Z   200         90 https://a.example/with blank L https://a.example/ text/html #012 20260301100006850+40 sha1:MNO - -
2026-03-01T10:00:07.000Z   200         90 https://a.example/cut L https://a.example/ te2026-03-01T10:00:07.001Z   200         12 https://a.example/merged L https://a.example/ text/html #003 20260301100007000+1 sha1:STU - -
` + "\x00\x00\x00\x00\r\n" +
	`2026-03-01T10:00:08.000Z   200         33 https://a.example/last L https://a.example/ text/html #003 20260301100007900+99 sha1:VWX - -` + "\r\n" +
	`2026-03-01T10:00:09.000Z   200         33 https://a.exam`

func TestARealisticCrawlLog(t *testing.T) {
	g, rep := imported(t, realisticLog, all)
	wantGraph(t, g, `
a/ 200 18211 498ms: a/logo.png a/old?id=1&x=%20 a/empty gone/ down:8443/x c/page a/quota a/private a/big a/last
a/logo.png 200 5124 83ms: a/js/app.js/undefined
a/old?id=1&x=%20 302 0 280ms: a/new
a/new 200 9001 281ms: slow/ a/too/far
a/empty -404 0 6ms:
a/js/app.js/undefined 404 512 57ms:
a/sitemap-page.html 200 2048 57ms:
a/big 200 90 40ms:
a/last 200 33 99ms:
a/quota 0 0 83ms:
a/private 0 0 83ms:
a/too/far 0 0 83ms:
gone/ -1 0 99ms:
down:8443/x -2 0 20.003s:
slow/ -4 0 20m0s:
c/page -61 0 99ms:
>seeds.invalid/ 0 0 0s: a/ a/sitemap-page.html
`)
	want := []string{
		`x:23: invalid path of discovery "blank"`, "x:24: want one time, have that of another line too",
		"x:25: want at least 7 fields, have 1", "x:27: want at least 7 fields, have 4",
	}
	if rep.Broken != len(want) || rep.Records != 23 || rep.LeftOut != 7 || rep.Repeated != 0 || rep.Leaves != 3 {
		t.Errorf("%+v", rep)
	}
	for i, broken := range want {
		if len(rep.First) <= i || !strings.Contains(rep.First[i], broken) {
			t.Errorf("broken record %d: %q, want %q", i, rep.First, broken)
		}
	}
}

func FuzzCrawlLog(f *testing.F) {
	f.Add(logLine(200, 1, "https://a.example/", "-", "-", 5) +
		logLine(-4, 1, "https://a.example/1", "L", "https://a.example/", 5))
	f.Fuzz(func(t *testing.T, content string) { fuzzed(t, "heritrix", content) })
}
