package conform

import (
	"fmt"
	"runtime"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/host"
)

// dials describes o for a failure message.
func dials(o crawl.Options) string {
	text := fmt.Sprintf("Workers %d", o.Workers)
	if o.MaxPages > 0 {
		text += fmt.Sprintf(", MaxPages %d", o.MaxPages)
	}
	if o.SizeHint > 0 {
		text += fmt.Sprintf(", SizeHint %d", o.SizeHint)
	}
	return text
}

// shapes tries sizes at which tables grow, ring buffers wrap, caches evict and Bloom filters err, and
// numbers that do not fit into 8 and 16 bits.
func shapes(t *Report, c subject) {
	for _, s := range []*site{chain(40), star(3000, 2), random(150, 4, 1), random(60, 1, 2), star(0, 0), tree(300, 2),
		dense(70), chain(2)} {
		for _, workers := range []int{1, 2, 9, 64, 300} {
			for _, hint := range []int{0, 1, 10_000} {
				right(t, c, s, crawl.Options{Workers: workers, SizeHint: hint})
			}
		}
	}
	// More than 1<<17 pages are queued at a time, and all are linked again when tables have grown.
	const many = 1<<17 + 5000
	wide := star(many, 2)
	wide.visited = func(_ page, nth int) { // all links are queued before the next fetch
		if 1 < nth && nth < 20 {
			time.Sleep(time.Millisecond)
		}
	}
	right(t, c, wide, crawl.Options{Workers: 9})
	right(t, c, tree(20_000, 3), crawl.Options{Workers: 2, SizeHint: 2_000_000})
	// Each page links back to the first, which a cache may have evicted.
	right(t, c, chain(6000), crawl.Options{Workers: 300})
	if c.once() {
		counts(t, c, many)
	}
}

// counts exceeds the range of 16-bit counters.
func counts(t *Report, c subject, many int) {
	failing := star(many, 1)
	failing.fails = func(_ page, nth int) error { // more in a row than 16 bits count
		if nth > 1 {
			return errPlanted
		}
		return nil
	}
	right(t, c, failing, crawl.Options{Workers: 64, MaxPages: 1<<16 + 40, SizeHint: many / 100})
	for _, budget := range budgets() {
		right(t, c, tree(60, 3), crawl.Options{Workers: 3, MaxPages: budget})
	}
	right(t, c, tree(100_000, 3), crawl.Options{Workers: 9, MaxPages: 99_999, SizeHint: 100_000})
	right(t, c, chain(70_000), crawl.Options{Workers: 2}) // deeper than 16 bits count
}

// budgets returns budgets larger than the site that become small numbers when truncated to fewer bits.
func budgets() []int {
	var list []int
	for _, bits := range []int{15, 16, 24, 31, 32, 33, 40, 48, 53, 62} {
		if n := 1<<bits + 2; n > 2 { // where an int is wide enough
			list = append(list, n)
		}
	}
	return list
}

func seeds(t *Report, c subject) {
	s := random(50, 3, 3)
	s.seeds = []page{4, 7, 4, 4, 7, 0}
	for _, workers := range []int{1, 8} {
		right(t, c, s, crawl.Options{Workers: workers})
		right(t, c, s, crawl.Options{Workers: workers, MaxPages: 2})
	}
	right(t, c, &site{links: blank(1).links, seeds: []page{}}, crawl.Options{Workers: 2})
	const starts = 5000
	many := random(3*starts, 1, 4)
	for p := range page(starts) {
		many.seeds = append(many.seeds, p, starts-1-p)
	}
	right(t, c, many, crawl.Options{Workers: 3})
	right(t, c, many, crawl.Options{Workers: 9, MaxPages: 4700})
	right(t, c, many, crawl.Options{Workers: 300, MaxPages: 3 * starts, SizeHint: 10})
}

func collide(t *Report, c subject) {
	keys := naming{ids: similarIDs(), urls: similarURLs()}
	n := min(len(keys.ids), len(keys.urls))
	s := star(n-1, 1)
	s.keys = keys
	right(t, c, s, crawl.Options{Workers: 4})
	right(t, c, s, crawl.Options{Workers: 1, SizeHint: n})
	backwards := chain(n) // pages are found one at a time, the last first
	backwards.keys = keys
	for p := range backwards.links {
		backwards.links[p] = nil
		if p > 0 {
			backwards.links[p] = []page{page(p - 1), page(p)}
		}
	}
	backwards.seeds = []page{page(n - 1)}
	right(t, c, backwards, crawl.Options{Workers: 2, SizeHint: 1})
}

// memory crawls 1,200 pages that link to each other, with more than a million links. The contract
// allows 4 KiB per page. A crawler that queues links needs more, even at four bytes per link.
func memory(t *Report, c subject) {
	const pages, most = 1200, 1200 * 4 << 10
	s := dense(pages)
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	var before, peak int64
	s.visited = func(_ page, nth int) {
		switch {
		case nth == 1:
			before = heap() // the site has been built
		case nth%100 == 0:
			peak = max(peak, heap()-before)
		}
	}
	right(t, c, s, crawl.Options{Workers: 1})
	if peak > most {
		t.Errorf("the heap grew by %d KiB in a crawl of %d pages with %d links each, want at most %d KiB, 4 KiB per page: memory may grow with pages, not with links",
			peak>>10, pages, pages, most>>10)
	}
}

// slow makes page 1 take a day. Only it leads to the pages from 201.
func slow(t *Report, c subject) {
	const day, years = 24 * time.Hour, 10 * 365 * 24 * time.Hour
	watchPolling(t, c)
	least := time.Hour
	for _, fails := range []bool{false, true} {
		s := held(day)
		if fails {
			s.fails = failing(errPlanted, func(p page) bool { return p == 1 })
		}
		for _, workers := range []int{4, 300} {
			least = min(least, working(func() { right(t, c, s, crawl.Options{Workers: workers}) }))
		}
		right(t, c, s, crawl.Options{Workers: 4, MaxPages: 199}) // whether page 1 is among them depends on the order
	}
	if least < 20*time.Millisecond { // a crawler with a ticker of a second would need hours
		right(t, c, held(years), crawl.Options{Workers: 4})
	}
}

// held returns a star whose page 1 takes wait, and whose other pages take a millisecond.
func held(wait time.Duration) *site {
	s := star(200, 1)
	s.links = append(s.links, nil, nil, nil)
	s.links[1] = []page{201, 202, 5, 0}
	s.links[202] = []page{203, 0, 1}
	s.latency = func(p page) time.Duration {
		if p == 1 {
			return wait
		}
		return time.Millisecond
	}
	return s
}

// watchPolling records a hint, in case the check does not end in time, if the crawler uses processor
// time while it waits.
func watchPolling(t *Report, c subject) {
	if busy := working(func() {
		right(t, c, held(time.Minute),
			crawl.Options{Workers: 4})
	}); busy > 10*time.Millisecond {
		t.say(hint, "It used %v of processor time while it waited for a page for one minute of virtual time: does it poll for work? "+
			"Waiting on a channel or a sync.Cond takes none.",
			busy)
	}
}

// working returns the processor time that f takes.
func working(f func()) time.Duration {
	begin := host.CPUTime()
	f()
	return host.CPUTime() - begin
}
