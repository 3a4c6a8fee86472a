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

// Serve answers requests at addr until ctx ends. It calls ready with the URL of the root once it
// can, and whether others
// than this machine can reach it. Any other address than one of the loopback interface lets others read the runs; then
// every name of this machine is accepted.
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
	return server.Close() // a request that takes longer than the grace
}

// newServer returns the server of Serve. A client that says nothing, sends a body or does not read is dropped.
func newServer(ctx context.Context, h http.Handler, open bool) *http.Server {
	return &http.Server{
		Handler:                      guard(h, open),
		DisableGeneralOptionsHandler: true, // which would answer before guard
		ReadHeaderTimeout:            10 * time.Second,
		ReadTimeout:                  10 * time.Second, // of a whole request; its handler may say otherwise
		WriteTimeout:                 time.Minute,      // of an answer, in the same way
		IdleTimeout:                  time.Minute,
		MaxHeaderBytes:               1 << 15,
		BaseContext:                  func(net.Listener) context.Context { return ctx }, // events end with it
		// of what clients do wrong
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
}
