package fetch

import (
	"net"
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
	for _, test := range traps() {
		s := settings()
		s.Workers = test.workers
		inBubble(t, body, s, func(t *testing.T, site *rawSite, c *Client) {
			c.transport = test.mutant(c.transport)
			defer c.Close()
			test.each(func(address string) {
				if _, err := c.Get(t.Context(), address); err != nil {
					t.Error(err)
				}
			})
			if got := site.dials.Load(); got != test.dials {
				t.Errorf("%s: %d connections for %d fetches, want %d", test.name, got, site.requests.Load(), test.dials)
			}
		})
	}
}

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
