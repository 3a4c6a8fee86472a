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

// guarded crawls as async does, but for two things that it takes out of colly's hands. What stays is a goroutine for
// every URL that was found and not yet fetched: colly has no bound on those.
func guarded(ctx context.Context, web bench.Web[string], seeds []string, o bench.Options) (bench.Result, error) {
	c, s, crawl, end, err := collect(ctx, web, o)
	defer end(nil)
	if err != nil {
		return bench.Result{}, err
	}
	if err := c.SetStorage(&exact{}); err != nil {
		return bench.Result{}, err
	}
	c.DisableCookies() // SetStorage has put a jar in
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

// exact is a storage that lets a page be marked once. Colly asks whether a page was visited and then marks it, so that
// two may ask before either marks; the error here is the second one's answer.
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
