package importer

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"fmt"
	"strings"
	"testing"
)

// record returns a WARC record.
func record(kind, target, fields, block string) string {
	return fmt.Sprintf("WARC/1.1\r\nWARC-Type: %s\r\nWARC-Target-URI: %s\r\n%sContent-Length: %d\r\n\r\n%s\r\n\r\n",
		kind, target, fields, len(block), block)
}

// response returns the record of an HTTP response.
func response(target, fields, body string) string {
	return answer(target, "200 OK", fields, body)
}

func answer(target, status, fields, body string) string {
	return record("response", target, "Content-Type: application/http; msgtype=response\r\n",
		"HTTP/1.1 "+status+"\r\n"+fields+"\r\n"+body)
}

const typeHTML = "Content-Type: text/html; charset=utf-8\r\n"

func TestWARC(t *testing.T) {
	var deflated bytes.Buffer
	z := zlib.NewWriter(&deflated)
	z.Write([]byte(`<a href=/deflated>x</a>`))
	z.Close()
	records := []string{
		"WARC/1.0\r\nWARC-Type: warcinfo\r\nContent-Length: 9\r\n\r\nsoftware:\r\n\r\n",
		record("request", "https://a.example/", "", "GET / HTTP/1.1\r\n\r\n"),
		response("<https://a.example/>", typeHTML,
			`<base href="https://a.example/d/"><a href="1">1</a><a href="1#x">1</a><a href="/2">2</a>`),
		record("metadata", "https://a.example/", "Content-Type: application/warc-fields\r\n",
			"via: https://z.example/\r\nhopsFromSeed: L\r\nfetchTimeMs: 47\r\n"),
		response("dns:a.example", "", ""),
		response("https://a.example/robots.txt", "", "User-agent: *"),
		response("https://a.example/d/1", typeHTML+"Transfer-Encoding: chunked\r\n",
			"14;x=y\r\n<a href=/chunked/1>x\r\n4\r\n</a>\r\n0\r\n\r\n"),
		response("https://a.example/2", typeHTML+"Content-Encoding: gzip\r\n", zipped(`<a href=/zipped>x</a>`)),
		response("https://a.example/chunked/1", typeHTML+"transfer-encoding: Chunked\r\n", `<a href=/unchunked>x</a>`),
		response("https://a.example/zipped", typeHTML+"Content-Encoding: GZIP\r\n", `<a href=/unzipped>x</a>`),
		response("https://a.example/unchunked", typeHTML+"Content-Encoding: deflate\r\n", deflated.String()),
		response("https://a.example/deflated", typeHTML+"Content-Encoding: br\r\n", "\x01\x02\x03"),
		response("https://a.example/unzipped", "Content-Type: text/plain\r\n", `<a href=/plain>x</a>`),
		answer("https://b.example/", "301 Moved", "Location: ../c d\r\n", "<a href=/lost>"),
		answer("https://b.example/c%20d", "404 Not Found", typeHTML, "<a href=/lost>"),
		record("resource", "https://b.example/r", "Content-Type: text/html\r\n", "<a href='https://a.example/'>x</a>"),
		record("revisit", "https://b.example/v", "Content-Type: application/http\r\n",
			"HTTP/1.1 200 OK\r\n"+typeHTML+"\r\n"),
		record("conversion", "https://b.example/no", "", "text"),
	}
	want := `
a/ 200 88 47ms: a/d/1 a/d/1 a/2
a/d/1 200 24 47ms: a/chunked/1
a/2 200 21 47ms: a/zipped
a/chunked/1 200 24 47ms: a/unchunked
a/zipped 200 23 47ms: a/unzipped
a/unchunked 200 23 47ms: a/deflated
a/deflated 200 3 47ms:
a/unzipped 200 20 47ms:
b/ 301 14 47ms: b/c%20d
b/c%20d 404 14 47ms:
b/r 200 34 47ms: a/
b/v 200 0 47ms:
>seeds.invalid/ 0 0 0s: b/ b/r b/v
`
	for what, content := range map[string]string{
		"plain": strings.Join(records, ""), "one member": zipped(strings.Join(records, "")),
		"a member for each record": zipped(records...),
	} {
		g, rep := imported(t, content, all)
		wantGraph(t, g, want)
		if rep.Records != len(records) || rep.Broken != 0 || rep.LeftOut != 2 || rep.NoLinks != 1 ||
			rep.Redirected != 1 {
			t.Errorf("%s: %+v", what, rep)
		}
	}
}

// After a broken record, the next one is found.
func TestBrokenWARCRecords(t *testing.T) {
	before, after := response("https://a.example/1", "", ""), response("https://a.example/2", "", "")
	begin := fmt.Sprintf("x: byte %d: ", len(before))
	http := func(block string) string {
		return record("response", "https://a.example/3", "Content-Type: application/http\r\n", block)
	}
	for broken, want := range map[string]string{
		"garbage\r\nmore garbage\r\n\r\n":                            begin + `want the beginning of a record, "WARC/1.1", have "garbage"`,
		"WARC/1.0\r\nWARC-Type: response\r\n\r\nbody\r\n\r\n":        begin + `invalid Content-Length ""`,
		"WARC/1.0\r\nContent-Length: -1\r\n\r\n":                     begin + `invalid Content-Length "-1"`,
		"WARC/1.0\r\nContent-Length: 0\r\n\r\n\r\n\r\n":              begin + "the record has no WARC-Type",
		strings.Replace(http("HTTP/1.1 200 x"), "h: 14", "h: 13", 1): `want the beginning of a record`,
		http("SSH-2.0-OpenSSH\r\n"):                                  begin + `the block is not an HTTP response: it begins with "SSH-2.0-OpenSSH\r"`,
		http("HTTP/1.1 OK\r\n"):                                      begin + `invalid HTTP status "OK"`,
		http("HTTP/1.1 99 x\r\n"):                                    begin + `invalid HTTP status "99"`,
		http(""):                                                     begin + `the block is not an HTTP response: it begins with ""`,
	} {
		g, rep := imported(t, before+broken+after, all)
		_, first := g.PageOf("https://a.example/1")
		_, second := g.PageOf("https://a.example/2")
		if !first || !second || rep.Broken != 1 || !strings.Contains(rep.First[0], want) {
			t.Errorf("%q: pages %v and %v, %d broken: %q; want %q", broken, first, second, rep.Broken, rep.First, want)
		}
	}
	whole := before + after
	for cut := range len(after) - 4 { // without what ends the last record, it is whole
		_, rep := imported(t, whole[:len(before)+cut], all)
		if wantBroken := min(1, cut); rep.Broken != wantBroken || rep.Fetched != 1 {
			t.Errorf("cut after %d bytes of the second record: %d broken, %d fetched: %q", cut, rep.Broken,
				rep.Fetched, rep.First)
		}
	}
}

// A damaged member takes no other record with it.
func TestDamagedWARCMembers(t *testing.T) {
	var parts []string
	for i := range 5 {
		body := strings.Repeat(fmt.Sprintf("<a href=/%d>%d</a>", i, i*i), 100)
		parts = append(parts, zipped(response(fmt.Sprintf("https://a.example/%d", i), typeHTML, body)))
	}
	parts[2] = parts[2][:len(parts[2])/2]
	_, rep := imported(t, strings.Join(parts, ""), all)
	if rep.Fetched != 4 || rep.Broken != 1 || !strings.Contains(rep.First[0], "decompressed content") {
		t.Errorf("%d fetched, %d broken: %q", rep.Fetched, rep.Broken, rep.First)
	}
}

// A page whose body cannot be decoded is counted, and not taken for one without links. What only says that it is
// compressed is read.
func TestBodiesThatAreNotCompressedAsTheySay(t *testing.T) {
	const page = "\n <a href=/found>x</a>"
	packed := zipped(page)
	var raw bytes.Buffer
	z, _ := flate.NewWriter(&raw, flate.BestSpeed)
	z.Write([]byte(page))
	z.Close()
	for _, test := range []struct {
		what, encoding, body string
		found                bool
		undecoded            int
	}{
		{"gzip", "gzip", packed, true, 0},
		{"gzip, cut off after the links", "gzip", packed[:len(packed)-4], true, 0},
		{"gzip, cut off before them", "gzip", packed[:12], false, 1},
		{"gzip that is none", "gzip", "\x01\x02\x03", false, 1},
		{"gzip that was decoded", "gzip", page, true, 0},
		{"gzip of nothing", "gzip", "", false, 0},
		{"deflate without a header", "deflate", raw.String(), true, 0},
		{"deflate that was decoded", "deflate", page, true, 0},
		{"deflate that is none", "deflate", "\xff\xff\xff\xff", false, 1},
		{"brotli", "br", "\x01\x02\x03", false, 1},
		{"brotli that was decoded", "br", "\ufeff" + page, true, 0},
	} {
		fields := typeHTML + "Content-Encoding: " + test.encoding + "\r\n"
		g, rep := imported(t, response("https://a.example/", fields, test.body), all)
		_, found := g.PageOf("https://a.example/found")
		if found != test.found || rep.NoLinks != test.undecoded {
			t.Errorf("%s: link found %v, want %v; %d pages without links, want %d", test.what, found, test.found,
				rep.NoLinks, test.undecoded)
		}
	}
}

// A length far beyond the end is named as the cause; nothing is allocated for it.
func TestRecordsThatClaimToBeHuge(t *testing.T) {
	first := response("https://a.example/", "", "")
	huge := "WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 9223372036854775807\r\n\r\nx"
	_, rep := imported(t, first+huge, all)
	if rep.Broken != 1 ||
		!strings.Contains(rep.First[0], "9223372036854775807 bytes: it is truncated, or the length is wrong") {
		t.Errorf("%+v", rep)
	}
	big := response("https://a.example/", typeHTML,
		"<a href=/first>"+strings.Repeat(" ", mostBody+mostHead)+"<a href=/last>")
	g, rep := imported(t, big+response("https://a.example/first", "", ""), all)
	if g.Pages() != 2 || rep.Broken != 0 {
		t.Errorf("%d pages, %+v", g.Pages(), rep)
	}
	bomb := zipped("<a href=/first>" + strings.Repeat(" ", 2*mostBody) + "<a href=/last>")
	g, _ = imported(t, response("https://a.example/", typeHTML+"Content-Encoding: gzip\r\n", bomb), all)
	if g.Pages() != 2 || g.Record.Sizes[0] != mostBody {
		t.Errorf("a bomb: %d pages, %d bytes", g.Pages(), g.Record.Sizes[0])
	}
}

func FuzzWARC(f *testing.F) {
	f.Add(response("https://a.example/", typeHTML, "<a href=1>1</a>") +
		record("metadata", "https://a.example/", "", "fetchTimeMs: 4"))
	f.Add(response("https://a.example/", typeHTML+"Transfer-Encoding: chunked\r\n", "5\r\n<a hr\r\n0\r\n"))
	f.Add(answer("https://a.example/", "302 Found", "Location: /x\r\n", ""))
	f.Fuzz(func(t *testing.T, content string) { fuzzed(t, "warc", content) })
}
