package mutant

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"crawlbench/internal/crawl"
)

// beside returns the mutants that share state with concurrent crawls, or without a lock.
func beside() []Mutant {
	return []Mutant{
		both("slotsshared", "concurrent crawls with the same Workers share their slots", "a semaphore in a package variable",
			slotsShared[uint32](), slotsShared[string]()),
		both("turnshared", "concurrent crawls wait on their limiters one at a time", "a lock in a package variable",
			turnShared[uint32](), turnShared[string]()),
		both("errorsshared", "all crawls count errors in one variable, which each crawl resets", "a counter in a package variable",
			errorsShared[uint32](), errorsShared[string]()),
		both("racyerrors", "errors are counted without a lock", "a second counter, outside the lock",
			racyErrors, racyErrors),
		both("seenbyweb", "concurrent crawls of one Web share their visited set", "one visited set per client",
			seenByWeb[uint32](), seenByWeb[string]()),
	}
}

func slotsShared[K comparable]() twist[K] {
	var mu sync.Mutex
	places, users := map[int]chan struct{}{}, map[int]int{}
	return func(ctx context.Context, c call[K]) (crawl.Result, error) {
		mu.Lock()
		if users[c.Workers]++; users[c.Workers] == 1 {
			places[c.Workers] = make(chan struct{}, c.Workers)
		}
		own := places[c.Workers]
		mu.Unlock()
		defer func() {
			mu.Lock()
			defer mu.Unlock()
			users[c.Workers]--
		}()
		return c.fetches(ctx, func(ctx context.Context, page K) ([]K, error) {
			own <- struct{}{}
			defer func() { <-own }()
			return c.web.Fetch(ctx, page)
		})
	}
}

func turnShared[K comparable]() twist[K] {
	var mu sync.Mutex
	var turn chan struct{}
	users := 0
	return func(ctx context.Context, c call[K]) (crawl.Result, error) {
		l := c.Limiter
		if l == nil {
			return c.crawl(ctx)
		}
		mu.Lock()
		if users++; users == 1 {
			turn = make(chan struct{}, 1)
		}
		own := turn
		mu.Unlock()
		defer func() {
			mu.Lock()
			defer mu.Unlock()
			users--
		}()
		c.Limiter = waiter(func(ctx context.Context) error {
			select {
			case own <- struct{}{}:
				defer func() { <-own }()
			case <-ctx.Done():
				return ctx.Err()
			}
			return l.Wait(ctx)
		})
		return c.crawl(ctx)
	}
}

func errorsShared[K comparable]() twist[K] {
	var failed atomic.Int64
	return func(ctx context.Context, c call[K]) (crawl.Result, error) {
		failed.Store(0)
		did, err := c.answers(ctx, func(_ context.Context, _ K, links []K, err error) ([]K, error) {
			if err != nil {
				failed.Add(1)
			}
			return links, err
		})
		did.Errors = int(failed.Load())
		return did, err
	}
}

func racyErrors[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	n := 0
	did, err := c.answers(ctx, func(_ context.Context, _ K, links []K, err error) ([]K, error) {
		if err != nil {
			was := n
			runtime.Gosched()
			n = was + 1
		}
		return links, err
	})
	did.Errors = n
	return did, err
}

func seenByWeb[K comparable]() twist[K] {
	var mu sync.Mutex
	seen, users := map[any]map[K]bool{}, map[any]int{}
	return func(ctx context.Context, c call[K]) (crawl.Result, error) {
		key := any(c.web)
		mu.Lock()
		if users[key]++; users[key] == 1 {
			seen[key] = map[K]bool{}
		}
		known := seen[key]
		mu.Unlock()
		defer func() {
			mu.Lock()
			defer mu.Unlock()
			if users[key]--; users[key] == 0 {
				delete(users, key)
				delete(seen, key)
			}
		}()
		return c.answers(ctx, func(_ context.Context, page K, links []K, err error) ([]K, error) {
			mu.Lock()
			defer mu.Unlock()
			var fresh []K
			for _, link := range links {
				if !known[link] {
					known[link] = true
					fresh = append(fresh, link)
				}
			}
			return fresh, err
		})
	}
}
