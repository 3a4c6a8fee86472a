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

// cost is the processor time of a grant, in µs.
type cost struct{ client, server float64 }

func (c cost) sum() float64 { return c.client + c.server }

// BenchmarkCost measures the processor time of a grant, of the client and of the server, at a rate that does not bind.
// It measures all limiters in turn, a few hundred grants at a time, in one run, and also shows each as a multiple of
// redisrate: the median and the quartiles over the rounds. An operation is a round.
//
//	go test -run '^$' -bench Cost -benchtime 50x ./limit
func BenchmarkCost(b *testing.B) {
	s := servertest.Start(b, server.Options{})
	for _, goroutines := range []int{1, 16} {
		b.Run(fmt.Sprintf("goroutines=%d", goroutines), func(b *testing.B) { benchmarkCost(b, s, goroutines) })
	}
}

func benchmarkCost(b *testing.B, s *server.Server, goroutines int) {
	const rate, burst, grants = 1e6, 1e6, 800
	subjects := map[string]func(*conn, float64, int) (crawl.Limiter, error){"redisslots-of-10": blocksOf(10)}
	for _, k := range kinds() {
		if k.name != Default { // whose block would be 10,000 pages
			subjects[k.name] = k.make
		}
	}
	const reference = "redisrate"
	var names []string
	limiters := map[string]crawl.Limiter{}
	for name, newOne := range subjects {
		client, err := server.Client(s.URL())
		if err != nil {
			b.Fatal(err)
		}
		f := crawl.Fleet{Processes: 1, Server: s.URL(), Name: fmt.Sprintf("cost-%d-%d", goroutines, b.N)}
		l, err := newOne(newConn(name, client, &f, rate, burst), rate, burst)
		if err != nil {
			b.Fatal(err)
		}
		defer l.(interface{ Close() error }).Close()
		names = append(names, name)
		limiters[name] = l
	}
	slices.Sort(names)
	costs := map[string][]cost{}
	measure := func(name string) cost {
		before, err := s.CPU()
		if err != nil {
			b.Fatal(err)
		}
		own := host.CPUTime()
		wait(b, limiters[name], goroutines, grants)
		own = host.CPUTime() - own
		after, err := s.CPU()
		if err != nil {
			b.Fatal(err)
		}
		perGrant := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 / grants }
		return cost{perGrant(own), perGrant(after - before)}
	}
	for _, name := range names {
		measure(name) // connects
	}
	for b.Loop() {
		for _, name := range names {
			costs[name] = append(costs[name], measure(name))
		}
	}
	b.ReportMetric(0, "ns/op") // of no interest
	for _, name := range names {
		var client, server, ratio []float64
		for i, c := range costs[name] {
			client, server = append(client, c.client), append(server, c.server)
			ratio = append(ratio, c.sum()/costs[reference][i].sum())
		}
		b.ReportMetric(quantile(client, 0.5), name+"-client-us/grant")
		b.ReportMetric(quantile(server, 0.5), name+"-server-us/grant")
		if name != reference {
			b.ReportMetric(quantile(ratio, 0.5), name+"/"+reference)
			b.Logf("%s costs %.2f [%.2f, %.2f] of %s", name, quantile(ratio, 0.5), quantile(ratio, 0.25),
				quantile(ratio, 0.75), reference)
		}
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
