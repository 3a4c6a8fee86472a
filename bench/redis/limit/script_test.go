package limit

import (
	"testing"

	"github.com/redis/go-redis/v9"

	"crawlbench/bench/redis/server"
	"crawlbench/bench/redis/server/servertest"
	"crawlbench/internal/crawl"
)

// The schedule moves by exactly what is reserved, at a real server and at the one for virtual time.
func TestScript(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) { checkScript(t, w.client(t, 0)) })
	s := servertest.Start(t, server.Options{})
	client, err := server.Client(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	checkScript(t, client)
}

func checkScript(t *testing.T, client *redis.Client) {
	t.Helper()
	const burst, others, interval = 3, 7, 1_000_000 // µs
	f := crawl.Fleet{Processes: 2, Server: "redis://127.0.0.1:1", Name: "crawl"}
	r := newReserver(newConn(Default, client, &f, 1, burst), 1, burst)
	defer r.Close()
	ctx := t.Context()
	reserve := func(pages int, known int64) int64 {
		t.Helper()
		got, err := r.reserve(ctx, pages, known, others)
		if err != nil {
			t.Fatal(err)
		}
		return got.end
	}
	moved := func(what string, from, to int64, pages int64) {
		t.Helper()
		if to-from != pages*interval {
			t.Errorf("%s: the end moved by %d µs, want %d pages of %d", what, to-from, pages, interval)
		}
	}

	now := client.Time(ctx).Val().UnixMicro()
	first := reserve(5, 0)
	if ahead := first - now; ahead < (burst+5)*interval || ahead > (burst+6)*interval {
		t.Errorf("a bucket that begins empty: the end is %d µs ahead, want %d pages of %d", ahead, burst+5, interval)
	}
	second := reserve(5, first)
	moved("a process that knows the end", first, second, 5)
	third := reserve(2, 0)
	moved("a process that has just started", second, third, 2)
	moved("a process that knows an earlier end", third, reserve(4, first), 4)

	client.FlushAll(ctx)
	fourth := reserve(1, third)
	moved("after a wipe", third, fourth, burst+others+1)
	moved("another process after a wipe", fourth, reserve(1, second), 1)

	old := client.Get(ctx, r.key).Val()
	fifth := reserve(6, fourth)
	client.Set(ctx, r.key, old, 0) // as by a replica that lags behind and takes over
	moved("after a server that has forgotten the last pages", fifth, reserve(1, fifth), burst+others+1)

	if ttl := client.PTTL(ctx, r.key).Val().Microseconds(); ttl < 3600*interval {
		t.Errorf("the schedule is kept for %d µs, want an hour more than it is long", ttl)
	}
}
