package limit

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"crawlbench/bench/redis/server"
	"crawlbench/bench/redis/server/servertest"
	"crawlbench/internal/crawl"
	"crawlbench/internal/host"
)

// cost is the processor time of a grant, in µs, and how many calls it takes.
type cost struct{ client, server, calls float64 }

func (c cost) sum() float64 { return c.client + c.server }

// BenchmarkCost measures the processor time of a grant, of the client and of the server, at a real server: at a rate
// that the libraries do not reach, and at one that binds, where some have to ask again. It measures all limiters in
// turn, a few hundred grants at a time, and also shows each as a multiple of redisrate: the median, with the quartiles
// over the rounds in brackets. An operation is a round.
//
//	go test -run '^$' -bench Cost -benchtime 30x ./limit
func BenchmarkCost(b *testing.B) {
	s := servertest.Start(b, server.Options{})
	for _, rate := range []float64{50_000, 2000} {
		for _, goroutines := range []int{1, 16} {
			b.Run(fmt.Sprintf("rate=%.0f/goroutines=%d", rate, goroutines), func(b *testing.B) {
				benchmarkCost(b, s, rate, goroutines)
			})
		}
	}
}

func benchmarkCost(b *testing.B, s *server.Server, rate float64, goroutines int) {
	const grants = 400
	burst := int(rate / 100)
	const reference = "redisrate"
	var names []string
	limiters := map[string]crawl.Limiter{}
	for _, k := range All() {
		if k.Name == "share" {
			continue // it has no server
		}
		name := fmt.Sprintf("cost-%.0f-%d-%d", rate, goroutines, b.N)
		l, err := k.New(rate, burst, &crawl.Fleet{Processes: 1, Server: s.URL(), Name: name})
		if err != nil {
			b.Fatal(err)
		}
		defer l.(interface{ Close() error }).Close()
		names = append(names, k.Name)
		limiters[k.Name] = l
	}
	costs := map[string][]cost{}
	measure := func(name string) cost {
		calls := limiters[name].(interface{ Calls() int64 }).Calls
		before, err := s.CPU()
		if err != nil {
			b.Fatal(err)
		}
		own, called := host.CPUTime(), calls()
		wait(b, limiters[name], goroutines, grants)
		own, called = host.CPUTime()-own, calls()-called
		after, err := s.CPU()
		if err != nil {
			b.Fatal(err)
		}
		perGrant := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 / grants }
		return cost{perGrant(own), perGrant(after - before), float64(called) / grants}
	}
	for _, name := range names {
		measure(name) // connects
	}
	for round := 0; b.Loop(); round++ {
		for i := range names {
			name := names[(round+i)%len(names)]
			costs[name] = append(costs[name], measure(name))
		}
	}
	b.ReportMetric(0, "ns/op") // of no interest
	for _, name := range names {
		var client, server, calls, ratio []float64
		for i, c := range costs[name] {
			client, server, calls = append(client, c.client), append(server, c.server), append(calls, c.calls)
			ratio = append(ratio, c.sum()/costs[reference][i].sum())
		}
		b.ReportMetric(quantile(client, 0.5), name+"-client-us/grant")
		b.ReportMetric(quantile(server, 0.5), name+"-server-us/grant")
		b.ReportMetric(quantile(ratio, 0.5), name+"/"+reference)
		b.Logf("%-12s client %6.2f us, server %6.2f us, %5.2f calls, %5.2f [%.2f, %.2f] of %s", name, quantile(client, 0.5),
			quantile(server, 0.5), quantile(calls, 0.5), quantile(ratio, 0.5), quantile(ratio, 0.25), quantile(ratio, 0.75),
			reference)
	}
}

// wait makes waits, divided among the goroutines.
func wait(b *testing.B, l crawl.Limiter, goroutines, waits int) {
	var all sync.WaitGroup
	for range goroutines {
		all.Go(func() {
			for range waits / goroutines {
				if err := l.Wait(b.Context()); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

// quantile returns a quantile of a list, which it sorts.
func quantile(list []float64, q float64) float64 {
	slices.Sort(list)
	at := q * float64(len(list)-1)
	low := int(at)
	high := min(low+1, len(list)-1)
	return list[low] + (at-math.Floor(at))*(list[high]-list[low])
}
