package fetch

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"crawlbench/internal/web/server/pipenet"
)

// answer writes a response to a request of a path, byte for byte. It returns false to end the connection.
type answer func(c net.Conn, path string) bool

// text answers with the same bytes and keeps the connection.
func text(s string) answer {
	return func(c net.Conn, _ string) bool { c.Write([]byte(s)); return true }
}

// html answers with an HTML page.
func html(body string) answer { return text(response("text/html", body)) }

// rawSite is a server that does not speak HTTP but writes what it is told. It counts.
type rawSite struct {
	*pipenet.Network
	answer          answer
	dials, requests atomic.Int64
	open            atomic.Int64 // connections that the client has not closed
	read            atomic.Int64 // bytes that the client has read
}

func (s *rawSite) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := s.Dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	s.dials.Add(1)
	s.open.Add(1)
	return &countedConn{Conn: c, site: s}, nil
}

type countedConn struct {
	net.Conn
	site   *rawSite
	closed atomic.Bool
}

func (c *countedConn) Close() error {
	if !c.closed.Swap(true) {
		c.site.open.Add(-1)
	}
	return c.Conn.Close()
}

func (c *countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.site.read.Add(int64(n))
	return n, err
}

func (s *rawSite) serve() {
	for {
		c, err := s.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			for from := bufio.NewReader(c); ; {
				r, err := http.ReadRequest(from)
				if err != nil {
					return
				}
				s.requests.Add(1)
				if !s.answer(c, r.URL.Path) {
					return
				}
			}
		}()
	}
}

// inBubble calls f in virtual time with a client of a raw site. A connection or a goroutine that is left fails the
// test.
func inBubble(t *testing.T, a answer, settings Settings, f func(t *testing.T, s *rawSite, c *Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &rawSite{Network: pipenet.New(), answer: a}
		go s.serve()
		if settings.Dial == nil {
			settings.Dial = s.dial
		}
		c := New(settings)
		f(t, s, c)
		c.Close()
		s.Close()
		synctest.Wait()
		if n := s.open.Load(); n != 0 {
			t.Errorf("%d connections are open after Close", n)
		}
		time.Sleep(time.Minute) // the site notices
		synctest.Wait()
	})
}
