package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Serve serves the site on a listener until ctx ends, and closes it. Requests in flight then have a second to end.
func (s *Site) Serve(ctx context.Context, ln net.Listener) error {
	server := newServer(s)
	done := make(chan struct{})
	go func() {
		defer close(done)
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if server.Shutdown(grace) != nil {
			server.Close()
		}
	}()
	err := server.Serve(watched{ln, s})
	if !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("site: serve: %w", err)
	}
	<-done
	return nil
}

// watched is a listener whose connections tell the site about answers of net/http itself.
type watched struct {
	net.Listener
	site *Site
}

func (l watched) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &watchedConn{c, l.site}, nil
}

type watchedConn struct {
	net.Conn
	site *Site
}

// ownHeader is the whole header with which net/http answers what is not a valid request. Answers of the site have more.
const ownHeader = "\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"

// Write counts what net/http refuses before the site sees it.
func (c *watchedConn) Write(b []byte) (int, error) {
	const longest = 1 << 10 // of such an answer
	if len(b) < longest && bytes.HasPrefix(b, []byte("HTTP/1.1 ")) && bytes.Contains(b, []byte(ownHeader)) {
		c.site.journal.mu.Lock()
		c.site.journal.counts.Invalid++
		c.site.journal.mu.Unlock()
	}
	return c.Conn.Write(b)
}

// CloseWrite lets net/http end an answer before it has read all of a request.
func (c *watchedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// newServer returns the server of Serve. It drops clients that send nothing or do not read. The time for an answer
// has room for the longest latency.
func newServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:                      h,
		DisableGeneralOptionsHandler: true,
		ReadHeaderTimeout:            10 * time.Second,
		ReadTimeout:                  20 * time.Second,
		WriteTimeout:                 2 * time.Minute,
		IdleTimeout:                  2 * time.Minute,
		MaxHeaderBytes:               1 << 15,
		ErrorLog:                     slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // errors of clients
	}
}

// Listen returns a listener at an address, and whether other machines can reach it.
func Listen(addr string) (ln net.Listener, open bool, err error) {
	if ln, err = net.Listen("tcp", addr); err != nil {
		return nil, false, fmt.Errorf("site: %w", err)
	}
	return ln, !ln.Addr().(*net.TCPAddr).IP.IsLoopback(), nil
}
