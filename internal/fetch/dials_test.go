package fetch

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// The traps of HTTP clients cost connections. Each is a mutant of the client here, and how many connections it makes is
// known exactly: all workers fetch at the same time, from hosts in a fixed order.
func TestDials(t *testing.T) {
	const latency = 10 * time.Millisecond
	body := func(c net.Conn, path string) bool {
		time.Sleep(latency)
		return html("<a href=/x>x</a>")(c, path)
	}
	twist := func(f func(*http.Transport)) func(http.RoundTripper) http.RoundTripper {
		return func(r http.RoundTripper) http.RoundTripper { f(r.(*http.Transport)); return r }
	}
	right := func(r http.RoundTripper) http.RoundTripper { return r }
	capped := twist(func(t *http.Transport) { t.MaxIdleConns = 100 })
	zero := func(r http.RoundTripper) http.RoundTripper {
		return &http.Transport{DialContext: r.(*http.Transport).DialContext}
	}
	noKeepAlive := twist(func(t *http.Transport) { t.DisableKeepAlives = true })
	for _, test := range []struct {
		name                   string
		mutant                 func(http.RoundTripper) http.RoundTripper
		hosts, workers, rounds int
		dials                  int64
	}{
		{"right, one host", right, 1, 8, 10, 8},
		{"right, many hosts", right, 300, 1, 5, 300},
		{"right, many hosts and workers", right, 120, 4, 5, 480},
		{"as many hosts as MaxIdleConns", capped, 100, 1, 5, 100},
		{"MaxIdleConns 100", capped, 300, 1, 5, 1500}, // the oldest connection is closed, and is the next to be needed
		{"body not read to its end", func(r http.RoundTripper) http.RoundTripper { return unread{r} }, 1, 8, 10, 80},
		{"zero Transport", zero, 1, 8, 10, 8 + 9*6}, // which keeps two connections for a host
		{"no keep-alive", noKeepAlive, 1, 8, 10, 80},
	} {
		s := settings()
		s.Workers = test.workers
		inBubble(t, body, s, func(t *testing.T, site *rawSite, c *Client) {
			c.transport = test.mutant(c.transport)
			defer c.Close()
			for range test.rounds {
				for host := range test.hosts {
					var all sync.WaitGroup
					for range test.workers {
						all.Go(func() {
							if _, err := c.Get(t.Context(), fmt.Sprintf("http://h%d.example/", host)); err != nil {
								t.Error(err)
							}
						})
					}
					all.Wait()
				}
			}
			if got := site.dials.Load(); got != test.dials {
				t.Errorf("%s: %d connections for %d fetches, want %d", test.name, got, site.requests.Load(), test.dials)
			}
		})
	}
}

// unread is the mutant that takes a part of a body for the whole.
type unread struct{ http.RoundTripper }

func (u unread) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := u.RoundTripper.RoundTrip(r)
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, 4), resp.Body}
	}
	return resp, err
}

func (u unread) CloseIdleConnections() { u.RoundTripper.(*http.Transport).CloseIdleConnections() }

// A response that is skipped keeps its connection if it is short.
func TestConnectionsOfSkippedBodies(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer string
		dials  int64
	}{
		{"not found", "HTTP/1.1 404 No\r\nContent-Length: 3\r\n\r\nno\n", 1},
		{"image", "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 3\r\n\r\nxyz", 1},
		{"video", "HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 99999999\r\n\r\nxyz", 5},
		{"gzip", begin + "Content-Encoding: gzip\r\nContent-Length: 23\r\n\r\n" + zipped(nil), 1},
		{"chunks", chunked + "1\r\nx\r\n0\r\n\r\n", 1},
		{"close", begin + "Connection: close\r\nContent-Length: 0\r\n\r\n", 5},
	} {
		inBubble(t, text(test.answer), settings(), func(t *testing.T, site *rawSite, c *Client) {
			for range 5 {
				c.Get(t.Context(), "http://x.example/")
			}
			if got := site.dials.Load(); got != test.dials {
				t.Errorf("%s: %d connections for 5 fetches, want %d", test.name, got, test.dials)
			}
		})
	}
}
