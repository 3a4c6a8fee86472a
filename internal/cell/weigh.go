package cell

import (
	"context"
	"runtime"
	"runtime/metrics"
	"sync/atomic"

	"crawlbench/internal/crawl"
	"crawlbench/internal/web"
)

// weigh returns how many bytes of the heap the contender holds for each page while it fetches the last one: by then its
// visited set is full and its frontier empty. Stacks are not counted. It crawls the whole graph once more, not measured.
func (b *Bench) weigh(ctx context.Context) (perPage float64, err error) {
	pages := b.cache.Reach.Pages
	before, held := 0.0, 0.0
	last := &countdown{then: func() { held = liveHeap() }}
	last.left.Store(int64(pages))
	measured := b.crawl
	defer func() { b.crawl = measured }()
	b.crawl = bind(b.site, b.job.Cell, b.table, false, last)
	b.site.Hurry(true)
	defer b.site.Hurry(false)
	err = b.once(ctx, web.Rules{Exact: true}, func(crawl func()) {
		before = liveHeap() // the pages that this crawl finds renamed are of the site
		crawl()
	})
	return max(0, held-before) / float64(pages), err
}

// liveHeap returns the bytes of the heap that are reachable.
func liveHeap() float64 {
	runtime.GC()
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return float64(sample[0].Value.Uint64())
}

// countdown calls then before the last of so many fetches.
type countdown struct {
	left atomic.Int64
	then func()
}

// counted is a site whose fetches are counted down.
type counted[K comparable] struct {
	crawl.Web[K]
	last *countdown
}

func (c counted[K]) Fetch(ctx context.Context, page K) ([]K, error) {
	if c.last.left.Add(-1) == 0 {
		c.last.then()
	}
	return c.Web.Fetch(ctx, page)
}
