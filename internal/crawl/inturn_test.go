package crawl_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"

	"crawlbench/internal/crawl"
)

// slow counts who waits on it at a time.
type slow struct {
	at, most int
	mu       sync.Mutex
	open     chan struct{}
}

func (s *slow) Wait(ctx context.Context) error {
	s.mu.Lock()
	s.at++
	s.most = max(s.most, s.at)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.at--
		s.mu.Unlock()
	}()
	select {
	case <-s.open:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

type nonReserving struct{ *slow }

func (nonReserving) NonReserving() {}

func TestOneAtATimeUnlessNonReserving(t *testing.T) {
	const crowd = 5
	for _, test := range []struct {
		name string
		of   func(*slow) crawl.Limiter
		most int
	}{
		{"plain", func(s *slow) crawl.Limiter { return s }, 1},
		{"non-reserving", func(s *slow) crawl.Limiter { return nonReserving{s} }, crowd},
		{"around a plain one", func(s *slow) crawl.Limiter { return crawl.Like(s, s) }, 1},
		{"around a non-reserving one", func(s *slow) crawl.Limiter { return crawl.Like(s, nonReserving{s}) }, crowd},
		{"in turn twice", func(s *slow) crawl.Limiter { return crawl.InTurn(s) }, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &slow{open: make(chan struct{})}
			l := crawl.InTurn(test.of(s))
			ctx, stop := context.WithCancel(t.Context())
			var all sync.WaitGroup
			for range crowd {
				all.Go(func() { l.Wait(ctx) })
			}
			synctest.Wait()
			if s.at != test.most {
				t.Errorf("%s: %d wait at a time, want %d", test.name, s.at, test.most)
			}
			for range crowd - 1 {
				s.open <- struct{}{}
				synctest.Wait()
			}
			stop()
			all.Wait()
			if s.most != test.most || s.at != 0 {
				t.Errorf("%s: %d waited at a time, want %d; %d are left", test.name, s.most, test.most, s.at)
			}
		})
	}
	if crawl.InTurn(nil) != nil {
		t.Error("no limiter became one")
	}
}
