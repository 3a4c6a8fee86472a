package server_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/graph"
	"crawlbench/internal/web/server"
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

// What is not HTTP is counted, although the site never sees it. What it answers itself is not.
func TestRequestsThatAreNotHTTP(t *testing.T) {
	ln, _, err := server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := site(t, build(t, 50, 2), graph.Behaviour{}, server.Settings{})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, ln) }()
	host := strings.TrimPrefix(s.SeedURL(), "http://")
	host, _, _ = strings.Cut(host, "/")
	want := 0
	for text, invalid := range map[string]bool{
		"garbage\r\n\r\n":                                  true,
		"GET / HTTP/1.1\r\n\r\n":                           true, // no host
		"GET / x HTTP/1.1\r\nHost: " + host + "\r\n\r\n":   true,
		"GET /\x00 HTTP/1.1\r\nHost: " + host + "\r\n\r\n": true,
		"GET / HTTP/3.7\r\nHost: " + host + "\r\n\r\n":     true,
		"GET / HTTP/1.1\r\nHost: " + host + "\r\nX: " + strings.Repeat("x", 1<<16) + "\r\n\r\n": true,
		"\x16\x03\x01\x00\xc1\x01\x00\x00\xbd\x03\x03\r\n\r\n":                                  true, // TLS
		"GET / HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n":                     false,
		"GET /no HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n":                          false,
		"POST / HTTP/1.0\r\nHost: " + host + "\r\n\r\n":                                         false,
		"": false,
	} {
		conn, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, text)
		conn.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, conn) // until the server closes it
		conn.Close()
		if invalid {
			want++
		}
		if v := s.Verdict(); v.Invalid != want {
			t.Errorf("%.60q: %d requests are not HTTP, want %d", text, v.Invalid, want)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
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
