package mutant

import (
	"context"

	"crawlbench/internal/crawl"
)

// contexts returns the mutants that give Fetch a context of their own.
func contexts() []Mutant {
	return []Mutant{
		both("fetchdetached", "Fetch gets a context that is cancelled with the crawl's and not derived from it", "an actor's own context",
			fetchDetached, fetchDetached),
	}
}

func fetchDetached[K comparable](ctx context.Context, c call[K]) (crawl.Result, error) {
	own, stop := context.WithCancel(context.Background())
	defer stop()
	defer context.AfterFunc(ctx, stop)()
	return c.fetches(ctx, func(_ context.Context, page K) ([]K, error) { return c.web.Fetch(own, page) })
}
