// Package limit has the rate limiters for fleets: the processes of a crawl share one rate.
//
// All lists them. Each is made from the rate of the whole fleet and the fleet's server, and is a limiter like any other
// to the crawler. Without their server they fail closed: Wait returns an error, and nothing is fetched.
//
// The file ../limits.md shows what each lets through; the tests of this package compute it in virtual time.
package limit

import (
	"fmt"

	"github.com/redis/go-redis/v9"

	"crawlbench/bench/redis/server"
	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/limiter"
)

// Default is the name of the recommended limiter.
const Default = "redisslots"

// All returns the limiters, in the order in which results show them.
func All() []crawl.LimiterKind {
	var list []crawl.LimiterKind
	for _, k := range kinds() {
		list = append(list, crawl.LimiterKind{Name: k.name, Doc: k.doc, Fleet: true, Wrong: k.wrong,
			New: func(rate float64, burst int, f *crawl.Fleet) (crawl.Limiter, error) {
				if f == nil || f.Server == "" {
					return nil, fmt.Errorf("limiter %s: no server: want the URL of the one that all processes share", k.name)
				}
				client, err := server.Client(f.Server)
				if err != nil {
					return nil, fmt.Errorf("limiter %s: %w", k.name, err)
				}
				l, err := k.make(newConn(k.name, client, f, rate, burst), rate, burst)
				if err != nil {
					client.Close()
				}
				return l, err
			}})
	}
	return append(list, crawl.LimiterKind{Name: "share", Fleet: true, Local: true,
		Doc: "each process has its share of the rate, without a server; what an idle one leaves is lost", New: newShare})
}

// kind is a kind of limiter that has a server.
type kind struct {
	name, doc, wrong string
	make             func(c *conn, rate float64, burst int) (crawl.Limiter, error)
}

func kinds() []kind {
	return []kind{
		{name: Default, doc: "blocks of 10 ms of pages, reserved with one call and given out in order of arrival", make: newSlots},
		{name: "redisreserve", doc: "the generic cell rate algorithm at the server: a call reserves a page and returns its time",
			make: newReserve},
		{name: "redisrate", doc: "go-redis/redis_rate v10: the same algorithm, which refuses and has to be asked again", make: newRate},
		{name: "throttled", doc: "throttled v2.15: the same algorithm in the client, by compare-and-swap at the server",
			make: newThrottled},
		{name: "rediswindow", doc: "ulule/limiter v3.11: a counter for each second", make: newWindow,
			wrong: "a fixed window lets twice the rate through at its edge, all at once, and knows no burst"},
	}
}

// newShare gives each process its part of rate and burst, at least one page of burst: with a burst smaller than the
// fleet, all processes together exceed it.
func newShare(rate float64, burst int, f *crawl.Fleet) (crawl.Limiter, error) {
	n := 1
	if f != nil {
		n = max(1, f.Processes)
	}
	return limiter.New("paced", rate/float64(n), max(1, burst/n)), nil
}

// key returns the name under which a limiter keeps its state. It has the rate and the burst in it, because what was
// written for one rate is wrong for another.
func key(f *crawl.Fleet, kind string, rate float64, burst int) string {
	return fmt.Sprintf("%s:limit:%s:%g/s:%d", f.Name, kind, rate, burst)
}

// newConn returns the connection of a limiter. Its state is at key.
func newConn(kind string, client *redis.Client, f *crawl.Fleet, rate float64, burst int) *conn {
	c := &conn{kind: kind, client: client, url: server.Redacted(f.Server), key: key(f, kind, rate, burst),
		others: max(0, f.Processes-1)}
	client.AddHook(counter{&c.count})
	return c
}
