package measure

import (
	"context"
	"runtime"
	"runtime/metrics"
	"sync/atomic"

	"crawlbench/internal/crawl"
	"crawlbench/internal/web"
)

// retainedPerPage returns the live heap per page while the crawler fetches the last page, when its visited set is full
// and its frontier empty. Stacks are not counted. It crawls the whole graph once more, untimed.
func (b *Bench) retainedPerPage(ctx context.Context) (perPage float64, err error) {
	pages := b.cache.Reach.Pages
	before, after := 0.0, 0.0
	last := &countdown{onLast: func() { after = liveHeap() }}
	last.remaining.Store(int64(pages))
	measured := b.crawl
	defer func() { b.crawl = measured }()
	b.crawl = bind(b.site, b.job.Cell, b.table, false, last)
	b.site.Hurry(true)
	defer b.site.Hurry(false)
	err = b.once(ctx, web.Rules{Exact: true}, func(crawl func()) {
		before = liveHeap() // includes the renamed pages, which belong to the site
		crawl()
	})
	return max(0, after-before) / float64(pages), err
}

// liveHeap returns the bytes of reachable heap objects.
func liveHeap() float64 {
	runtime.GC()
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return float64(sample[0].Value.Uint64())
}

// countdown calls onLast before the last of the remaining fetches.
type countdown struct {
	remaining atomic.Int64
	onLast    func()
}

// counted is a site whose fetches are counted down.
type counted[K comparable] struct {
	crawl.Web[K]
	last *countdown
}

func (c counted[K]) Fetch(ctx context.Context, page K) ([]K, error) {
	if c.last.remaining.Add(-1) == 0 {
		c.last.onLast()
	}
	return c.Web.Fetch(ctx, page)
}
