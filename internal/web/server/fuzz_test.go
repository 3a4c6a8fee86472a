package server_test

import (
	"bufio"
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"

	"crawlbench/internal/graph"
	"crawlbench/internal/web/server"
)

// FuzzRequests answers any request that net/http accepts. Only URLs of pages are answered by pages.
func FuzzRequests(f *testing.F) {
	for _, request := range []string{
		"GET http://www.h0.example/news/page-0.html HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /news/page-0.html HTTP/1.1\r\nHost: WWW.h0.example.:80\r\nAccept-Encoding: gzip;q=1\r\n\r\n",
		"GET /-/moved/1/1 HTTP/1.1\r\nHost: www.h0.example\r\n\r\n", "GET / HTTP/1.0\r\n\r\n",
		"CONNECT www.h0.example:443 HTTP/1.1\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
		"HEAD /robots.txt HTTP/1.1\r\nHost: www.h0.example/x\r\n\r\n", "GET ?%zz HTTP/1.1\r\nHost: [::1\r\n\r\n",
	} {
		f.Add([]byte(request))
	}
	g, err := graph.Build(f.Context(), graph.Spec{Kind: "chain", Pages: 3, Seed: 1}, 0)
	if err != nil {
		f.Fatal(err)
	}
	s, err := server.New(g, instant, server.Settings{Shares: server.Shares{Redirects: 1, Forbidden: 0.5}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, request []byte) {
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(request)))
		if err != nil {
			t.Skip()
		}
		s.Reset()
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		v := s.Verdict()
		page := w.Code == http.StatusOK && r.Method == http.MethodGet && v.Robots == 0
		if v.Requests != 1 || page != (v.Served == 1) || v.Unknown.Count > 0 && w.Code < 400 {
			t.Errorf("%q is answered by %d: %+v", request, w.Code, v)
		}
	})
}
