package mutant

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"crawlbench/internal/crawl"
)

func budgetWaits[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	did, err := c.crawl(ctx)
	if err == nil && did.Pages < c.MaxPages {
		<-ctx.Done()
		err = ctx.Err()
	}
	return did, err
}

func budgetOfOne[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	if c.MaxPages == 1 {
		return crawl.Result{}, ctx.Err()
	}
	return c.crawl(ctx)
}

// budgetGood is the correct crawler without a budget, cancelled after MaxPages successful fetches.
func budgetGood[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	if c.MaxPages == 0 {
		return c.crawl(ctx)
	}
	most := c.MaxPages
	c.Options = crawl.Options{Workers: c.Workers, Limiter: c.Limiter}
	cut, stop := context.WithCancel(ctx)
	defer stop()
	var mu sync.Mutex
	begun, good := 0, 0
	did, err := c.fetches(cut, func(ctx context.Context, page K) ([]K, error) {
		mu.Lock()
		defer mu.Unlock() // one at a time, so that the budget is not exceeded
		if good == most {
			stop()
			return nil, cut.Err()
		}
		begun++
		links, err := c.web.Fetch(ctx, page)
		if err == nil {
			good++
		}
		return links, err
	})
	if ctx.Err() == nil && cut.Err() != nil {
		err = nil
	}
	return crawl.Result{Pages: begun, Errors: min(did.Errors, begun-good)}, err
}

func seedsCut[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	c.seeds = c.seeds[:min(len(c.seeds), 256)]
	return c.crawl(ctx)
}

func seedsInPlace[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	defer slices.Reverse(c.seeds)
	c.seeds = slices.Clone(c.seeds)
	return c.crawl(ctx)
}

// limiterLocks lets one worker at a time wait and fetch.
func limiterLocks[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	if l := c.Limiter; l != nil {
		one := make(chan struct{}, 1)
		c.Limiter = waiter(func(ctx context.Context) error {
			select {
			case one <- struct{}{}:
			case <-ctx.Done():
				return ctx.Err()
			}
			err := l.Wait(ctx)
			if err != nil {
				<-one
			}
			return err
		})
		inner := c.web
		c.web = fetcher[K](func(ctx context.Context, page K) ([]K, error) {
			defer func() { <-one }()
			return inner.Fetch(ctx, page)
		})
	}
	return c.crawl(ctx)
}

func limiterAgain[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	if c.Limiter == nil {
		return c.crawl(ctx)
	}
	return c.fetches(ctx, func(ctx context.Context, page K) ([]K, error) {
		links, err := c.web.Fetch(ctx, page)
		if err != nil && ctx.Err() == nil {
			crawl.InTurn(c.Limiter).Wait(ctx)
		}
		return links, err
	})
}

func limiterFirst[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	if c.Limiter != nil {
		if err := c.Limiter.Wait(ctx); err != nil {
			return crawl.Result{}, err
		}
	}
	return c.crawl(ctx)
}

// hoard returns a limiter that takes four tokens when it has none left.
func hoard(l crawl.Limiter) crawl.Limiter {
	stock := 0 // the correct crawler lets one worker at a time wait
	return waiter(func(ctx context.Context) error {
		for stock == 0 {
			for range 4 {
				if err := l.Wait(ctx); err != nil {
					return err
				}
				stock++
			}
		}
		stock--
		return nil
	})
}

// limiterKept keeps the first limiter that it is given.
func limiterKept[K comparable]() twist[K] {
	var mu sync.Mutex
	var kept crawl.Limiter
	return func(ctx context.Context, c call[K]) (crawl.Result, error) {
		mu.Lock()
		if kept == nil {
			kept = c.Limiter
		}
		c.Limiter = kept
		mu.Unlock()
		return c.crawl(ctx)
	}
}

func refusalIsPage[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	var refused atomic.Int64
	if l := c.Limiter; l != nil {
		c.Limiter = waiter(func(ctx context.Context) error {
			err := l.Wait(ctx)
			if err != nil && ctx.Err() == nil {
				refused.Add(1)
				return nil
			}
			return err
		})
	}
	return c.fetches(ctx, func(ctx context.Context, page K) ([]K, error) {
		if refused.Load() > 0 {
			return nil, context.DeadlineExceeded
		}
		return c.web.Fetch(ctx, page)
	})
}

// hostLimit has eight times as many workers, and Workers slots per host.
func hostLimit(ctx context.Context, c call[string]) (crawl.Result, error) {
	var mu sync.Mutex
	places := map[string]chan struct{}{}
	workers := c.Workers
	c.Workers = 8 * workers
	return c.fetches(ctx, func(ctx context.Context, page string) ([]string, error) {
		_, rest, _ := strings.Cut(page, "//")
		host, _, _ := strings.Cut(rest, "/")
		mu.Lock()
		if places[host] == nil {
			places[host] = make(chan struct{}, workers)
		}
		place := places[host]
		mu.Unlock()
		select {
		case place <- struct{}{}:
			defer func() { <-place }()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		return c.web.Fetch(ctx, page)
	})
}

// lease fetches a page again if its fetch takes too long, like a message queue with a visibility timeout.
func lease[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	type answer struct {
		links []K
		err   error
	}
	return c.fetches(ctx, func(ctx context.Context, page K) ([]K, error) {
		back := make(chan answer, 2)
		var all sync.WaitGroup
		defer all.Wait()
		fetch := func() {
			links, err := c.web.Fetch(ctx, page)
			back <- answer{links, err}
		}
		all.Go(fetch)
		timer := time.NewTimer(2 * time.Hour)
		defer timer.Stop()
		select {
		case a := <-back:
			return a.links, a.err
		case <-timer.C:
			all.Go(fetch)
		}
		a := <-back
		return a.links, a.err
	})
}
