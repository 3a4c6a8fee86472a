package fetch

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawler/mutexmap"
)

const (
	begin   = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
	chunked = begin + "Transfer-Encoding: chunked\r\n\r\n"
)

func response(kind, body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", kind, len(body), body)
}

// endless writes first, and then more for as long as somebody reads.
func endless(first, more string) answer {
	return func(c net.Conn, _ string) bool {
		_, err := io.WriteString(c, first)
		for chunk := []byte(strings.Repeat(more, 1+8192/len(more))); err == nil; {
			_, err = c.Write(chunk)
		}
		return false
	}
}

// drip writes first at once, and then a byte of more in each interval.
func drip(first, more string, every time.Duration) answer {
	return func(c net.Conn, _ string) bool {
		_, err := io.WriteString(c, first)
		for i := 0; err == nil; i++ {
			time.Sleep(every)
			_, err = c.Write([]byte{more[i%len(more)]})
		}
		return false
	}
}

// silent writes first and then nothing, until the client gives up.
func silent(first string) answer {
	return func(c net.Conn, _ string) bool {
		io.WriteString(c, first)
		io.Copy(io.Discard, c)
		return false
	}
}

// last writes text and ends the connection.
func last(text string) answer {
	return func(c net.Conn, _ string) bool { io.WriteString(c, text); return false }
}

func zipped(text []byte) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(text)
	z.Close()
	return b.String()
}

func gzipped(zipped string) answer {
	return text(fmt.Sprintf("%sContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", begin, len(zipped), zipped))
}

const (
	most    = 64 << 10
	headers = 16 << 10
	header  = 7 * time.Second
	idle    = 5 * time.Second
	whole   = 40 * time.Second
	dialing = 3 * time.Second
	shaking = 4 * time.Second
)

// hostile is a way in which a site harms a client that trusts it.
type hostile struct {
	name  string
	does  answer
	class Class         // "": it does no harm
	takes time.Duration // exactly
	https bool
	dial  dial
}

type dial = func(ctx context.Context, network, address string) (net.Conn, error)

// piped returns a dial whose connections are served by f.
func piped(f func(net.Conn)) dial {
	return func(context.Context, string, string) (net.Conn, error) {
		c, server := net.Pipe()
		go func() { defer server.Close(); f(server) }()
		return c, nil
	}
}

func fails(err error) dial {
	return func(context.Context, string, string) (net.Conn, error) { return nil, err }
}

func hostileSites() []hostile {
	page := zipped([]byte(`<a href=/good>good</a>`))
	bomb := zipped(make([]byte, 64*most))
	empty := string([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}) // the header of a gzip file; blocks follow
	return []hostile{
		{name: "endless body", does: endless(begin+"\r\n", "x"), class: TooLarge},
		{name: "endless chunks", does: endless(chunked, "1\r\nx\r\n"), class: TooLarge},
		{name: "endless chunk extension", does: endless(chunked+"1;", "x"), class: Protocol},
		{name: "endless trailer", does: endless(chunked+"0\r\n", "a: b\r\n"), class: Protocol},
		{name: "endless header", does: endless(begin, "A: b\r\n"), class: TooLarge},
		{name: "endless header line", does: endless(begin+"A: ", "b"), class: TooLarge},
		{name: "endless status line", does: endless("HTTP/1.1 200 ", "x"), class: TooLarge},
		{name: "endless interim responses", does: endless("", "HTTP/1.1 102 Processing\r\n\r\n"), class: TooLarge},
		{name: "length of a terabyte", does: silent(begin + "Content-Length: 1099511627776\r\n\r\n"), class: TooLarge},
		{name: "body of a megabyte in an error", does: endless("HTTP/1.1 500 Oops\r\n\r\n", "x"), class: Status},
		{name: "video", does: endless("HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n\r\n", "x"), class: NotHTML},
		{name: "long video", class: NotHTML,
			does: silent("HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 1000000\r\n\r\n")},

		{name: "silence", does: silent(""), class: Timeout, takes: header},
		{name: "slow header", does: drip("HTTP/1.1 200 OK\r\nA: ", "b", time.Second), class: Timeout, takes: header},
		{name: "no body", does: silent(begin + "Content-Length: 10\r\n\r\n"), class: Timeout, takes: idle},
		{name: "body that stops", does: silent(begin + "Content-Length: 10\r\n\r\nabc"), class: Timeout, takes: idle},
		{name: "slow body", class: Timeout, takes: whole,
			does: drip(begin+"Content-Length: 1000\r\n\r\n", "x", idle-time.Second)},
		{name: "slow compressed nothing", class: Timeout, takes: whole,
			does: drip(begin+"Content-Encoding: gzip\r\n\r\n"+empty, "\x00\x00\x00\xff\xff", time.Second)},
		{name: "slow error", class: Status, takes: whole,
			does: drip("HTTP/1.1 404 No\r\nContent-Length: 1000\r\n\r\n", "x", time.Second)},
		{name: "no connection", class: Timeout, takes: dialing,
			dial: func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }},
		{name: "no handshake", class: Timeout, takes: shaking, https: true,
			dial: piped(func(c net.Conn) { io.Copy(io.Discard, c) })},

		{name: "no name", class: DNS,
			dial: fails(&net.DNSError{Err: "no such host", Name: "x.example", IsNotFound: true})},
		{name: "refused", class: Connect, dial: fails(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED})},
		{name: "no TLS", class: TLS, https: true, dial: piped(func(c net.Conn) {
			c.Read(make([]byte, 4096))
			io.WriteString(c, "HTTP/1.0 400 This is HTTP\r\n\r\n")
		})},
		{name: "end in the handshake", class: TLS, https: true,
			dial: piped(func(c net.Conn) { c.Read(make([]byte, 4096)) })},

		{name: "bomb", does: gzipped(bomb), class: TooLarge},
		{name: "compressed nothing without end", does: endless(begin+"Content-Encoding: gzip\r\n\r\n"+empty,
			"\x00\x00\x00\xff\xff"), class: TooLarge},
		{name: "bomb behind a page", does: gzipped(page + bomb), class: TooLarge},
		{name: "compressed page that is cut", does: gzipped(page[:len(page)-9]), class: Protocol},
		{name: "wrong checksum", does: gzipped(page[:len(page)-8] + "12345678"), class: Protocol},
		{name: "not compressed", does: gzipped("<a href=/good>good</a>"), class: Protocol},
		{name: "other encoding", does: text(begin + "Content-Encoding: br\r\nContent-Length: 1\r\n\r\nx"), class: Protocol},
		{name: "empty compressed page", does: gzipped(""), class: ""},

		{name: "length too long", does: last(begin + "Content-Length: 100\r\n\r\nabc"), class: Protocol},
		{name: "length too short", does: text(begin + "Content-Length: 3\r\n\r\nabcdefghij"), class: ""},
		{name: "negative length", does: text(begin + "Content-Length: -1\r\n\r\nabc"), class: Protocol},
		{name: "two lengths", does: text(begin + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"), class: Protocol},
		{name: "chunk of no size", does: text(chunked + "x\r\n"), class: Protocol},
		{name: "end in the chunks", does: last(chunked + "5\r\nab"), class: Protocol},
		{name: "reset at once", does: last(""), class: Protocol},
		{name: "reset in the header", does: last("HTTP/1.1 200 OK\r\nContent-Ty"), class: Protocol},
		{name: "other protocol", does: last("220 smtp.example ESMTP\r\n"), class: Protocol},
		{name: "switch of the protocol", does: silent("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n" +
			"Connection: Upgrade\r\n\r\n"), class: Protocol},

		{name: "redirect without end", does: func(c net.Conn, path string) bool {
			fmt.Fprintf(c, "HTTP/1.1 302 Found\r\nLocation: %sx\r\nContent-Length: 0\r\n\r\n", path)
			return true
		}, class: Redirects},
		{name: "redirect to itself", does: func(c net.Conn, path string) bool {
			fmt.Fprintf(c, "HTTP/1.1 301 Moved\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", path)
			return true
		}, class: Redirects},
		{name: "redirect to nowhere", does: text("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"), class: Protocol},
		{name: "redirect to a file", does: text("HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n" +
			"Content-Length: 0\r\n\r\n"), class: Protocol},
		{name: "redirect to bytes", does: text("HTTP/1.1 302 Found\r\nLocation: http://\x01\xff:x/\r\n" +
			"Content-Length: 0\r\n\r\n"), class: Protocol},
		{name: "redirect with an endless body", does: endless("HTTP/1.1 302 Found\r\nLocation: /good\r\n\r\n", "x"), class: ""},

		{name: "bytes", does: html("\x00\xff\xfe<a href=\"\x00\">\x00</a><a href=\"/\xff\xfe\">\xc3</a><a href=/good>good</a>"),
			class: ""},
		{name: "deep", does: html(strings.Repeat("<b>", most/3-10) + "<a href=/good>"), class: ""},
		{name: "tag without end", does: html("<a href=/good>good</a><a " + strings.Repeat("x ", most/3)), class: ""},
		{name: "type without sense", does: text("HTTP/1.1 200 OK\r\nContent-Type: text/html; ;;charset=\x80\r\n" +
			"Content-Length: 1\r\n\r\nx"), class: ""},
		{name: "forbidden", does: text("HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r\nno\n"), class: Status},
	}
}

// settings returns small bounds.
func settings() Settings {
	return Settings{
		MaxBody: most, MaxHeader: headers, DialTimeout: dialing, TLSTimeout: shaking, HeaderTimeout: header,
		IdleTimeout: idle, WholeTimeout: whole,
	}
}

// quiet keeps package net/http from reporting what it thinks of the site.
func quiet(t testing.TB) {
	before := log.Writer()
	log.SetOutput(io.Discard)
	t.Cleanup(func() { log.SetOutput(before) })
}

func TestHostileSites(t *testing.T) {
	quiet(t)
	for _, h := range hostileSites() {
		t.Run(h.name, func(t *testing.T) {
			s := settings()
			s.Dial = h.dial
			does := func(c net.Conn, path string) bool {
				if path == "/good" {
					return html("")(c, path)
				}
				return h.does(c, path)
			}
			inBubble(t, does, s, func(t *testing.T, site *rawSite, c *Client) {
				address := "http://x.example/"
				if h.https {
					address = "https://x.example/"
				}
				start := time.Now()
				_, err := c.Get(t.Context(), address)
				took := time.Since(start)
				class := Class("")
				if e := (*Error)(nil); errors.As(err, &e) {
					class = e.Class
				} else if err != nil {
					t.Errorf("the error %v has no class", err)
				}
				if class != h.class {
					t.Errorf("%v: class %q, want %q", err, class, h.class)
				}
				if took != h.takes {
					t.Errorf("it took %v, want %v (%v)", took, h.takes, err)
				}
				// Package net/http reads 4 KiB at a time; a skipped body has its own bound. A chunk of one byte
				// takes six.
				bound := int64(max(most, drainMost) + headers + 16<<10)
				if h.name == "endless chunks" {
					bound *= 6
				}
				if got := site.read.Load(); got > bound {
					t.Errorf("%d bytes were read, want at most %d", got, bound)
				}
			})
		})
	}
}

// A crawl of a site that has every hostile page, and good ones between them, ends and has all the good ones.
func TestCrawlGoesOn(t *testing.T) {
	quiet(t)
	list := hostileSites()
	var links strings.Builder
	bad := 0
	for i, h := range list {
		if h.dial != nil {
			continue
		}
		if h.class != "" {
			bad++
		}
		fmt.Fprintf(&links, "<a href=/hostile/%d/x>bad</a><a href=/good/%d>good</a>", i, i)
	}
	does := func(c net.Conn, path string) bool {
		var i int
		switch {
		case path == "/":
			return html(links.String())(c, path)
		case strings.HasPrefix(path, "/good"):
			return html("<a href=/good>")(c, path)
		case func() bool { n, _ := fmt.Sscanf(path, "/hostile/%d/", &i); return n == 1 }():
			return list[i].does(c, path)
		}
		return text("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")(c, path)
	}
	pages := 1 + strings.Count(links.String(), "href") + 1 // and /good
	// The page "bytes" links to a page beside it, which is the same, and to one that is not there.
	other, missing := 2, 1
	for _, workers := range []int{1, 3, 16} {
		s := settings()
		s.Workers = workers
		inBubble(t, does, s, func(t *testing.T, site *rawSite, c *Client) {
			did, err := mutexmap.Crawler().ByURL(t.Context(), NewWeb(c), []string{"http://x.example/"},
				crawl.Options{Workers: workers})
			if err != nil || did.Pages != pages+other || did.Errors != bad+missing {
				t.Errorf("with %d workers it fetched %d pages, %d of which failed, %v: want %d and %d", workers, did.Pages,
					did.Errors, err, pages+other, bad+missing)
			}
		})
	}
}

func TestAMillionLinks(t *testing.T) {
	const n = 1_000_000
	does := html(strings.Repeat("<a href=1>", n))
	inBubble(t, does, Settings{}, func(t *testing.T, _ *rawSite, c *Client) {
		links, err := NewWeb(c).Fetch(t.Context(), "http://x.example/a/b")
		if err != nil || len(links) != n || links[n-1] != "http://x.example/a/1" {
			t.Errorf("%d links, %v: want %d", len(links), err, n)
		}
	})
	does = html(strings.Repeat("<a href=1>", n+n/16))
	inBubble(t, does, Settings{}, func(t *testing.T, _ *rawSite, c *Client) {
		_, err := NewWeb(c).Fetch(t.Context(), "http://x.example/a/b")
		if e := (*Error)(nil); !errors.As(err, &e) || e.Class != TooLarge {
			t.Errorf("a page of more than 10 MiB: %v, want class %q", err, TooLarge)
		}
	})
}

// A cancelled fetch returns at once with the context's error, whatever it is waiting for.
func TestCancel(t *testing.T) {
	for _, h := range hostileSites() {
		if h.takes <= time.Second {
			continue
		}
		s := settings()
		s.Dial = h.dial
		inBubble(t, h.does, s, func(t *testing.T, _ *rawSite, c *Client) {
			address := "http://x.example/"
			if h.https {
				address = "https://x.example/"
			}
			const after = 1500 * time.Millisecond
			ctx, cancel := context.WithTimeout(t.Context(), after)
			defer cancel()
			start := time.Now()
			_, err := c.Get(ctx, address)
			if took := time.Since(start); err != context.DeadlineExceeded || took != after {
				t.Errorf("%s: cancelled after %v it returned %v after %v", h.name, after, err, took)
			}
		})
	}
}

func FuzzResponse(f *testing.F) {
	f.Add([]byte(response("text/html", "<a href=/x>")))
	f.Add([]byte(chunked + "5\r\nabcde\r\n0\r\n\r\n"))
	f.Add([]byte(begin + "Content-Encoding: gzip\r\n\r\n" + zipped([]byte("<a href=x>"))))
	f.Add([]byte("HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 503 No\r\nRetry-After: 99999999999999999999\r\n\r\n"))
	quiet(f)
	f.Fuzz(func(t *testing.T, bytes []byte) {
		inBubble(t, last(string(bytes)), settings(), func(t *testing.T, site *rawSite, c *Client) {
			start := time.Now()
			_, err := NewWeb(c).Fetch(t.Context(), "http://x.example/")
			if e := (*Error)(nil); err != nil && !errors.As(err, &e) && !errors.As(err, new(*crawl.SlowDown)) {
				t.Errorf("the error %v has no class", err)
			}
			if took := time.Since(start); took > whole {
				t.Errorf("it took %v, want at most %v", took, whole)
			}
		})
	})
}
