// Package sequential crawls with one worker, a plain map and a plain queue: the sequential
// algorithm, and the baseline that shows what concurrency costs and gains.
package sequential

import (
	"context"

	"crawlbench/internal/crawl"
)

// Crawler returns the crawler. It uses one worker, however many it is given.
func Crawler() crawl.Crawler {
	return crawl.Crawler{
		Name: "sequential", Doc: "one worker, plain map, plain queue",
		ByID: run[uint32], ByURL: run[string], MaxWorkers: 1,
	}
}

func run[K comparable](
	ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
) (did crawl.Result, err error) {
	seen := make(map[K]struct{}, o.SizeHint)
	var queue []K
	enqueue := func(pages []K) {
		for _, page := range pages {
			if _, ok := seen[page]; ok || o.MaxPages > 0 && len(seen) == o.MaxPages {
				continue
			}
			seen[page] = struct{}{}
			queue = append(queue, page)
		}
	}
	enqueue(seeds)
	for len(queue) > 0 {
		page := queue[0]
		queue = queue[1:]
		if err := ctx.Err(); err != nil {
			return did, err
		}
		if o.Limiter != nil {
			if err := o.Limiter.Wait(ctx); err != nil {
				return did, err
			}
		}
		links, err := web.Fetch(ctx, page)
		did.Pages++
		if err != nil {
			did.Errors++
			if ctx.Err() != nil {
				return did, ctx.Err()
			}
			continue
		}
		enqueue(links)
	}
	return did, nil
}
