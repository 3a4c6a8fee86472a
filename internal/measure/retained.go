package measure

import (
	"context"
	"errors"
	"math"
	"runtime"
	"runtime/metrics"
	"sync"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/web"
)

// retained returns the live heap per page while the crawler fetches the last page, when its visited set is full and its
// frontier empty. With a policy it also returns the live heap per host in the second fetch, when all that the first
// page links to waits: on a graph of kind flat these are all pages. What is too little to be measured is 0. Stacks are
// not counted. It crawls the whole graph once more, untimed.
func (b *Bench) retained(ctx context.Context) (perPage, perHost float64, err error) {
	pages := b.reach.Pages
	var before, after, early heapSize
	last := &countdown{onLast: func() { after = liveHeap() }, remaining: int64(pages)}
	if p := b.job.Politeness; p != nil && pages > 2 {
		last.second, last.onSecond = int64(pages)-2, func() { early = liveHeap() }
		last.tries = b.polite && p.Attempts > 1
		time.Sleep(min(p.Gap, timersEnd))
	}
	measured := b.crawl
	defer func() { b.crawl = measured }()
	b.crawl = bind(b.site, b.job.Cell, b.by, false, last)
	b.hurry(true)
	defer b.hurry(false)
	err = b.once(ctx, web.Rules{Exact: true}, func(crawl func()) {
		before = liveHeap() // includes the renamed pages, which belong to the site
		crawl()
	})
	return before.grown(after, pages), before.grown(early, len(b.cache.Graph.Hosts)), err
}

// timersEnd is how long the timers of the crawls before are waited for: a timer that was stopped is kept, with all that
// its function refers to, until it would have run.
const timersEnd = time.Second

// heapSize is the number of bytes of reachable heap objects; 0 means unknown.
type heapSize float64

const (
	// heapNoise is by how much two readings of a heap that has settled may differ.
	heapNoise = 4 << 10
	// leastGrowth is the least growth that is measured: goroutines, timers and buffers of the runtime come and go.
	leastGrowth = 4 * heapNoise
	// leastCount is the least number of pages or hosts. What a crawler allocates once would count for more than they.
	leastCount = 1000
	// mostReadings is after how many readings a heap that has not settled is unknown.
	mostReadings = 20
)

// liveHeap returns the size of the heap when it has settled. One collection is not enough: it leaves the contents of
// each sync.Pool and what finalizers refer to, and counts what was allocated meanwhile. Finalizers that it queues may
// wait for a processor for longer than the next collections take.
func liveHeap() heapSize {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/finalizers/queued:finalizers"},
		{Name: "/gc/finalizers/executed:finalizers"}}
	last, executed := math.Inf(-1), uint64(0)
	for range mostReadings {
		runtime.GC()
		metrics.Read(sample)
		now, queued := float64(sample[0].Value.Uint64()), sample[1].Value.Uint64()
		if queued == executed && math.Abs(now-last) <= heapNoise {
			return heapSize(now)
		}
		if last, executed = now, sample[2].Value.Uint64(); executed < queued {
			time.Sleep(time.Millisecond)
		}
	}
	return 0
}

// grown returns by how many bytes per each of n things the heap is larger in after than in before, or 0 if that is too
// little to be measured, or unknown.
func (before heapSize) grown(after heapSize, n int) float64 {
	if before == 0 || after-before < leastGrowth || n < leastCount {
		return 0
	}
	return float64(after-before) / float64(n)
}

// countdown calls onLast before the last of the remaining fetches, and onSecond, if it is not nil, before the one after
// which second remain. Other fetches wait meanwhile.
type countdown struct {
	onLast, onSecond func()
	second           int64
	tries            bool // pages that are refused are fetched again

	mu        sync.Mutex
	remaining int64
}

func (c *countdown) fetch() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remaining--
	switch {
	case c.remaining == 0:
		c.onLast()
	case c.onSecond != nil && c.remaining == c.second:
		c.onSecond()
	}
}

// again says that the page of a fetch will be fetched again.
func (c *countdown) again() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tries {
		c.remaining++
	}
}

// counted is a site whose fetches are counted down.
type counted[K comparable] struct {
	crawl.Web[K]
	last *countdown
}

func (c counted[K]) Fetch(ctx context.Context, page K) ([]K, error) {
	c.last.fetch()
	links, err := c.Web.Fetch(ctx, page)
	if slow := crawl.Slow(nil); errors.As(err, &slow) {
		c.last.again()
	}
	return links, err
}

// Robots implements crawl.RobotsWeb.
func (c counted[K]) Robots(ctx context.Context, page K) (crawl.Robots[K], error) {
	return c.Web.(crawl.RobotsWeb[K]).Robots(ctx, page)
}
