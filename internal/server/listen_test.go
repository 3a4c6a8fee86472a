package server_test

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/graph"
	"crawlbench/internal/server"
)

// TestOnASocket crawls through a socket of this machine, with the site as a proxy.
func TestOnASocket(t *testing.T) {
	ln, open, err := server.Listen("127.0.0.1:0")
	if err != nil || open {
		t.Fatal(open, err)
	}
	waits := graph.Behaviour{Latency: graph.Latency{Model: "constant", Median: time.Millisecond}}
	s := site(t, build(t, 300, 10), waits, server.Settings{Shares: server.DefaultShares(), Workers: 4})
	s.Prepare()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, ln) }()
	proxy := &url.URL{Scheme: "http", Host: ln.Addr().String()}
	tr := &http.Transport{Proxy: http.ProxyURL(proxy), MaxIdleConnsPerHost: 4}
	c := crawler{client: &http.Client{Transport: tr}, workers: 4}
	c.crawl(t, s.SeedURL())
	tr.CloseIdleConnections()
	if v := s.Verdict(); !v.OK || v.InFlight > 4 {
		t.Errorf("%+v", v)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", ln.Addr().String()); err == nil {
		t.Error("the listener is open after Serve")
	}
}

func TestListen(t *testing.T) {
	if _, _, err := server.Listen("256.0.0.1:0"); err == nil || !strings.HasPrefix(err.Error(), "site: ") {
		t.Error(err)
	}
	ln, open, err := server.Listen("0.0.0.0:0")
	if err != nil || !open {
		t.Fatal(open, err)
	}
	ln.Close()
}
