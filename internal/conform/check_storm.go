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

// storm uses at least this much processor time and makes at least this many crawls. On two cores a
// check-then-act race shows within milliseconds.
const (
	stormTime   = 700 * time.Millisecond
	stormCrawls = 400
)

// race calls f at least times times and for at least that much processor time, with many more workers
// than processors. On one processor, races need package yield.
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

// storm crawls dense graphs, in which all workers find the same pages, sparse ones, in which they often
// run out of work, and clashes, in which they bring the same links at the same instant. In some of them
// most fetches fail, at the same time.
func storm(t *Report, c subject) {
	race(stormTime, stormCrawls, func(seed uint64, workers int) {
		s, o := random(100, 60, seed%24), crawl.Options{Workers: workers}
		switch seed % 4 {
		case 1:
			o.MaxPages = 1 + int(seed%60)
			if seed%8 == 5 {
				o.MaxPages = len(s.links) // many workers find the last pages at once
			}
		case 2:
			s = random(400, 2, seed%24)
			s.seeds = []page{0, 1, 2, 3}
		case 3:
			fresh := 300
			if seed%16 == 3 {
				fresh = 6000 // some races happen once in thousands of insertions
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

// herd is how many fetches of a clash end together.
const herd = 8

// clash returns a site in which the fetches of several pages end together, as far as there are workers
// for them, with the same new links in nearly the same order.
func clash(fresh int, seed uint64) *site {
	s := blank(1 + herd + fresh)
	draw := rand.New(rand.NewPCG(seed, 0))
	for h := range page(herd) {
		s.links[0] = append(s.links[0], 1+h)
		for i := range page(uint32(fresh)) {
			s.links[1+h] = append(s.links[1+h], 1+herd+i)
		}
		for range seed / 4 % 3 { // some are slightly out of step
			i, j := draw.IntN(fresh), draw.IntN(fresh)
			l := s.links[1+h]
			l[i], l[j] = l[j], l[i]
		}
	}
	s.meet = together(func(p page) bool { return 0 < p && p <= herd })
	return s
}

// together makes fetches of pages for which is returns true end in groups of GOMAXPROCS.
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
