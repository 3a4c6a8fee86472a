// Package level crawls level by level: all workers fetch the pages at one distance from the seeds,
// then wait for each other, then one goroutine finds the next level in the links.
//
// Workers share only a cursor, and detecting the end needs no counter. Each level waits for its
// slowest page, and a narrow level leaves workers idle; real webs have dozens of levels, some of
// them only a few pages wide.
package level

import (
	"context"
	"sync"
	"sync/atomic"

	"crawlbench/internal/crawl"
)

// Crawler returns the crawler.
func Crawler() crawl.Crawler {
	return crawl.Crawler{
		Name: "level", Doc: "level-synchronous: parallel fetch, barrier, sequential merge",
		ByID: run[uint32], ByURL: run[string],
	}
}

// answer is the result of fetching one page.
type answer[K comparable] struct {
	links   []K
	fetched bool
	failed  bool
}

func run[K comparable](
	ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
) (did crawl.Result, err error) {
	if err := ctx.Err(); err != nil {
		return did, err
	}
	o.Limiter = crawl.InTurn(o.Limiter)
	seen := make(map[K]struct{}, o.SizeHint)
	var pages []K
	enqueue := func(links []K) {
		for _, page := range links {
			if _, ok := seen[page]; ok || o.MaxPages > 0 && len(seen) == o.MaxPages {
				continue
			}
			seen[page] = struct{}{}
			pages = append(pages, page)
		}
	}
	enqueue(seeds)
	var answers []answer[K]
	for len(pages) > 0 {
		if cap(answers) < len(pages) {
			answers = make([]answer[K], len(pages))
		}
		answers = answers[:len(pages)]
		clear(answers)
		err = fetch(ctx, web, pages, answers, o)
		pages = pages[:0]
		for _, a := range answers {
			if a.fetched {
				did.Pages++
			}
			if a.failed {
				did.Errors++
			}
			if err == nil {
				enqueue(a.links)
			}
		}
	}
	return did, err
}

// fetch fills answers[i] with the answer of pages[i]. It ends early with an error when ctx ends or
// the limiter fails.
func fetch[K comparable](ctx context.Context, web crawl.Web[K], pages []K, answers []answer[K], o crawl.Options) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var cursor atomic.Int64
	var pool sync.WaitGroup
	for range min(o.Workers, len(pages)) {
		pool.Go(func() {
			for ctx.Err() == nil {
				i := int(cursor.Add(1)) - 1
				if i >= len(pages) {
					return
				}
				if o.Limiter != nil {
					if err := o.Limiter.Wait(ctx); err != nil {
						cancel(err)
						return
					}
				}
				links, err := web.Fetch(ctx, pages[i])
				answers[i] = answer[K]{links: links, fetched: true, failed: err != nil}
			}
		})
	}
	pool.Wait()
	return context.Cause(ctx)
}
