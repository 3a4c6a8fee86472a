package mutant

import (
	"context"
	"os"
	"time"

	"crawlbench/internal/crawl"
)

func cancelBlocks[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	did, err := c.crawl(ctx)
	if err != nil && did.Pages > 0 {
		select {}
	}
	return did, err
}

func cancelCounts[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	did, err := c.crawl(ctx)
	if ctx.Err() != nil && did.Pages > 0 {
		did.Pages++
	}
	return did, err
}

func exitsAtEnd[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	defer os.Exit(0)
	return c.crawl(ctx)
}

func exitsOnCancel[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	stop := context.AfterFunc(ctx, func() { os.Exit(0) })
	defer stop()
	return c.crawl(ctx)
}

func lateFetch[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	if len(c.seeds) > 0 {
		time.AfterFunc(time.Minute, func() { c.web.Fetch(ctx, c.seeds[0]) })
	}
	return c.crawl(ctx)
}

func leaksContext[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	own, cancel := context.WithCancel(ctx)
	_ = cancel // never called
	return c.crawl(own)
}
