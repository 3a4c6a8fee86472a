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

func budgetWaits[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	did, err := right(ctx, web, seeds, o)
	if err == nil && did.Pages < o.MaxPages {
		<-ctx.Done()
		err = ctx.Err()
	}
	return did, err
}

func budgetOfOne[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	if o.MaxPages == 1 {
		return crawl.Result{}, ctx.Err()
	}
	return right(ctx, web, seeds, o)
}

func budgetNarrow[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	o.MaxPages = int(uint16(o.MaxPages))
	return right(ctx, web, seeds, o)
}

// budgetGood is the correct crawler without a budget, cancelled after MaxPages successful fetches.
func budgetGood[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	if o.MaxPages == 0 {
		return right(ctx, web, seeds, o)
	}
	cut, stop := context.WithCancel(ctx)
	defer stop()
	var mu sync.Mutex
	begun, good := 0, 0
	did, err := right(cut, fetcher[K](func(ctx context.Context, page K) ([]K, error) {
		mu.Lock()
		defer mu.Unlock() // one at a time, so that the budget is not exceeded
		if good == o.MaxPages {
			stop()
			return nil, cut.Err()
		}
		begun++
		links, err := web.Fetch(ctx, page)
		if err == nil {
			good++
		}
		return links, err
	}), seeds, crawl.Options{Workers: o.Workers, Limiter: o.Limiter})
	if ctx.Err() == nil && cut.Err() != nil {
		err = nil
	}
	return crawl.Result{Pages: begun, Errors: min(did.Errors, begun-good)}, err
}

func workersNarrow[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	o.Workers = max(1, int(uint8(o.Workers)))
	return right(ctx, web, seeds, o)
}

func seedsCut[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	return right(ctx, web, seeds[:min(len(seeds), 256)], o)
}

func seedsInPlace[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	defer slices.Reverse(seeds)
	return right(ctx, web, slices.Clone(seeds), o)
}

func limiterDeaf[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	if l := o.Limiter; l != nil {
		o.Limiter = waiter(func(ctx context.Context) error { return l.Wait(context.WithoutCancel(ctx)) })
	}
	return right(ctx, web, seeds, o)
}

// limiterLocks lets one worker at a time wait and fetch.
func limiterLocks[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	if l := o.Limiter; l != nil {
		one := make(chan struct{}, 1)
		o.Limiter = waiter(func(ctx context.Context) error {
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
		inner := web
		web = fetcher[K](func(ctx context.Context, page K) ([]K, error) {
			defer func() { <-one }()
			return inner.Fetch(ctx, page)
		})
	}
	return right(ctx, web, seeds, o)
}

func limiterAgain[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	if o.Limiter == nil {
		return right(ctx, web, seeds, o)
	}
	return right(ctx, fetcher[K](func(ctx context.Context, page K) ([]K, error) {
		links, err := web.Fetch(ctx, page)
		if err != nil && ctx.Err() == nil {
			crawl.InTurn(o.Limiter).Wait(ctx)
		}
		return links, err
	}), seeds, o)
}

func limiterFirst[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	if o.Limiter != nil {
		if err := o.Limiter.Wait(ctx); err != nil {
			return crawl.Result{}, err
		}
	}
	return right(ctx, web, seeds, o)
}

func limiterHoards[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	if l := o.Limiter; l != nil {
		o.Limiter = waiter(hoard(l))
	}
	return right(ctx, web, seeds, o)
}

// hoard returns a Wait that takes four tokens when it has none left.
func hoard(l crawl.Limiter) func(ctx context.Context) error {
	stock := 0 // the correct crawler lets one worker at a time wait
	return func(ctx context.Context) error {
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
	}
}

func limiterLapses[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	if l := o.Limiter; l != nil {
		var n atomic.Int64
		o.Limiter = waiter(func(ctx context.Context) error {
			if n.Add(1) > 100 {
				return ctx.Err()
			}
			return l.Wait(ctx)
		})
	}
	return right(ctx, web, seeds, o)
}

// limiterKept keeps the first limiter that it is given.
func limiterKept[K comparable]() twist[K] {
	var mu sync.Mutex
	var kept crawl.Limiter
	return func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options, right crawl.Func[K]) (crawl.Result,
		error) {
		mu.Lock()
		if kept == nil {
			kept = o.Limiter
		}
		o.Limiter = kept
		mu.Unlock()
		return right(ctx, web, seeds, o)
	}
}

func refusalIsPage[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	var refused atomic.Int64
	if l := o.Limiter; l != nil {
		o.Limiter = waiter(func(ctx context.Context) error {
			err := l.Wait(ctx)
			if err != nil && ctx.Err() == nil {
				refused.Add(1)
				return nil
			}
			return err
		})
	}
	return right(ctx, fetcher[K](func(ctx context.Context, page K) ([]K, error) {
		if refused.Load() > 0 {
			return nil, context.DeadlineExceeded
		}
		return web.Fetch(ctx, page)
	}), seeds, o)
}

// hostLimit has eight times as many workers, and Workers slots per host.
func hostLimit(ctx context.Context, web crawl.Web[string], seeds []string, o crawl.Options,
	right crawl.Func[string]) (crawl.Result, error) {
	var mu sync.Mutex
	places := map[string]chan struct{}{}
	workers := o.Workers
	o.Workers = 8 * workers
	return right(ctx, fetcher[string](func(ctx context.Context, page string) ([]string, error) {
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
		return web.Fetch(ctx, page)
	}), seeds, o)
}

// lease fetches a page again if its fetch takes too long, like a message queue with a visibility timeout.
func lease[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	type answer struct {
		links []K
		err   error
	}
	return right(ctx, fetcher[K](func(ctx context.Context, page K) ([]K, error) {
		back := make(chan answer, 2)
		var all sync.WaitGroup
		defer all.Wait()
		fetch := func() {
			links, err := web.Fetch(ctx, page)
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
	}), seeds, o)
}
