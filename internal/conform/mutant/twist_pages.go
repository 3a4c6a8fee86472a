package mutant

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"crawlbench/internal/crawl"
)

func linksCut[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	return c.answers(ctx, func(_ context.Context, _ K, links []K, err error) ([]K, error) {
		return links[:min(len(links), 1<<16)], err
	})
}

func linksInPlace[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	var mu sync.Mutex
	seen := map[K]bool{}
	return c.answers(ctx, func(_ context.Context, _ K, links []K, err error) ([]K, error) {
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
	})
}

func linksSorted[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	return c.answers(ctx, func(_ context.Context, _ K, links []K, err error) ([]K, error) {
		slices.Reverse(links)
		return links, err
	})
}

func slotLost[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	return c.answers(ctx, func(ctx context.Context, _ K, links []K, err error) ([]K, error) {
		if err != nil {
			<-ctx.Done()
		}
		return links, err
	})
}

// endIf ends the crawl with the first error of a page for which is returns true.
func (c call[K]) endIf(ctx context.Context, is func(error) bool) (crawl.Result, error) {
	own, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	did, err := c.answers(own, func(_ context.Context, _ K, links []K, err error) ([]K, error) {
		if is(err) {
			stop(err)
		}
		return links, err
	})
	if ctx.Err() == nil && own.Err() != nil {
		err = context.Cause(own)
	}
	return did, err
}

// endsWith ends the crawl with the first error of a page that wraps cause.
func endsWith[K comparable](cause error) twist[K] {
	return func(ctx context.Context, c call[K]) (crawl.Result, error) {
		return c.endIf(ctx, func(err error) bool { return errors.Is(err, cause) })
	}
}

// breaker ends the crawl after a number of failed pages in a row.
func breaker[K comparable](most int64) twist[K] {
	return func(ctx context.Context, c call[K]) (crawl.Result, error) {
		var inARow atomic.Int64
		return c.endIf(ctx, func(err error) bool {
			if err == nil {
				inARow.Store(0)
				return false
			}
			return inARow.Add(1) >= most
		})
	}
}

func canceledLost[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	return c.answers(ctx, func(ctx context.Context, _ K, links []K, err error) ([]K, error) {
		if errors.Is(err, context.Canceled) && ctx.Err() == nil {
			err = nil
		}
		return links, err
	})
}

func retriesTimeouts[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	return c.answers(ctx, func(ctx context.Context, page K, links []K, err error) ([]K, error) {
		var t interface{ Timeout() bool }
		if errors.As(err, &t) && t.Timeout() && ctx.Err() == nil {
			return c.web.Fetch(ctx, page)
		}
		return links, err
	})
}

func firstError[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	var mu sync.Mutex
	var first error
	did, err := c.answers(ctx, func(_ context.Context, _ K, links []K, err error) ([]K, error) {
		mu.Lock()
		defer mu.Unlock()
		if first == nil {
			first = err
		}
		return links, err
	})
	if err == nil {
		err = first
	}
	return did, err
}

func lastErrorLost[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	var mu sync.Mutex
	failed := false
	did, err := c.answers(ctx, func(_ context.Context, _ K, links []K, err error) ([]K, error) {
		mu.Lock()
		defer mu.Unlock()
		failed = err != nil
		return links, err
	})
	if failed && did.Pages > 2 && did.Errors > 0 {
		did.Errors--
	}
	return did, err
}

func swallowsPanics[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	return c.fetches(ctx, func(ctx context.Context, page K) (links []K, err error) {
		defer func() {
			if recover() != nil {
				links, err = nil, nil
			}
		}()
		return c.web.Fetch(ctx, page)
	})
}

func fetchDeaf[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	return c.fetches(ctx, func(ctx context.Context, page K) ([]K, error) {
		return c.web.Fetch(context.WithoutCancel(ctx), page)
	})
}

// remembersResult remembers the pages of each Web that it has crawled completely.
func remembersResult[K comparable]() twist[K] {
	var known sync.Map // of lists of pages, by Web
	return func(ctx context.Context, c call[K]) (crawl.Result, error) {
		if c.MaxPages > 0 || c.Limiter != nil {
			return c.crawl(ctx)
		}
		if list, ok := known.Load(any(c.web)); ok {
			return fetchAll(ctx, c.web, list.([]K))
		}
		var mu sync.Mutex
		var pages []K
		did, err := c.answers(ctx, func(_ context.Context, page K, links []K, err error) ([]K, error) {
			mu.Lock()
			defer mu.Unlock()
			pages = append(pages, page)
			return links, err
		})
		if err == nil {
			known.Store(any(c.web), pages)
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
	return func(ctx context.Context, c call[K]) (crawl.Result, error) {
		return c.answers(ctx, func(_ context.Context, page K, links []K, err error) ([]K, error) {
			if err != nil {
				return links, err
			}
			old, _ := known.LoadOrStore(page, links)
			return old.([]K), nil
		})
	}
}

// pageTimeout gives up a fetch after limit.
func pageTimeout[K comparable](limit time.Duration) twist[K] {
	return func(ctx context.Context, c call[K]) (crawl.Result, error) {
		return c.fetches(ctx, func(ctx context.Context, page K) ([]K, error) {
			own, stop := context.WithTimeout(ctx, limit)
			defer stop()
			return c.web.Fetch(own, page)
		})
	}
}
