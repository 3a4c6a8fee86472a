package robots

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// server counts how often each host is asked.
type server struct {
	mu    sync.Mutex
	asked map[string]int
	says  Rules
	err   error
}

func (s *server) rules(host string) func(context.Context) (Rules, error) {
	return func(ctx context.Context) (Rules, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.asked == nil {
			s.asked = map[string]int{}
		}
		s.asked[host]++
		return s.says, s.err
	}
}

func TestCacheAsksAgainWhenRulesAreOld(t *testing.T) {
	for _, c := range []struct {
		what  string
		says  Rules
		after time.Duration
		asked int
	}{
		{"rules, within a day", AllowAll, MaxAge - time.Second, 1},
		{"rules, after a day", AllowAll, MaxAge + time.Second, 2},
		{"unreachable, within an hour", DisallowAll, MaxAgeError - time.Second, 1},
		{"unreachable, after an hour", DisallowAll, MaxAgeError + time.Second, 2},
	} {
		synctest.Test(t, func(t *testing.T) {
			var cache Cache
			s := server{says: c.says}
			for range 2 {
				r, err := cache.Rules(t.Context(), "a", s.rules("a"))
				if err != nil || r.Allowed("/") != c.says.Allowed("/") {
					t.Errorf("%s: allowed %v, %v", c.what, r.Allowed("/"), err)
				}
				time.Sleep(c.after)
			}
			if s.asked["a"] != c.asked {
				t.Errorf("%s: asked %d times, want %d", c.what, s.asked["a"], c.asked)
			}
		})
	}
}

func TestCacheSharesAFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cache Cache
		s := server{says: AllowAll}
		var wg sync.WaitGroup
		begin := time.Now()
		for i := range 10 {
			wg.Go(func() {
				host := strconv.Itoa(i % 2)
				_, err := cache.Rules(t.Context(), host, func(ctx context.Context) (Rules, error) {
					time.Sleep(time.Second)
					return s.rules(host)(ctx)
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if s.asked["0"] != 1 || s.asked["1"] != 1 || time.Since(begin) != time.Second {
			t.Errorf("asked %v in %v, want each host once in 1s", s.asked, time.Since(begin))
		}
	})
}

func TestCacheKeepsNoErrors(t *testing.T) {
	var cache Cache
	s := server{err: errors.New("no answer")}
	for range 2 {
		if r, err := cache.Rules(t.Context(), "a", s.rules("a")); err != s.err || r.Allowed("/") {
			t.Errorf("allowed %v, %v, want the error and no pages", r.Allowed("/"), err)
		}
	}
	func() {
		defer func() { recover() }()
		cache.Rules(t.Context(), "a", func(context.Context) (Rules, error) { panic("planted") })
	}()
	s.err = nil
	if r, err := cache.Rules(t.Context(), "a", s.rules("a")); err != nil || !r.Allowed("/") || s.asked["a"] != 3 {
		t.Errorf("after errors: allowed %v, %v, asked %d times, want 3", r.Allowed("/"), err, s.asked["a"])
	}
}

func TestCacheWaitEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cache Cache
		go cache.Rules(t.Context(), "a", func(context.Context) (Rules, error) {
			time.Sleep(time.Hour)
			return AllowAll, nil
		})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		r, err := cache.Rules(ctx, "a", nil)
		if err != context.DeadlineExceeded || r.Allowed("/") || time.Since(begin) != time.Second {
			t.Errorf("allowed %v, %v after %v, want the deadline after 1s", r.Allowed("/"), err, time.Since(begin))
		}
		time.Sleep(time.Hour)
	})
}

func TestCacheIsBounded(t *testing.T) {
	var cache Cache
	s := server{says: AllowAll}
	for i := range 2 * maxHosts {
		host := strconv.Itoa(i)
		if _, err := cache.Rules(t.Context(), host, s.rules(host)); err != nil {
			t.Fatal(err)
		}
		if len(cache.hosts) > maxHosts {
			t.Fatalf("%d hosts are kept, want at most %d", len(cache.hosts), maxHosts)
		}
	}
}
