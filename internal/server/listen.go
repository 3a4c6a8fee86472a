package server

import (
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
	err := server.Serve(ln)
	if !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("site: serve: %w", err)
	}
	<-done
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
