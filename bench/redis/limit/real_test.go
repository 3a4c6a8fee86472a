package limit

import (
	"sync"
	"testing"
	"time"

	"crawlbench/bench/redis/server"
	"crawlbench/bench/redis/server/servertest"
	"crawlbench/internal/crawl"
)

// The scripts do at a real server what they do in virtual time: pages are no faster than the rate, whatever the machine
// does meanwhile, and none is lost.
func TestRealServer(t *testing.T) {
	s := servertest.Start(t, server.Options{})
	const rate, burst, processes, waiters, waits = 2000, 20, 3, 4, 50
	for _, k := range All() {
		f := crawl.Fleet{Processes: processes, Server: s.URL(), Name: "real"}
		var all sync.WaitGroup
		var limiters []crawl.Limiter
		start := time.Now()
		for p := range processes {
			f.Index = p
			l, err := k.New(rate, burst, &f)
			if err != nil {
				t.Fatal(err)
			}
			limiters = append(limiters, l)
			for range waiters {
				all.Go(func() {
					for range waits {
						if err := l.Wait(t.Context()); err != nil {
							t.Errorf("%s: %v", k.Name, err)
						}
					}
				})
			}
		}
		all.Wait()
		took := time.Since(start)
		least := time.Duration(float64(processes*waiters*waits-burst) / rate * 1e9)
		if k.Wrong == "" && took < least {
			t.Errorf("%s: %d pages took %v, want at least %v", k.Name, processes*waiters*waits, took, least)
		}
		for _, l := range limiters {
			if l, ok := l.(interface{ Calls() int64 }); ok && l.Calls() == 0 {
				t.Errorf("%s: no call was counted", k.Name)
			}
			if l, ok := l.(interface{ Close() error }); ok {
				if err := l.Close(); err != nil {
					t.Errorf("%s: %v", k.Name, err)
				}
			}
		}
	}
}
