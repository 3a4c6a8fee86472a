package frontier_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"crawlbench/bench/redis/frontier"
	"crawlbench/bench/redis/server"
	"crawlbench/bench/redis/server/servertest"
	"crawlbench/internal/crawl"
	"crawlbench/internal/host"
)

// web is a site in memory.
type web [][]uint32

func (w web) Fetch(_ context.Context, page uint32) ([]uint32, error) { return w[page], nil }

const (
	pages    = 100_000
	hostSize = 100
	degree   = 10
)

func hostOf(page uint32) uint32 { return page / hostSize }

// drawn returns a site whose pages have 10 links, a share of them to pages of their own host.
func drawn(intra float64) web {
	draw := rand.New(rand.NewPCG(1, 2))
	w := make(web, pages)
	for p := range w {
		for range degree {
			link := draw.Uint32N(pages)
			if draw.Float64() < intra {
				link = uint32(p)/hostSize*hostSize + draw.Uint32N(hostSize)
			}
			w[p] = append(w[p], link)
		}
	}
	return w
}

// crawls crawls a site with a number of processes, and returns how many pages they fetched.
type crawls func(b *testing.B, url, name string, w web, processes, workers int) int

// BenchmarkCosts measures the processor time of server and clients for a page, for crawlers and for the simple
// prototypes below, in turn, and reports the ratios.
func BenchmarkCosts(b *testing.B) {
	for _, test := range []struct {
		name, crawler, params string
		processes             int
		intra                 float64
		prototype             crawls
	}{
		{"redislua", "redislua", "batch=64", 2, 0, protoLua},
		{"redislease", "redislease", "batch=64", 2, 0, protoLua},
		{"redisshards", "redisshards", "", 4, 0.85, protoShards},
	} {
		b.Run(test.name, func(b *testing.B) {
			s := servertest.Start(b, server.Options{})
			w := drawn(test.intra)
			const rounds = 4
			var cost [2][2]time.Duration // ours and the prototype's, of server and clients
			var done [2]int
			n := 0
			for b.Loop() {
				for range rounds {
					for i, run := range []crawls{ours(test.crawler), test.prototype} {
						n++
						name := fmt.Sprintf("bench%d", n)
						begin, client := cpu(b, s), host.CPUTime()
						done[i] += run(b, s.URL(), name, w, test.processes, 4)
						cost[i][1] += host.CPUTime() - client
						cost[i][0] += cpu(b, s) - begin
						if err := s.Forget(name); err != nil {
							b.Fatal(err)
						}
					}
				}
			}
			us := func(i, side int) float64 { return float64(cost[i][side].Nanoseconds()) / 1e3 / float64(done[i]) }
			b.ReportMetric(us(0, 0), "server-us/page")
			b.ReportMetric(us(0, 1), "client-us/page")
			b.ReportMetric(us(1, 0), "proto-server-us/page")
			b.ReportMetric(us(1, 1), "proto-client-us/page")
			b.ReportMetric(us(0, 0)/us(1, 0), "server-ratio")
			b.ReportMetric(us(0, 1)/us(1, 1), "client-ratio")
		})
	}
}

func cpu(b *testing.B, s *server.Server) time.Duration {
	used, err := s.CPU()
	if err != nil {
		b.Fatal(err)
	}
	return used
}

// ours runs a crawler of this package.
func ours(name string) crawls {
	return func(b *testing.B, url, crawlName string, w web, processes, workers int) int {
		var total, calls atomic.Int64
		defer func() { b.Logf("%d pages a call", total.Load()/calls.Load()) }()
		var all sync.WaitGroup
		for _, c := range frontier.Crawlers() {
			if c.Name != name {
				continue
			}
			for i := range processes {
				all.Go(func() {
					did, err := c.ByID(b.Context(), w, []uint32{0}, crawl.Options{
						Workers: workers, SizeHint: pages,
						Politeness: &crawl.Politeness{HostOf: hostOf, PerHost: 64},
						Count:      func(name string, n int) { calls.Add(int64(n)) },
						Fleet:      &crawl.Fleet{Index: i, Processes: processes, Server: url, Name: crawlName},
					})
					if err != nil {
						b.Error(err)
					}
					total.Add(int64(did.Pages))
				})
			}
		}
		all.Wait()
		return int(total.Load())
	}
}

// client returns a client of the server.
func client(b testing.TB, url string) *redis.Client {
	c, err := server.Client(url)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	return c
}

// protoLua is the plain way: all links of a batch of 64 pages in, 64 pages out, with a call of SADD for each link.
func protoLua(b *testing.B, url, name string, w web, processes, workers int) int {
	step := redis.NewScript(`local new = 0
		for i = 3, #ARGV do
			if redis.call('SADD', KEYS[1], ARGV[i]) == 1 then redis.call('RPUSH', KEYS[2], ARGV[i]) new = new + 1 end
		end
		local left = redis.call('INCRBY', KEYS[3], new - ARGV[1])
		return {left, redis.call('LPOP', KEYS[2], ARGV[2]) or {}}`)
	keys := []string{name + ":seen", name + ":queue", name + ":left"}
	if err := step.Run(b.Context(), client(b, url), keys, 0, 0, "0").Err(); err != nil {
		b.Fatal(err)
	}
	var total atomic.Int64
	var all sync.WaitGroup
	for range processes {
		c := client(b, url)
		for range workers {
			all.Go(func() {
				args := []any{0, 64}
				for {
					reply, err := step.Run(b.Context(), c, keys, args...).Slice()
					if err != nil {
						b.Error(err)
						return
					}
					if reply[0] == int64(0) {
						return
					}
					list := reply[1].([]any)
					if len(list) == 0 {
						time.Sleep(time.Millisecond)
					}
					args = append(args[:0], len(list), 64)
					for _, p := range list {
						page, _ := strconv.Atoi(p.(string))
						links, _ := w.Fetch(b.Context(), uint32(page))
						for _, l := range links {
							args = append(args, strconv.Itoa(int(l)))
						}
					}
					total.Add(int64(len(list)))
				}
			})
		}
	}
	all.Wait()
	return int(total.Load())
}

// protoShards is the plain way with owners: hosts belong to processes, all links to others go into a list of theirs
// in batches of 64, nothing is written for the case that a process dies, and a counter of processes at work and
// batches on their way says when the crawl is over.
func protoShards(b *testing.B, url, name string, w web, processes, _ int) int {
	send := redis.NewScript(`redis.call('RPUSH', KEYS[1], ARGV[1]) return redis.call('INCR', KEYS[2])`)
	left := name + ":left"
	client(b, url).Set(b.Context(), left, processes, 0)
	var total atomic.Int64
	var all sync.WaitGroup
	for me := range processes {
		all.Go(func() {
			c := client(b, url)
			owner := func(page uint32) int { return int(page/hostSize) % processes }
			seen, queue := make([]bool, pages), []uint32(nil)
			out := make([][]string, processes)
			flush := func(to int) {
				if len(out[to]) > 0 {
					keys := []string{name + ":inbox:" + strconv.Itoa(to), left}
					send.Run(b.Context(), c, keys, strings.Join(out[to], " "))
					out[to] = out[to][:0]
				}
			}
			add := func(page uint32) {
				if to := owner(page); to != me {
					if out[to] = append(out[to], strconv.Itoa(int(page))); len(out[to]) == 64 {
						flush(to)
					}
				} else if !seen[page] {
					seen[page] = true
					queue = append(queue, page)
				}
			}
			if owner(0) == me {
				add(0)
			}
			inbox := name + ":inbox:" + strconv.Itoa(me)
			atWork := true
			for {
				for len(queue) > 0 {
					page := queue[len(queue)-1]
					queue = queue[:len(queue)-1]
					links, _ := w.Fetch(b.Context(), page)
					total.Add(1)
					for _, l := range links {
						add(l)
					}
				}
				for to := range out {
					flush(to)
				}
				batch, err := c.LPop(b.Context(), inbox).Result()
				switch {
				case err == nil:
					if atWork {
						c.Decr(b.Context(), left) // the batch counts no more
					}
					atWork = true
					for text := range strings.SplitSeq(batch, " ") {
						page, _ := strconv.Atoi(text)
						add(uint32(page))
					}
					continue
				case atWork:
					atWork = false
					c.Decr(b.Context(), left)
				}
				if n, _ := c.Get(b.Context(), left).Int(); n == 0 {
					return
				}
				time.Sleep(time.Millisecond)
			}
		})
	}
	all.Wait()
	return int(total.Load())
}
