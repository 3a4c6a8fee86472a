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
	var list []Mutant
	both := func(name, doc, seen string, id twist[uint32], url twist[string]) {
		list = append(list, Mutant{Crawler: crawl.Crawler{Name: name, Doc: doc, ByID: twisted(id), ByURL: twisted(url)},
			Case: seen})
	}
	both("slotsshared", "concurrent crawls with the same Workers share their slots", "a semaphore in a package variable",
		slotsShared[uint32](), slotsShared[string]())
	both("turnshared", "concurrent crawls wait on their limiters one at a time",
		"a lock in a package variable", turnShared[uint32](), turnShared[string]())
	both("errorsshared", "all crawls count errors in one variable, which each crawl resets",
		"a counter in a package variable", errorsShared[uint32](), errorsShared[string]())
	both("racyerrors", "errors are counted without a lock", "a second counter, outside the lock", racyErrors,
		racyErrors)
	both("seenbyweb", "concurrent crawls of one Web share their visited set", "one visited set per client",
		seenByWeb[uint32](), seenByWeb[string]())
	return list
}

// inPlace limits concurrent fetches to the capacity of places.
func inPlace[K comparable](web crawl.Web[K], places chan struct{}) crawl.Web[K] {
	return fetcher[K](func(ctx context.Context, page K) ([]K, error) {
		places <- struct{}{}
		defer func() { <-places }()
		return web.Fetch(ctx, page)
	})
}

func slotsShared[K comparable]() twist[K] {
	var mu sync.Mutex
	places, users := map[int]chan struct{}{}, map[int]int{}
	return func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options, right crawl.Func[K]) (crawl.Result,
		error) {
		mu.Lock()
		if users[o.Workers]++; users[o.Workers] == 1 {
			places[o.Workers] = make(chan struct{}, o.Workers)
		}
		own := places[o.Workers]
		mu.Unlock()
		defer func() {
			mu.Lock()
			defer mu.Unlock()
			users[o.Workers]--
		}()
		return right(ctx, inPlace(web, own), seeds, o)
	}
}

func turnShared[K comparable]() twist[K] {
	var mu sync.Mutex
	var turn chan struct{}
	users := 0
	return func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options, right crawl.Func[K]) (crawl.Result,
		error) {
		l := o.Limiter
		if l == nil {
			return right(ctx, web, seeds, o)
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
		o.Limiter = waiter(func(ctx context.Context) error {
			select {
			case own <- struct{}{}:
				defer func() { <-own }()
			case <-ctx.Done():
				return ctx.Err()
			}
			return l.Wait(ctx)
		})
		return right(ctx, web, seeds, o)
	}
}

func errorsShared[K comparable]() twist[K] {
	var failed atomic.Int64
	return func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options, right crawl.Func[K]) (crawl.Result,
		error) {
		failed.Store(0)
		did, err := right(ctx, answered(web, func(_ context.Context, _ K, links []K, err error) ([]K, error) {
			if err != nil {
				failed.Add(1)
			}
			return links, err
		}), seeds, o)
		did.Errors = int(failed.Load())
		return did, err
	}
}

func racyErrors[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	n := 0
	did, err := right(ctx, answered(web, func(_ context.Context, _ K, links []K, err error) ([]K, error) {
		if err != nil {
			was := n
			runtime.Gosched()
			n = was + 1
		}
		return links, err
	}), seeds, o)
	did.Errors = n
	return did, err
}

func seenByWeb[K comparable]() twist[K] {
	var mu sync.Mutex
	seen, users := map[any]map[K]bool{}, map[any]int{}
	return func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options, right crawl.Func[K]) (crawl.Result,
		error) {
		key := any(web)
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
		return right(ctx, answered(web, func(_ context.Context, page K, links []K, err error) ([]K, error) {
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
		}), seeds, o)
	}
}
