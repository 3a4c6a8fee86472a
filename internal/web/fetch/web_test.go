package fetch

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crawlbench/internal/crawl"
)

func TestLinksAreThoseOfTheDocument(t *testing.T) {
	does := func(c net.Conn, path string) bool {
		if path == "/old" {
			return text("HTTP/1.1 301 Moved\r\nLocation: /dir/new\r\nContent-Length: 0\r\n\r\n")(c, path)
		}
		return html("<a href=a>a</a><a href='../b#c'>b</a><a href=http://Y.example>y</a><a href=a>a</a>")(c, path)
	}
	inBubble(t, does, Settings{}, func(t *testing.T, _ *rawSite, c *Client) {
		links, err := NewWeb(c).Fetch(t.Context(), "http://x.example/old")
		want := []string{"http://x.example/dir/a", "http://x.example/b", "http://y.example/", "http://x.example/dir/a"}
		if err != nil || !slices.Equal(links, want) {
			t.Errorf("links %q, %v: want %q", links, err, want)
		}
		r, err := c.Get(t.Context(), "http://x.example/old")
		if err != nil || r.Redirects != 1 || r.URL != "http://x.example/dir/new" || r.Status != 200 {
			t.Errorf("%+v, %v: want one redirect to /dir/new", r, err)
		}
	})
}

// Redirects are followed up to the bound, and no further.
func TestRedirectsAreCounted(t *testing.T) {
	does := func(c net.Conn, path string) bool {
		var left int
		fmt.Sscanf(path, "/%d", &left)
		if left == 0 {
			return html("")(c, path)
		}
		return text(fmt.Sprintf("HTTP/1.1 308 Moved\r\nLocation: %d\r\nContent-Length: 0\r\n\r\n", left-1))(c, path)
	}
	for _, test := range []struct {
		bound, chain int
		ok           bool
	}{{0, 10, true}, {0, 11, false}, {3, 3, true}, {3, 4, false}, {-1, 0, true}, {-1, 1, false}} {
		s := settings()
		s.Redirects = test.bound
		inBubble(t, does, s, func(t *testing.T, site *rawSite, c *Client) {
			r, err := c.Get(t.Context(), fmt.Sprintf("http://x.example/%d", test.chain))
			e := (*Error)(nil)
			switch {
			case test.ok && (err != nil || r.Redirects != test.chain):
				t.Errorf("bound %d: %v, want %d redirects", test.bound, err, test.chain)
			case !test.ok && (!errors.As(err, &e) || e.Class != Redirects || site.requests.Load() != int64(test.chain)):
				t.Errorf("bound %d, %d redirects: %v after %d requests, want class %q after %d", test.bound, test.chain, err,
					site.requests.Load(), Redirects, test.chain)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		date := func(d time.Duration) string { return now.Add(d).UTC().Format(http.TimeFormat) }
		for _, test := range []struct {
			after, date string
			want        time.Duration
			ok          bool
		}{
			{"", "", 0, false}, {"soon", "", 0, false}, {"-1", "", 0, false}, {"1.5", "", 0, false},
			{"0", "", 0, true}, {"120", "", 2 * time.Minute, true}, {" 7 ", "", 7 * time.Second, true},
			{"99999999999999999999", "", math.MaxInt64, true}, {"9223372037", "", math.MaxInt64, true},
			{date(time.Minute), "", time.Minute, true}, {date(-time.Minute), "", 0, true},
			{date(time.Hour), date(59 * time.Minute), time.Minute, true}, // the clock of the host is ahead
			{now.Add(time.Minute).UTC().Format(time.RFC850), "", time.Minute, true},
		} {
			h := http.Header{}
			for name, value := range map[string]string{"Retry-After": test.after, "Date": test.date} {
				if value != "" {
					h.Set(name, value)
				}
			}
			if got, ok := retryAfter(h); got != test.want || ok != test.ok {
				t.Errorf("Retry-After %q, Date %q: %v, %v: want %v, %v", test.after, test.date, got, ok, test.want, test.ok)
			}
		}
	})
}

func TestSlowDown(t *testing.T) {
	for _, test := range []struct {
		answer string
		want   *crawl.SlowDown
	}{
		{"429 Slow\r\nRetry-After: 3", &crawl.SlowDown{Status: 429, After: 3 * time.Second}},
		{"503 Busy\r\nRetry-After: Sat, 01 Jan 2000 00:00:09 GMT", &crawl.SlowDown{Status: 503, After: 9 * time.Second}},
		{"429 Slow", nil}, {"503 Busy\r\nRetry-After: never", nil}, {"500 Oops\r\nRetry-After: 3", nil},
		{"404 No\r\nRetry-After: 3", nil},
	} {
		does := text("HTTP/1.1 " + test.answer + "\r\nContent-Length: 0\r\n\r\n")
		inBubble(t, does, Settings{}, func(t *testing.T, _ *rawSite, c *Client) {
			_, err := NewWeb(c).Fetch(t.Context(), "http://x.example/")
			got, e := (*crawl.SlowDown)(nil), (*Error)(nil)
			is := errors.As(err, &got)
			status := errors.As(err, &e) && e.Class == Status
			if is != (test.want != nil) || is && *got != *test.want || !is && !status {
				t.Errorf("%q: %v, want %v", test.answer, err, test.want)
			}
		})
	}
}

// robotsSite answers a robots.txt.
func robotsSite(answer string) answer {
	return func(c net.Conn, path string) bool {
		if path != "/robots.txt" {
			return html("")(c, path)
		}
		time.Sleep(time.Second) // so that those who ask meanwhile wait
		return text(answer)(c, path)
	}
}

func TestRobots(t *testing.T) {
	rules := "User-agent: *\nDisallow: /private\nCrawl-delay: 7\n"
	long := "User-agent: *\nDisallow: /private\n" + strings.Repeat("#", 1<<20)
	ok := func(body string) string { return response("text/plain", body) }
	empty := func(status string) string { return "HTTP/1.1 " + status + "\r\nContent-Length: 0\r\n\r\n" }
	for _, test := range []struct {
		name, answer    string
		public, private bool // are allowed
		again           bool // there is an error, and the next page asks again
		delay           time.Duration
	}{
		{"rules", ok(rules), true, false, false, 7 * time.Second},
		{"none", empty("404 No"), true, true, false, 0},
		{"forbidden", empty("403 No"), true, true, false, 0},
		{"broken", empty("500 No"), false, false, false, 0},
		{"busy", empty("503 No"), false, false, false, 0},
		{"busy for a while", empty("503 No\r\nRetry-After: 5"), false, false, true, 0},
		{"reset", "HTTP/1.1", false, false, false, 0},
		{"longer than anybody reads", ok(long), true, false, false, 0},
		{"endless", begin + "\r\n" + long, true, false, false, 0},
	} {
		does := robotsSite(test.answer)
		if test.name == "reset" || test.name == "endless" {
			inner := does
			does = func(c net.Conn, path string) bool { inner(c, path); return false }
		}
		inBubble(t, does, Settings{Workers: 9, Agent: "crawlbench/1.0"}, func(t *testing.T, site *rawSite, c *Client) {
			w := NewWeb(c)
			asked := func() {
				var all sync.WaitGroup
				for i := range 9 {
					all.Go(func() {
						r, err := w.Robots(t.Context(), fmt.Sprintf("http://x.example/%d", i))
						allowed := func(path string) bool {
							return err == nil && (r.Allowed == nil || r.Allowed("http://x.example"+path))
						}
						public, private := allowed("/public?q"), allowed("/private/x")
						if err != nil || public != test.public || private != test.private {
							t.Errorf("%s: /public %v, /private %v, %v", test.name, public, private, err)
						}
						if r.CrawlDelay != test.delay {
							t.Errorf("%s: crawl delay %v, want %v", test.name, r.CrawlDelay, test.delay)
						}
					})
				}
				all.Wait()
			}
			if test.again {
				for range 2 {
					if _, err := w.Robots(t.Context(), "http://x.example/"); !errors.As(err, new(*crawl.SlowDown)) {
						t.Errorf("%s: %v, want a SlowDown", test.name, err)
					}
				}
				if n := site.requests.Load(); n != 2 {
					t.Errorf("%s: %d requests, want 2", test.name, n)
				}
				return
			}
			asked()
			asked()
			if n := site.requests.Load(); n != 1 {
				t.Errorf("%s: %d requests of robots.txt, want 1", test.name, n)
			}
			_, err := w.Robots(t.Context(), "http://y.example/")
			if n := site.requests.Load(); err != nil || n != 2 {
				t.Errorf("%s: another host: %v after %d requests, want 2", test.name, err, n)
			}
		})
	}
}

// A body may have as many bytes as the bound, with a length, in chunks and inflated, and not one more.
func TestTheLargestBody(t *testing.T) {
	for _, more := range []int{0, 1} {
		body := strings.Repeat("x", most+more)
		for name, does := range map[string]answer{
			"with a length": html(body),
			"in chunks":     text(fmt.Sprintf("%s%x\r\n%s\r\n0\r\n\r\n", chunked, len(body), body)),
			"compressed":    gzipped(zipped([]byte(body))),
		} {
			inBubble(t, does, settings(), func(t *testing.T, _ *rawSite, c *Client) {
				r, err := c.Get(t.Context(), "http://x.example/")
				e := (*Error)(nil)
				right := err == nil && len(r.Body) == most
				if more > 0 {
					right = errors.As(err, &e) && e.Class == TooLarge
				}
				if !right {
					t.Errorf("%s, %d bytes: %v", name, len(body), err)
				}
			})
		}
	}
}

func TestWorkersAreAtLeastOne(t *testing.T) {
	if got := (Settings{}).set().Workers; got != 1 {
		t.Errorf("%d workers by default, want 1", got)
	}
}

func TestEncodings(t *testing.T) {
	const page = "<a href=/x>x</a>"
	packed := zipped([]byte(page))
	for encoding, body := range map[string]string{
		"gzip": packed, "x-gzip": packed, "GZIP": packed, "identity": page, "": page,
	} {
		does := text(fmt.Sprintf("%sContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s", begin, encoding, len(body), body))
		inBubble(t, does, settings(), func(t *testing.T, _ *rawSite, c *Client) {
			if r, err := c.Get(t.Context(), "http://x.example/"); err != nil || string(r.Body) != page {
				t.Errorf("encoding %q: %v", encoding, err)
			}
		})
	}
}

// The time without a byte of a body ends with the body: after a redirect the next header has its own.
func TestTheHeaderAfterARedirectHasItsOwnTime(t *testing.T) {
	const wait = header - time.Second
	if wait <= idle {
		t.Fatal("the header must have more time than a byte of the body")
	}
	does := func(c net.Conn, path string) bool {
		if path == "/old" {
			return text("HTTP/1.1 302 Found\r\nLocation: /new\r\nContent-Length: 3\r\n\r\nold")(c, path)
		}
		time.Sleep(wait)
		return html("")(c, path)
	}
	inBubble(t, does, settings(), func(t *testing.T, _ *rawSite, c *Client) {
		begin := time.Now()
		if _, err := c.Get(t.Context(), "http://x.example/old"); err != nil || time.Since(begin) != wait {
			t.Errorf("after %v: %v", time.Since(begin), err)
		}
	})
}

// A redirect can be a page with one link, and robots.txt is followed all the same.
func TestRedirectsAsLinks(t *testing.T) {
	does := func(c net.Conn, path string) bool {
		switch path {
		case "/old":
			return text("HTTP/1.1 301 Moved\r\nLocation: new#x\r\nContent-Length: 0\r\n\r\n")(c, path)
		case "/robots.txt":
			return text("HTTP/1.1 301 Moved\r\nLocation: /rules\r\nContent-Length: 0\r\n\r\n")(c, path)
		case "/rules":
			return text(response("text/plain", "User-agent: *\nDisallow: /no"))(c, path)
		}
		return html("<a href=/x>x</a>")(c, path)
	}
	s := settings()
	s.RedirectLinks = true
	inBubble(t, does, s, func(t *testing.T, site *rawSite, c *Client) {
		w := NewWeb(c)
		for path, want := range map[string]string{"/old": "http://x.example/new", "/new": "http://x.example/x"} {
			links, err := w.Fetch(t.Context(), "http://x.example"+path)
			if err != nil || !slices.Equal(links, []string{want}) {
				t.Errorf("%s: links %q, %v, want %s", path, links, err, want)
			}
		}
		says, err := w.Robots(t.Context(), "http://x.example/")
		if err != nil || says.Allowed("http://x.example/no") || !says.Allowed("http://x.example/yes") {
			t.Errorf("robots.txt: %v", err)
		}
	})
}
