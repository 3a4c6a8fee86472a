package mutant

import (
	"context"
	"sync"

	"crawlbench/internal/crawl"
)

// bounded returns a crawler whose only queue is a channel of fixed size. If closes is set, the channel
// is closed when no page is outstanding, and a page counts as done before its links are sent.
func bounded[K comparable](closes bool) crawl.Func[K] {
	return func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result, error) {
		return feedback(ctx, web, seeds, o, closes)
	}
}

func feedback[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	closes bool) (did crawl.Result, err error) {
	if err := ctx.Err(); err != nil {
		return did, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	limiter := crawl.InTurn(o.Limiter)
	queue := make(chan K, 1024)
	var mu sync.Mutex
	seen := map[K]bool{}
	outstanding := 0
	done := make(chan struct{})
	add := func(links []K, finished int) {
		mu.Lock()
		var fresh []K
		for _, link := range links {
			if !seen[link] && (o.MaxPages == 0 || len(seen) < o.MaxPages) {
				seen[link] = true
				fresh = append(fresh, link)
			}
		}
		outstanding += len(fresh) - finished
		over := outstanding == 0
		mu.Unlock()
		for _, link := range fresh {
			select {
			case queue <- link:
			case <-ctx.Done():
				return
			}
		}
		if over {
			close(done)
		}
	}
	add(seeds, 0)
	var pool sync.WaitGroup
	for range o.Workers {
		pool.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case <-done:
					return
				case page, ok := <-queue:
					if !ok {
						return
					}
					links, refused, err := pacedFetch(ctx, web, limiter, page)
					if refused {
						cancel(err)
						return
					}
					mu.Lock()
					did.Pages++
					if err != nil {
						did.Errors++
						links = nil
					}
					if closes {
						if outstanding--; outstanding == 0 {
							close(queue)
						}
					}
					mu.Unlock()
					if err != nil && ctx.Err() != nil {
						return
					}
					add(links, 1)
				}
			}
		})
	}
	pool.Wait()
	select {
	case <-done:
		return did, nil
	default:
		return did, context.Cause(ctx)
	}
}

// unbounded fetches every new link at once, in its own goroutine.
func unbounded[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (did crawl.Result,
	err error) {
	limiter := crawl.InTurn(o.Limiter)
	var mu sync.Mutex
	var pending sync.WaitGroup
	seen := map[K]bool{}
	var spawn func(links []K)
	fail := func(e error) {
		mu.Lock()
		defer mu.Unlock()
		if err == nil {
			err = e
		}
	}
	spawn = func(links []K) {
		mu.Lock()
		defer mu.Unlock()
		for _, link := range links {
			if seen[link] || err != nil || o.MaxPages > 0 && len(seen) == o.MaxPages {
				continue
			}
			seen[link] = true
			pending.Go(func() {
				if e := ctx.Err(); e != nil {
					fail(e)
					return
				}
				links, refused, e := pacedFetch(ctx, web, limiter, link)
				if refused {
					fail(e)
					return
				}
				mu.Lock()
				did.Pages++
				if e != nil {
					did.Errors++
				}
				mu.Unlock()
				if e != nil {
					if ctx.Err() != nil {
						fail(ctx.Err())
					}
					return
				}
				spawn(links)
			})
		}
	}
	spawn(seeds)
	pending.Wait()
	return did, err
}
