package server_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"crawlbench/internal/web/server"
)

// discard is a ResponseWriter that keeps nothing.
type discard struct{ *httptest.ResponseRecorder }

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// BenchmarkPage serves pages that were made before, or makes them each time.
func BenchmarkPage(b *testing.B) {
	g := build(b, 1000, 10)
	for name, memory := range map[string]int64{"kept": 0, "made": -1} {
		b.Run(name, func(b *testing.B) {
			s, err := server.New(g, instant, server.Settings{Shares: server.DefaultShares(), Memory: memory})
			if err != nil {
				b.Fatal(err)
			}
			s.Prepare()
			requests := make([]*http.Request, g.Pages())
			for p := range requests {
				requests[p] = httptest.NewRequest("GET", s.URL(uint32(p)), nil)
			}
			w := discard{httptest.NewRecorder()}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if i%len(requests) == 0 {
					s.Reset()
				}
				s.ServeHTTP(w, requests[i%len(requests)])
			}
		})
	}
}
