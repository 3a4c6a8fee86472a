package conform

import (
	"math/rand/v2"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"crawlbench/internal/conform/yield"
	"crawlbench/internal/crawl"
	"crawlbench/internal/host"
)

// So much processor time at least, and so many crawls, does storm let workers race. On two cores a
// check-then-act shows within
// milliseconds.
const (
	stormTime   = 700 * time.Millisecond
	stormCrawls = 400
)

// race calls f for at least so much processor time and so often, with many more workers than processors. One processor
// would let no two meet, unless package yield does.
func race(least time.Duration, times uint64, f func(seed uint64, workers int)) {
	procs := runtime.GOMAXPROCS(0)
	if os.Getenv(yield.Variable) == "" {
		procs = max(2, procs)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
	start, begin := time.Now(), host.CPUTime()
	for n := uint64(0); (n < times || host.CPUTime()-begin < least) && time.Since(start) < Patience/3; n++ {
		f(n, 8*procs)
	}
}

// storm also lets pages fail at the same time. It crawls dense graphs, on which all workers find
// the same pages, sparse ones, on which they run out of work again and
// again, and clashes, in which they come with the same links at the same instant.
func storm(t *Report, c subject) {
	race(stormTime, stormCrawls, func(seed uint64, workers int) {
		s, o := random(100, 60, seed%24), crawl.Options{Workers: workers}
		switch seed % 4 {
		case 1:
			o.MaxPages = 1 + int(seed%60)
			if seed%8 == 5 {
				o.MaxPages = len(s.links) // the last pages are found by many at once
			}
		case 2:
			s = random(400, 2, seed%24)
			s.seeds = []page{0, 1, 2, 3}
		case 3:
			fresh := 300
			if seed%16 == 3 {
				fresh = 6000 // some races come once in thousands of additions
			}
			s, o.Workers = clash(fresh, seed), min(workers, 2*runtime.GOMAXPROCS(0))
		}
		if seed%5 == 4 { // most fail, and at the same instant
			bad := func(p page) bool { return p%4 != 0 && p > herd }
			s.fails = failing(errPlanted, bad)
			if s.meet == nil {
				s.meet = together(bad)
			}
		}
		right(t, c, s, o)
	})
}

// herd is how many pages of a clash come back together.
const herd = 8

// clash returns a site on which the fetches of many pages come back together, as far as workers are there for them, and
// bring the same new links, in the same order or nearly.
func clash(fresh int, seed uint64) *site {
	s := blank(1 + herd + fresh)
	draw := rand.New(rand.NewPCG(seed, 0))
	for h := range page(herd) {
		s.links[0] = append(s.links[0], 1+h)
		for i := range page(uint32(fresh)) {
			s.links[1+h] = append(s.links[1+h], 1+herd+i)
		}
		for range seed / 4 % 3 { // some are a little out of step
			i, j := draw.IntN(fresh), draw.IntN(fresh)
			l := s.links[1+h]
			l[i], l[j] = l[j], l[i]
		}
	}
	s.meet = together(func(p page) bool { return 0 < p && p <= herd })
	return s
}

// together lets those fetches for whose pages is holds come back at the same instant, as many as there are processors.
func together(is func(page) bool) func(page) {
	var there atomic.Int64
	crowd := int64(runtime.GOMAXPROCS(0))
	return func(p page) {
		if !is(p) {
			return
		}
		nth := there.Add(1)
		target := (nth + crowd - 1) / crowd * crowd
		for begin := time.Now(); there.Load() < target && time.Since(begin) < 50*time.Microsecond; {
		}
	}
}
