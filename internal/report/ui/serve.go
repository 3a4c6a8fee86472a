package ui

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Serve serves h at addr until ctx ends. When it listens, it calls ready with the URL of the root,
// and with open true if other machines can reach it. An address other than loopback lets others
// read the runs; requests may then use any host name.
func Serve(ctx context.Context, addr string, h http.Handler, ready func(url string, open bool)) error {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("serve: %w: choose another address with -addr", err)
	}
	open := !ln.Addr().(*net.TCPAddr).IP.IsLoopback()
	server := newServer(ctx, h, open)
	done := make(chan error, 1)
	go func() {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		done <- server.Shutdown(grace)
	}()
	ready("http://"+ln.Addr().String()+"/", open)
	if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	if err := <-done; !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return server.Close() // a request exceeded the grace period
}

// newServer returns the server of Serve. It drops clients that send nothing, send a body, or do not read.
func newServer(ctx context.Context, h http.Handler, open bool) *http.Server {
	return &http.Server{
		Handler:                      guard(h, open),
		DisableGeneralOptionsHandler: true, // it would respond before guard
		ReadHeaderTimeout:            10 * time.Second,
		ReadTimeout:                  10 * time.Second, // for a whole request; its handler may change it
		WriteTimeout:                 time.Minute,      // for a response; its handler may change it
		IdleTimeout:                  time.Minute,
		MaxHeaderBytes:               1 << 15,
		BaseContext:                  func(net.Listener) context.Context { return ctx }, // events end with it
		// errors of clients are not logged
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
}
