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

// A real server that is killed and started again is not seen by those who wait, except as time, although it has
// forgotten everything.
func TestRealServerThatRestarts(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for a server that restarts")
	}
	for _, k := range kinds() {
		s := servertest.Start(t, server.Options{})
		client, err := server.Client(s.URL())
		if err != nil {
			t.Fatal(err)
		}
		f := crawl.Fleet{Processes: 1, Server: s.URL(), Name: "restart"}
		l, err := k.make(newConn(k.name, client, &f, 1000, 10), 1000, 10)
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for range 100 {
					if err := l.Wait(t.Context()); err != nil {
						t.Errorf("%s: %v", k.name, err)
						return
					}
				}
			})
		}
		time.Sleep(20 * time.Millisecond)
		if err := s.Kill(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
		if err := s.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		all.Wait()
		if err := l.(interface{ Close() error }).Close(); err != nil {
			t.Error(err)
		}
	}
}
