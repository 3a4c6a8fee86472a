package conform

import (
	"runtime"
	"sync"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/host"
)

// many looks for faults that show only after many crawls, or in a crawl of very many pages.
func many(t *Report, c subject) {
	kept(t, c)
	periods(t, c)
	millions(t, c)
}

// kept measures how much memory is still in use after a crawl of many pages.
func kept(t *Report, c subject) {
	const pages, most = 10_000, 64 << 10 // every set of that many pages is larger, except a bit set
	*t.doing = " (a site of 10000 pages, 4 workers)"
	crowd(pages)
	small, large := c.prepareCounted(star(100, 1)), c.prepareCounted(star(pages-1, 1))
	o := crawl.Options{Workers: 4}
	if err := small(o); err != nil { // what is allocated once is allocated now
		t.Fatalf("%v%s", err, *t.doing)
	}
	before := heap()
	if err := large(o); err != nil {
		t.Fatalf("%v%s", err, *t.doing)
	}
	if grown := heap() - before; grown > most {
		t.Errorf("%d KiB of memory are still in use after a crawl of %d pages, want at most %d KiB: keep nothing after a crawl, or keep it in a sync.Pool, "+
			"which the garbage collector empties", grown>>10, pages, most>>10)
	}
	*t.doing = ""
	runtime.KeepAlive(large)
}

// crowd starts n goroutines and ends them, because the runtime keeps the descriptors of ended goroutines.
func crowd(n int) {
	var all sync.WaitGroup
	end := make(chan struct{})
	for range n {
		all.Go(func() { <-end })
	}
	close(end)
	all.Wait()
}

// heap returns how much memory is in use, without the contents of each sync.Pool.
func heap() int64 {
	for range 3 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// periods crawls some sites again after as many crawls of others as a counter of crawls takes to wrap
// around: a set that marks pages with the number of the crawl then takes them for seen. Periods that
// this crawler would not reach in time are left out.
func periods(t *Report, c subject) {
	const most, sample = 1500 * time.Millisecond, 2000 // processor time; crawls by which it is estimated
	o := crawl.Options{Workers: 1}
	site := func(first int) func(crawl.Options) error {
		s := blank(first + 3)
		s.seeds = []page{page(first)}
		s.links[first] = []page{page(first) + 1, page(first) + 2}
		return c.prepareCounted(s)
	}
	other := site(0)
	lengths := []int{127, 128, 255, 256, 257}
	if c.once() {
		lengths = append(lengths, 32767, 32768, 65535, 65536, 65537)
	}
	due := map[int]func(crawl.Options) error{}
	for i, n := range lengths {
		again := site(3 * (i + 1))
		due[i], due[i+n] = again, again
	}
	begin, last := host.CPUTime(), lengths[len(lengths)-1]+len(lengths)
	for nth := 0; nth < last; nth++ {
		next, ok := due[nth]
		if !ok {
			next = other
		}
		if err := next(o); err != nil {
			t.Fatalf("crawl %d of this process, a site of three pages: %v", nth+1, err)
		}
		if nth == sample {
			within := int(most * sample / max(1, host.CPUTime()-begin))
			for len(lengths) > 0 && last > within {
				lengths = lengths[:len(lengths)-1]
				last = 0
				if len(lengths) > 0 {
					last = lengths[len(lengths)-1] + len(lengths)
				}
			}
			t.Logf("%d crawls take %v of processor time: %d are made", sample, host.CPUTime()-begin, max(nth, last))
		}
	}
}

// millions crawls 1,500,000 pages. A set that stores 40 bits of a hash confuses two of them in two of
// three runs, one that stores 37 bits in every run. Few pages are known at a time, because a crawler may
// have a goroutine for each. A crawler that would need more than a second of processor time is not asked.
func millions(t *Report, c subject) {
	const pages, part, most = 1_500_000, 100_000, time.Second
	if !c.ids {
		return // that many URLs need too much memory
	}
	o := crawl.Options{Workers: 2}
	crawl := c.prepareCounted(trickle(part))
	took := working(func() {
		if err := crawl(o); err != nil {
			t.Fatalf("%v (a site of %d pages, %s)", err, part, dials(o))
		}
	})
	if took > most*part/pages {
		t.Logf("%d pages took %v of processor time: larger sites are not tried", part, took)
		return
	}
	if err := c.prepareCounted(trickle(pages))(o); err != nil {
		t.Fatalf("%v (a site of %d pages, %s)", err, pages, dials(o))
	}
}

// trickle returns n pages of which every 64th links to the next 64.
func trickle(n int) *site {
	const few = 64
	s := blank(n)
	all := make([]page, n)
	for p := range all {
		all[p] = page(p)
	}
	for p := 0; p < n; p += few {
		s.links[p] = all[p+1 : min(p+few+1, n)]
	}
	return s
}
