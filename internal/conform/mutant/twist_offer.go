package mutant

import (
	"context"
	"sync"
	"time"

	"crawlbench/internal/crawl"
)

// offers returns the mutants that make wrong assumptions about their arguments.
func offers() []Mutant {
	return []Mutant{
		both("appendslinks", "the page is appended to its links, into an array that belongs to others", "append to an argument",
			appendsLinks, appendsLinks),
		both("appendsseeds", "new pages are appended to the seeds, into an array that belongs to others", "queue := seeds",
			appendsSeeds, appendsSeeds),
		both("needsahead", "every Web is assumed to be a Prefetcher", "a type assertion without ok",
			needsAhead, needsAhead),
		both("aheadreuses", "keys are overwritten by other workers while Prefetch reads them", "one buffer for all workers",
			aheadReuses, aheadReuses),
		both("backgroundfast", "the limiter is not waited on if the context cannot end", "a fast path on ctx.Done() == nil",
			backgroundFast, backgroundFast),
		both("allowpolls", "a *rate.Limiter is polled with Allow, without regard to the context", "a type switch on the limiter",
			allowPolls, allowPolls),
		both("errorkeys", "errors are the keys of a map", "map[error]int", errorKeys, errorKeys),
		both("counteach", "each worker calls Options.Count from its own goroutine", "a callback from wherever it is convenient",
			countEach, countEach),
	}
}

func appendsLinks[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	return c.answers(ctx, func(_ context.Context, page K, links []K, err error) ([]K, error) {
		return append(links, page), err
	})
}

func appendsSeeds[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	var mu sync.Mutex
	queue := c.seeds
	return c.answers(ctx, func(_ context.Context, _ K, links []K, err error) ([]K, error) {
		mu.Lock()
		defer mu.Unlock()
		queue = append(queue, links...)
		return links, err
	})
}

func needsAhead[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	reader := c.web.(crawl.Prefetcher[K])
	return c.answers(ctx, func(_ context.Context, _ K, links []K, err error) ([]K, error) {
		reader.Prefetch(nil, links)
		return links, err
	})
}

func aheadReuses[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	reader, ok := c.web.(crawl.Prefetcher[K])
	if !ok {
		return c.crawl(ctx)
	}
	var mu sync.Mutex
	shared := make([]K, 64)
	return c.answers(ctx, func(_ context.Context, _ K, links []K, err error) ([]K, error) {
		mu.Lock()
		n := copy(shared, links)
		mu.Unlock()
		reader.Prefetch(shared[:n], nil)
		return links, err
	})
}

func backgroundFast[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	if ctx.Done() == nil {
		c.Limiter = nil
	}
	return c.crawl(ctx)
}

func allowPolls[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	if l, ok := c.Limiter.(interface{ Allow() bool }); ok {
		c.Limiter = waiter(func(ctx context.Context) error {
			for !l.Allow() {
				time.Sleep(time.Second)
			}
			return ctx.Err()
		})
	}
	return c.crawl(ctx)
}

func errorKeys[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	var mu sync.Mutex
	kinds := map[error]int{}
	return c.answers(ctx, func(_ context.Context, _ K, links []K, err error) ([]K, error) {
		mu.Lock()
		defer mu.Unlock()
		kinds[err]++
		return links, err
	})
}

func countEach[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	return c.answers(ctx, func(_ context.Context, _ K, links []K, err error) ([]K, error) {
		if c.Count != nil {
			c.Count("links", len(links))
		}
		return links, err
	})
}
