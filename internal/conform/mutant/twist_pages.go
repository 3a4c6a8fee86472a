package mutant

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"crawlbench/internal/crawl"
)

// answered passes the result of each fetch through change.
func answered[K comparable](web crawl.Web[K],
	change func(ctx context.Context, page K, links []K, err error) ([]K, error)) crawl.Web[K] {
	return fetcher[K](func(ctx context.Context, page K) ([]K, error) {
		links, err := web.Fetch(ctx, page)
		return change(ctx, page, links, err)
	})
}

func linksCut[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	return right(ctx, answered(web, func(_ context.Context, _ K, links []K, err error) ([]K, error) {
		return links[:min(len(links), 1<<16)], err
	}), seeds, o)
}

func linksInPlace[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	var mu sync.Mutex
	seen := map[K]bool{}
	return right(ctx, answered(web, func(_ context.Context, _ K, links []K, err error) ([]K, error) {
		mu.Lock()
		defer mu.Unlock()
		fresh := links[:0]
		for _, link := range links {
			if !seen[link] {
				seen[link] = true
				fresh = append(fresh, link)
			}
		}
		return fresh, err
	}), seeds, o)
}

func linksSorted[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	return right(ctx, answered(web, func(_ context.Context, _ K, links []K, err error) ([]K, error) {
		slices.Reverse(links)
		return links, err
	}), seeds, o)
}

func slotLost[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	return right(ctx, answered(web, func(ctx context.Context, _ K, links []K, err error) ([]K, error) {
		if err != nil {
			<-ctx.Done()
		}
		return links, err
	}), seeds, o)
}

// ending ends the crawl with the first error of a page for which is returns true.
func ending[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options, right crawl.Func[K],
	is func(error) bool) (crawl.Result, error) {
	own, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	did, err := right(own, answered(web, func(_ context.Context, _ K, links []K, err error) ([]K, error) {
		if is(err) {
			stop(err)
		}
		return links, err
	}), seeds, o)
	if ctx.Err() == nil && own.Err() != nil {
		err = context.Cause(own)
	}
	return did, err
}

func timeoutEnds[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	return ending(ctx, web, seeds, o, right, func(err error) bool { return errors.Is(err, context.DeadlineExceeded) })
}

func eofEnds[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	return ending(ctx, web, seeds, o, right, func(err error) bool { return errors.Is(err, io.EOF) })
}

func breaker[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	var inARow atomic.Int64
	return ending(ctx, web, seeds, o, right, func(err error) bool {
		if err == nil {
			inARow.Store(0)
			return false
		}
		return inARow.Add(1) >= 100
	})
}

func canceledLost[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	return right(ctx, answered(web, func(ctx context.Context, _ K, links []K, err error) ([]K, error) {
		if errors.Is(err, context.Canceled) && ctx.Err() == nil {
			err = nil
		}
		return links, err
	}), seeds, o)
}

func retriesTimeouts[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	return right(ctx, answered(web, func(ctx context.Context, page K, links []K, err error) ([]K, error) {
		var t interface{ Timeout() bool }
		if errors.As(err, &t) && t.Timeout() && ctx.Err() == nil {
			return web.Fetch(ctx, page)
		}
		return links, err
	}), seeds, o)
}

func firstError[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	var mu sync.Mutex
	var first error
	did, err := right(ctx, answered(web, func(_ context.Context, _ K, links []K, err error) ([]K, error) {
		mu.Lock()
		defer mu.Unlock()
		if first == nil {
			first = err
		}
		return links, err
	}), seeds, o)
	if err == nil {
		err = first
	}
	return did, err
}

func lastErrorLost[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	var mu sync.Mutex
	failed := false
	did, err := right(ctx, answered(web, func(_ context.Context, _ K, links []K, err error) ([]K, error) {
		mu.Lock()
		defer mu.Unlock()
		failed = err != nil
		return links, err
	}), seeds, o)
	if failed && did.Pages > 2 && did.Errors > 0 {
		did.Errors--
	}
	return did, err
}

func swallowsPanics[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	return right(ctx, fetcher[K](func(ctx context.Context, page K) (links []K, err error) {
		defer func() {
			if recover() != nil {
				links, err = nil, nil
			}
		}()
		return web.Fetch(ctx, page)
	}), seeds, o)
}

func fetchDeaf[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	return right(ctx, fetcher[K](func(ctx context.Context, page K) ([]K, error) {
		return web.Fetch(context.WithoutCancel(ctx), page)
	}), seeds, o)
}

// remembersResult remembers the pages of each Web that it has crawled completely.
func remembersResult[K comparable]() twist[K] {
	var known sync.Map // of lists of pages, by Web
	return func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options, right crawl.Func[K]) (crawl.Result,
		error) {
		if o.MaxPages > 0 || o.Limiter != nil {
			return right(ctx, web, seeds, o)
		}
		if list, ok := known.Load(any(web)); ok {
			return fetchAll(ctx, web, list.([]K))
		}
		var mu sync.Mutex
		var pages []K
		did, err := right(ctx, answered(web, func(_ context.Context, page K, links []K, err error) ([]K, error) {
			mu.Lock()
			defer mu.Unlock()
			pages = append(pages, page)
			return links, err
		}), seeds, o)
		if err == nil {
			known.Store(any(web), pages)
		}
		return did, err
	}
}

func fetchAll[K comparable](ctx context.Context, web crawl.Web[K], pages []K) (did crawl.Result, err error) {
	for _, p := range pages {
		if ctx.Err() != nil {
			return did, ctx.Err()
		}
		if _, err := web.Fetch(ctx, p); err != nil {
			did.Errors++
		}
		did.Pages++
	}
	return did, nil
}

// remembersLinks remembers the links of each page, for all Webs.
func remembersLinks[K comparable]() twist[K] {
	var known sync.Map // of links, by page
	return func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options, right crawl.Func[K]) (crawl.Result,
		error) {
		return right(ctx, answered(web, func(_ context.Context, page K, links []K, err error) ([]K, error) {
			if err != nil {
				return links, err
			}
			old, _ := known.LoadOrStore(page, links)
			return old.([]K), nil
		}), seeds, o)
	}
}

// pageTimeout gives up a fetch after an hour.
func pageTimeout[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error) {
	return right(ctx, fetcher[K](func(ctx context.Context, page K) ([]K, error) {
		own, stop := context.WithTimeout(ctx, time.Hour)
		defer stop()
		return web.Fetch(own, page)
	}), seeds, o)
}
