package measure

import (
	"context"
	"runtime"
	"runtime/metrics"
	"sync/atomic"

	"crawlbench/internal/crawl"
	"crawlbench/internal/web"
)

// retained returns the live heap per page while the crawler fetches the last page, when its visited set is full and its
// frontier empty. With a policy it also returns the live heap per host in the second fetch, when all that the first
// page links to waits: on a graph of kind flat these are all pages. Stacks are not counted. It crawls the whole graph
// once more, untimed.
func (b *Bench) retained(ctx context.Context) (perPage, perHost float64, err error) {
	pages := b.cache.Reach.Pages
	before, after, early := 0.0, 0.0, 0.0
	last := &countdown{onLast: func() { after = liveHeap() }}
	if b.job.Politeness != nil && pages > 2 {
		last.second, last.onSecond = int64(pages)-2, func() { early = liveHeap() }
	}
	last.remaining.Store(int64(pages))
	measured := b.crawl
	defer func() { b.crawl = measured }()
	b.crawl = bind(b.site, b.job.Cell, b.by, false, last)
	b.hurry(true)
	defer b.hurry(false)
	err = b.once(ctx, web.Rules{Exact: true}, func(crawl func()) {
		before = liveHeap() // includes the renamed pages, which belong to the site
		crawl()
	})
	if last.onSecond != nil {
		perHost = max(0, early-before) / float64(len(b.cache.Graph.Hosts))
	}
	return max(0, after-before) / float64(pages), perHost, err
}

// liveHeap returns the bytes of reachable heap objects.
func liveHeap() float64 {
	runtime.GC()
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return float64(sample[0].Value.Uint64())
}

// countdown calls onLast before the last of the remaining fetches, and onSecond, if it is not nil, before the one after
// which second remain.
type countdown struct {
	remaining        atomic.Int64
	onLast, onSecond func()
	second           int64
}

// counted is a site whose fetches are counted down.
type counted[K comparable] struct {
	crawl.Web[K]
	last *countdown
}

func (c counted[K]) Fetch(ctx context.Context, page K) ([]K, error) {
	switch n := c.last.remaining.Add(-1); {
	case n == 0:
		c.last.onLast()
	case c.last.onSecond != nil && n == c.last.second:
		c.last.onSecond()
	}
	return c.Web.Fetch(ctx, page)
}
