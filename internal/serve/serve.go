package serve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Serve answers requests at addr until ctx ends. It calls ready with the URL once it can. Any other address than one of
// the loopback interface lets others read the profiles; then every name of this machine is accepted.
func Serve(ctx context.Context, addr string, h http.Handler, ready func(url string)) error {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("serve: %w: choose another address with -addr", err)
	}
	tcp := ln.Addr().(*net.TCPAddr)
	server := &http.Server{
		Handler:           guard(h, !tcp.IP.IsLoopback()),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    1 << 16,
	}
	done := make(chan error, 1)
	go func() {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		done <- server.Shutdown(grace)
	}()
	ready("http://" + ln.Addr().String() + "/")
	if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	if err := <-done; !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return server.Close() // a request that takes longer than the grace
}

// guard refuses requests that come from pages of others: by a name that is not this machine's, or across origins.
func guard(h http.Handler, anyHost bool) http.Handler {
	return http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !anyHost && !local(r.Host) {
			http.Error(w, "this server answers to localhost only", http.StatusMisdirectedRequest)
			return
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("X-Frame-Options", "DENY")
		h.ServeHTTP(w, r)
	}))
}
