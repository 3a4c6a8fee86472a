package pipenet_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"crawlbench/internal/web/server/pipenet"
)

func TestHTTPInVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := pipenet.New()
		const nap = time.Hour
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(nap)
			io.WriteString(w, r.Host)
		})}
		go server.Serve(n)
		client := &http.Client{Transport: &http.Transport{DialContext: n.Dial}}
		begin := time.Now()
		for _, host := range []string{"a.example", "a.example", "b.example"} {
			resp, err := client.Get("http://" + host + "/")
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if string(body) != host {
				t.Errorf("%q was answered by %q", host, body)
			}
		}
		if took := time.Since(begin); took != 3*nap {
			t.Errorf("three answers took %v, want %v", took, 3*nap)
		}
		if n.Dials() != 2 {
			t.Errorf("%d connections, want one for each host", n.Dials())
		}
		client.CloseIdleConnections()
		server.Close()
	})
}

func TestDialEndsWithItsContextAndTheListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := pipenet.New()
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if _, err := n.Dial(ctx, "tcp", "a:80"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("nobody accepts, and Dial returns %v", err)
		}
		if _, err := n.Dial(ctx, "tcp", "a:80"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the context has ended, and Dial returns %v", err)
		}
		n.Close()
		n.Close()
		if _, err := n.Dial(t.Context(), "tcp", "a:80"); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the listener is closed, and Dial returns %v", err)
		}
		if _, err := n.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the listener is closed, and Accept returns %v", err)
		}
	})
}
