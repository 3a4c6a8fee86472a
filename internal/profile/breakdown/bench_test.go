package breakdown_test

import (
	"bytes"
	"io"
	"runtime/trace"
	"testing"

	"crawlbench/internal/profile/breakdown"
)

// BenchmarkMark measures the cost that a trace adds to a page, besides the events of the crawler
// itself.
func BenchmarkMark(b *testing.B) {
	b.Run("tracing", func(b *testing.B) {
		if err := trace.Start(io.Discard); err != nil {
			b.Fatal(err)
		}
		defer trace.Stop()
		for b.Loop() {
			breakdown.Mark()
		}
	})
	b.Run("not", func(b *testing.B) {
		for b.Loop() {
			breakdown.Mark()
		}
	})
}

func BenchmarkRead(b *testing.B) {
	c := make(chan int)
	text := traced(b, func() {
		breakdown.Crawl(func() {
			go func() {
				for i := range 40_000 {
					c <- i
				}
				close(c)
			}()
			pool(4, 10_000, func(int, int) { <-c })()
		})
	})
	events := 0
	b.ReportAllocs()
	for b.Loop() {
		l, _, err := breakdown.Read(bytes.NewReader(text), options(4))
		if err != nil {
			b.Fatal(err)
		}
		events = l.Events
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*events), "ns/event")
	b.ReportMetric(float64(len(text))/float64(events), "bytes/event")
}
