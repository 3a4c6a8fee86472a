//go:build unix

package limiter

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"crawlbench/internal/crawl"
)

// BenchmarkWait measures the cost of a wait at a rate that does not bind, except for ticker, which
// has no burst.
func BenchmarkWait(b *testing.B) {
	for _, k := range All() {
		for _, goroutines := range []int{1, 8, 64} {
			b.Run(fmt.Sprintf("limiter=%s/goroutines=%d", k.Name, goroutines), func(b *testing.B) {
				b.ReportAllocs()
				runWaits(b, k.New(1e9, 1e7), goroutines)
			})
		}
	}
}

// BenchmarkPace measures the cost of a wait at a rate that binds: see cpu-ns/op, since the elapsed
// time is the limiter's.
func BenchmarkPace(b *testing.B) {
	const rate = 1e6
	for _, k := range All() {
		for _, goroutines := range []int{1, 64} {
			b.Run(fmt.Sprintf("limiter=%s/goroutines=%d", k.Name, goroutines), func(b *testing.B) {
				b.ReportAllocs()
				start := processTime()
				runWaits(b, k.New(rate, rate/100), goroutines)
				b.ReportMetric(float64((processTime()-start).Nanoseconds())/float64(b.N), "cpu-ns/op")
			})
		}
	}
}

// runWaits makes b.N waits, divided among the goroutines.
func runWaits(b *testing.B, l crawl.Limiter, goroutines int) {
	ctx := context.Background()
	var all sync.WaitGroup
	for g := range goroutines {
		all.Go(func() {
			for range b.N*(g+1)/goroutines - b.N*g/goroutines {
				l.Wait(ctx)
			}
		})
	}
	all.Wait()
}
