// Package serve answers the requests of a browser: the pages of package site over all runs in a directory, pprof's own UI
// over their profiles, and events about runs that go on. It only reads, by default for this machine only; it is the only
// package that knows net/http, but for the handlers of package flame.
package serve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Serve answers requests at addr until ctx ends. It calls ready with the URL of the root once it can, and whether others
// than this machine can reach it. Any other address than one of the loopback interface lets others read the runs; then
// every name of this machine is accepted.
func Serve(ctx context.Context, addr string, h http.Handler, ready func(url string, open bool)) error {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("serve: %w: choose another address with -addr", err)
	}
	open := !ln.Addr().(*net.TCPAddr).IP.IsLoopback()
	server := &http.Server{
		Handler:           guard(h, open),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    1 << 15,
		BaseContext:       func(net.Listener) context.Context { return ctx }, // events end with it
	}
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
