package collycrawler

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/gocolly/colly/v2"
	"github.com/gocolly/colly/v2/storage"

	"crawlbench/bench"
)

// guarded crawls like async, but with its own visited set and budget. Colly still starts a
// goroutine for every URL that was found and not yet fetched, without a limit.
func guarded(ctx context.Context, web bench.Web[string], seeds []string, o bench.Options) (bench.Result, error) {
	c, s, crawl, end, err := collect(ctx, web, o)
	defer end(nil)
	if err != nil {
		return bench.Result{}, err
	}
	if err := c.SetStorage(&exact{}); err != nil {
		return bench.Result{}, err
	}
	c.DisableCookies() // SetStorage adds a cookie jar
	if o.MaxPages > 0 {
		var taken atomic.Int64
		c.OnRequest(func(r *colly.Request) {
			if taken.Add(1) > int64(o.MaxPages) {
				r.Abort()
			}
		})
	}
	return visit(crawl, c, s, seeds)
}

var errSeen = errors.New("page seen before")

// exact is a storage in which a page can be marked once. Colly looks up a page and then marks it,
// so two callers may look it up before either marks it; then the second gets an error.
type exact struct {
	storage.InMemoryStorage
	seen sync.Map
}

func (e *exact) IsVisited(id uint64) (bool, error) {
	_, ok := e.seen.Load(id)
	return ok, nil
}

func (e *exact) Visited(id uint64) error {
	if _, ok := e.seen.LoadOrStore(id, nil); ok {
		return errSeen
	}
	return nil
}
