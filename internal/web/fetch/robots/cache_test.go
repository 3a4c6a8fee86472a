package robots

import (
	"context"
	"errors"
	"strconv"
	"strings"
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

// Who waits for the fetch of another caller, which does not come back from it, makes its own.
func TestCacheOutlivesTheFirstCaller(t *testing.T) {
	for what, leave := range map[string]func(context.Context) (Rules, error){
		"its context ends": func(ctx context.Context) (Rules, error) { <-ctx.Done(); return Rules{}, ctx.Err() },
		"it panics":        func(ctx context.Context) (Rules, error) { <-ctx.Done(); panic("planted") },
	} {
		synctest.Test(t, func(t *testing.T) {
			var cache Cache
			s := server{says: AllowAll}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			go func() {
				defer func() { recover() }()
				cache.Rules(ctx, "a", leave)
			}()
			synctest.Wait()
			var wg sync.WaitGroup
			for range 3 {
				wg.Go(func() {
					if r, err := cache.Rules(t.Context(), "a", s.rules("a")); err != nil || !r.Allowed("/") {
						t.Errorf("%s: allowed %v, %v, want what the host says", what, r.Allowed("/"), err)
					}
				})
			}
			wg.Wait()
			if s.asked["a"] != 1 {
				t.Errorf("%s: the others have asked %d times, want once", what, s.asked["a"])
			}
		})
	}
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

// Hosts with long files are forgotten early, and what they took is counted back.
func TestCacheIsBoundedInBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cache Cache
		long := server{says: Rules{set: &ruleSet{bytes: maxRules / 10}}}
		short := server{says: Parse([]byte("User-agent: *\nDisallow: /a")).Rules("crawlbench")}
		ask := func(s *server, host string) {
			if _, err := cache.Rules(t.Context(), host, s.rules(host)); err != nil {
				t.Fatal(err)
			}
			sum := 0
			for _, e := range cache.hosts {
				sum += e.bytes
			}
			if cache.bytes != sum || sum > maxRules {
				t.Fatalf("%d bytes are counted, and %d kept: want the same, and at most %d", cache.bytes, sum, maxRules)
			}
		}
		for i := range 100 {
			ask(&short, "short"+strconv.Itoa(i))
			ask(&long, "long"+strconv.Itoa(i))
		}
		ask(&long, "long99")
		if long.asked["long99"] != 1 || len(cache.hosts) < 5 {
			t.Errorf("the last host was asked %d times, and %d are kept: want 1, and at least 5", long.asked["long99"],
				len(cache.hosts))
		}
		time.Sleep(MaxAge + time.Second)
		ask(&short, "long99") // which has a short file now
	})
}

func TestRulesKnowTheirSize(t *testing.T) {
	const lines = 1000
	r := Parse([]byte(all + strings.Repeat("Disallow: /0123456789\n", lines))).Rules("crawlbench")
	if least := lines * len("/0123456789"); r.bytes() < least || r.bytes() > 10*least {
		t.Errorf("%d bytes, want at least the %d of the patterns", r.bytes(), least)
	}
	if AllowAll.bytes() != 0 || DisallowAll.bytes() != 0 {
		t.Error("rules without patterns have a size")
	}
}
