package mutant

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"crawlbench/internal/crawl"
)

// ends returns the mutants that handle the end of a crawl wrongly, and those that distribute pages badly.
func ends() []Mutant {
	return []Mutant{
		both("budgetended", "a cancelled crawl returns no error if it has begun all pages of its budget", "an empty frontier taken for the end",
			budgetEnded, budgetEnded),
		both("cutuncounted", "fetches that the end of the context interrupted are not counted as errors", "context errors filtered out",
			cutUncounted, cutUncounted),
		both("cuterrorslost", "a cancelled crawl reports no errors", "a result filled in at the end",
			cutErrorsLost, cutErrorsLost),
		both("cutabandons", "fetches in flight are abandoned when the context ends", "a select on the result and ctx.Done",
			cutAbandons, cutAbandons),
		both("deadlinecanceled", "a deadline is reported as a cancellation", "a derived context that is cancelled",
			deadlineCanceled, deadlineCanceled),
		made("cutfloods", "after the context has ended, all known pages are still fetched, and fail", "only Fetch looks at the context",
			floods[uint32], floods[string]),
		both("cutlooksatfetch", "the context is checked only when a fetch fails", "only Fetch looks at the context",
			cutLooksAtFetch, cutLooksAtFetch),

		limits("refusalretried", "after an error of the limiter, a worker waits again and continues if that succeeds", "a retry on any error",
			func(l crawl.Limiter) crawl.Limiter {
				return waiter(func(ctx context.Context) error {
					if l.Wait(ctx) == nil {
						return nil
					}
					return l.Wait(ctx)
				})
			}),
		both("refusalone", "an error of the limiter ends only the worker that got it", "an error kept in the worker",
			refusalOne, refusalOne),
		both("refusallast", "an error of the limiter for the last page is dropped", "an empty frontier taken for the end",
			refusalLast, refusalLast),
		both("refusalcanceled", "an error of the limiter that wraps context.Canceled is dropped", "errors.Is applied to the limiter's error",
			refusalCanceled, refusalCanceled),
		both("refusalsticks", "after an error of the limiter, all later crawls return it", "an error kept in the client",
			refusalSticks[uint32](), refusalSticks[string]()),

		both("paniccounted", "a panic counts as a failed page and ends the crawl without an error", "recover around the whole crawl",
			panicCounted, panicCounted),
		made("panicworker", "a worker that recovers from a panic counts an error and exits, and is not replaced", "recover around the whole worker",
			panicWorker[uint32], panicWorker[string]),
		both("panicerror", "panics whose value is an error are swallowed", "recovering http.ErrAbortHandler",
			panicError, panicError),

		made("dealt", "pages are assigned to workers round-robin, without work stealing", "a queue for each worker",
			dealt[uint32], dealt[string]),
		options("workers512", "at most 512 workers", "a limit that was once high enough",
			func(o *crawl.Options) { o.Workers = min(o.Workers, 512) }),
		options("limitednarrow", "with a limiter, at most 32 fetches are in flight", "a connection pool beside the rate limit",
			func(o *crawl.Options) {
				if o.Limiter != nil {
					o.Workers = min(o.Workers, 32)
				}
			}),
		both("backoff", "a worker sleeps for a second after a temporary error", "a back-off that holds its slot",
			backOff, backOff),
		options("hintasbudget", "the size hint limits a crawl with many workers and a small budget", "a buffer of the size hint's length",
			func(o *crawl.Options) {
				if o.SizeHint > 0 && o.SizeHint < o.MaxPages && o.MaxPages < o.Workers/20 {
					o.MaxPages = o.SizeHint
				}
			}),
	}
}

func budgetEnded[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	did, err := c.crawl(ctx)
	if c.MaxPages > 0 && did.Pages == c.MaxPages {
		err = nil
	}
	return did, err
}

func cutUncounted[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	var cut atomic.Int64
	did, err := c.answers(ctx, func(ctx context.Context, _ K, links []K, err error) ([]K, error) {
		if err != nil && ctx.Err() != nil {
			cut.Add(1)
		}
		return links, err
	})
	did.Errors -= int(cut.Load())
	return did, err
}

func cutErrorsLost[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	did, err := c.crawl(ctx)
	if err != nil {
		did.Errors = 0
	}
	return did, err
}

func cutAbandons[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	return c.fetches(ctx, func(ctx context.Context, page K) (links []K, err error) {
		back := make(chan struct{})
		go func() {
			defer close(back)
			links, err = c.web.Fetch(ctx, page)
		}()
		select {
		case <-back:
			return links, err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	})
}

func deadlineCanceled[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	did, err := c.crawl(ctx)
	if ctx.Err() != nil && errors.Is(err, context.DeadlineExceeded) {
		err = context.Canceled
	}
	return did, err
}

func cutLooksAtFetch[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	own, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	if l := c.Limiter; l != nil {
		c.Limiter = waiter(func(context.Context) error { return l.Wait(ctx) })
	}
	did, err := c.fetches(own, func(_ context.Context, page K) ([]K, error) {
		links, err := c.web.Fetch(ctx, page)
		if err != nil && ctx.Err() != nil {
			stop()
		}
		return links, err
	})
	if err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	return did, err
}

// floods starts a goroutine for every page, behind a semaphore. Only Fetch looks at the context.
func floods[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result, error) {
	f := newFrontier(seeds, o)
	places := make(chan struct{}, o.Workers)
	limiter := crawl.InTurn(o.Limiter)
	own, stop := context.WithCancel(ctx)
	defer stop()
	var all sync.WaitGroup
	var visit func(page K)
	spread := func() { // the caller holds the lock
		for _, page := range f.pages {
			all.Go(func() { visit(page) })
		}
		f.pages = nil
	}
	visit = func(page K) {
		places <- struct{}{}
		defer func() { <-places }()
		links, refused, err := pacedFetch(own, web, limiter, page)
		f.mu.Lock()
		defer f.mu.Unlock()
		if refused {
			f.err = cmp.Or(f.err, err)
			stop()
			return
		}
		f.book(ctx, links, err)
		spread()
	}
	f.mu.Lock()
	spread()
	f.mu.Unlock()
	all.Wait()
	if ctx.Err() != nil {
		f.err = ctx.Err()
	}
	return f.did, f.err
}

// refusalOne hides an error of the limiter until all workers have got one.
func refusalOne[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	var refused error
	var mu sync.Mutex
	left := c.Workers
	if l := c.Limiter; l != nil {
		c.Limiter = waiter(func(ctx context.Context) error {
			err := l.Wait(ctx)
			if err == nil || ctx.Err() != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			refused = err
			if left--; left == 0 {
				return err
			}
			return l.Wait(ctx) // for the next page
		})
	}
	did, err := c.crawl(ctx)
	if err == nil {
		err = refused
	}
	return did, err
}

func refusalLast[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	var mu sync.Mutex
	known := map[K]bool{}
	for _, s := range c.seeds {
		known[s] = true
	}
	did, err := c.answers(ctx, func(_ context.Context, _ K, links []K, err error) ([]K, error) {
		mu.Lock()
		defer mu.Unlock()
		for _, link := range links {
			known[link] = true
		}
		return links, err
	})
	if err != nil && ctx.Err() == nil && did.Pages > 0 && did.Pages+1 == len(known) {
		err = nil
	}
	return did, err
}

func refusalCanceled[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	did, err := c.crawl(ctx)
	if ctx.Err() == nil && errors.Is(err, context.Canceled) {
		err = nil
	}
	return did, err
}

func refusalSticks[K comparable]() twist[K] {
	var refused atomic.Pointer[error]
	return func(ctx context.Context, c call[K]) (crawl.Result, error) {
		if err := refused.Load(); err != nil {
			return crawl.Result{}, *err
		}
		did, err := c.crawl(ctx)
		if err != nil && ctx.Err() == nil {
			refused.Store(&err)
		}
		return did, err
	}
}

func panicCounted[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	own, stop := context.WithCancel(ctx)
	defer stop()
	var panicked atomic.Bool
	did, err := c.fetches(own, func(ctx context.Context, page K) (links []K, err error) {
		defer func() {
			if r := recover(); r != nil {
				panicked.Store(true)
				stop()
				err = fmt.Errorf("panic: %v", r)
			}
		}()
		return c.web.Fetch(ctx, page)
	})
	if panicked.Load() {
		err = nil
	}
	return did, err
}

func panicError[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	return c.fetches(ctx, func(ctx context.Context, page K) (links []K, err error) {
		defer func() {
			switch r := recover().(type) {
			case nil, error:
			default:
				panic(r)
			}
		}()
		return c.web.Fetch(ctx, page)
	})
}

// panicWorker is the correct crawler, but each panic costs it a worker.
func panicWorker[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result,
	error) {
	var mu sync.Mutex
	left := o.Workers
	own, stop := context.WithCancel(ctx)
	defer stop()
	did, err := run[K](none)(own, fetcher[K](func(ctx context.Context, page K) (links []K, err error) {
		defer func() {
			if r := recover(); r != nil {
				err = fmt.Errorf("panic: %v", r)
				mu.Lock()
				defer mu.Unlock()
				if left--; left == 0 {
					stop()
				}
			}
		}()
		return web.Fetch(ctx, page)
	}), seeds, o)
	if ctx.Err() == nil && own.Err() != nil {
		err = nil
	}
	return did, err
}

// dealt gives each worker its own queue.
func dealt[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result, error) {
	if err := ctx.Err(); err != nil {
		return crawl.Result{}, err
	}
	own, stop := context.WithCancel(ctx)
	defer stop()
	limiter := crawl.InTurn(o.Limiter)
	f := newFrontier(seeds, o)
	changed := sync.NewCond(&f.mu)
	defer context.AfterFunc(own, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		changed.Broadcast()
	})()
	queues := make([][]K, o.Workers)
	turn, pending := 0, 0
	deal := func() { // the caller holds the lock
		for _, page := range f.pages {
			queues[turn%o.Workers] = append(queues[turn%o.Workers], page)
			turn++
		}
		pending += len(f.pages)
		f.pages = nil
		changed.Broadcast()
	}
	f.mu.Lock()
	deal()
	f.mu.Unlock()
	var all sync.WaitGroup
	for i := range queues {
		all.Go(func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			for {
				for len(queues[i]) == 0 && pending > 0 && own.Err() == nil {
					changed.Wait()
				}
				if pending == 0 || own.Err() != nil {
					changed.Broadcast()
					return
				}
				page := queues[i][0]
				queues[i] = queues[i][1:]
				f.mu.Unlock()
				links, refused, err := pacedFetch(own, web, limiter, page)
				f.mu.Lock()
				if refused {
					f.err = cmp.Or(f.err, err)
				} else {
					f.book(ctx, links, err)
				}
				if f.err != nil {
					stop()
				}
				deal()
				pending--
			}
		})
	}
	all.Wait()
	if f.err == nil && pending > 0 || f.err != nil && ctx.Err() != nil {
		f.err = ctx.Err()
	}
	return f.did, f.err
}

func backOff[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	return c.answers(ctx, func(ctx context.Context, _ K, links []K, err error) ([]K, error) {
		var t interface{ Temporary() bool }
		if errors.As(err, &t) && t.Temporary() && ctx.Err() == nil {
			rest := time.NewTimer(time.Second)
			defer rest.Stop()
			select {
			case <-rest.C:
			case <-ctx.Done():
			}
		}
		return links, err
	})
}
