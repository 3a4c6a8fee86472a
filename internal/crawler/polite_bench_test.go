//go:build unix

package crawler_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawler"
	"crawlbench/internal/crawler/hostheap"
	"crawlbench/internal/host"
	"crawlbench/internal/stat"
)

// instant is a site of hosts of equal sizes whose fetches take no time. The first page of each host, a seed, links
// to the others.
type instant struct {
	hosts uint32
	seeds []uint32
	links [][]uint32
	atEnd func() // is called when the last seed is fetched, if it is not nil
}

func (s *instant) Fetch(_ context.Context, page uint32) ([]uint32, error) {
	if page == s.hosts-1 && s.atEnd != nil {
		s.atEnd()
	}
	return s.links[page], nil
}

// newInstant returns a site. Page p is of host p % hosts.
func newInstant(hosts, each int) *instant {
	site := &instant{hosts: uint32(hosts), links: make([][]uint32, hosts*each)}
	for h := range hosts {
		site.seeds = append(site.seeds, uint32(h))
		for i := 1; i < each; i++ {
			site.links[h] = append(site.links[h], uint32(h+i*hosts))
		}
	}
	return site
}

// crawl crawls the site and returns the processor time of a page, in nanoseconds.
func (s *instant) crawl(b *testing.B, c crawl.Crawler, gap time.Duration, workers int) float64 {
	o := crawl.Options{
		Workers: workers, SizeHint: len(s.links),
		Politeness: &crawl.Politeness{Gap: gap, HostOf: func(page uint32) uint32 { return page % s.hosts }},
	}
	begin := host.CPUTime()
	if did, err := c.ByID(b.Context(), s, s.seeds, o); err != nil || did.Pages != len(s.links) {
		b.Fatalf("%+v, %v", did, err)
	}
	return float64(host.CPUTime()-begin) / float64(len(s.links))
}

// eachSite calls do for sites of 10,000 hosts of 100 pages and of a million hosts of 3, without and with a gap.
// CRAWLBENCH_HOSTS limits the number of hosts.
func eachSite(do func(site *instant, gap time.Duration, workers int, name string)) {
	most, err := strconv.Atoi(os.Getenv("CRAWLBENCH_HOSTS"))
	if err != nil {
		most = 10_000
	}
	for _, shape := range []struct {
		hosts, each int
		gap         time.Duration
	}{
		{10_000, 100, 2 * time.Millisecond},
		{1_000_000, 3, 200 * time.Millisecond},
	} {
		if shape.hosts > most {
			continue
		}
		site := newInstant(shape.hosts, shape.each)
		for _, gap := range []time.Duration{0, shape.gap} {
			for _, workers := range []int{2, 64} {
				do(site, gap, workers, fmt.Sprintf("hosts=%d/gap=%v/workers=%d", shape.hosts, gap, workers))
			}
		}
	}
}

// BenchmarkPolite reports the processor time of a page and the memory of a host. For ratios to the prototype, see
// BenchmarkPrototype.
func BenchmarkPolite(b *testing.B) {
	eachSite(func(site *instant, gap time.Duration, workers int, name string) {
		for _, c := range append(crawler.All(), prototypeCrawler()) {
			if c.Polite {
				b.Run("impl="+c.Name+"/"+name, func(b *testing.B) { onePolite(b, c, site, gap, workers) })
			}
		}
	})
}

func onePolite(b *testing.B, c crawl.Crawler, site *instant, gap time.Duration, workers int) {
	wasteful := c.Name == "sleeper" || c.Name == "backqueues"
	if wasteful && gap > 0 || c.Name == "poller" && site.hosts > 10_000 {
		b.Skip("it wastes minutes")
	}
	// The first crawl measures memory when each host has its pages, and is not timed.
	used := func() int64 {
		var m runtime.MemStats
		for range 3 { // one leaves what is in a sync.Pool
			runtime.GC()
		}
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc + m.StackInuse)
	}
	before, grown := used(), int64(0)
	site.atEnd = func() { grown = used() - before }
	site.crawl(b, c, gap, workers)
	site.atEnd = nil
	b.ResetTimer()
	sum := 0.0
	for range b.N {
		sum += site.crawl(b, c, gap, workers)
	}
	b.ReportMetric(sum/float64(b.N), "cpu-ns/page")
	b.ReportMetric(float64(grown)/float64(site.hosts), "B/host")
}

// BenchmarkPrototype reports the processor time of a page of hostheap and of the prototype, which take turns, and their
// ratio: medians of 10 pairs of crawls with -benchtime 10x, where CRAWLBENCH_HOSTS=1000000 includes the larger site.
func BenchmarkPrototype(b *testing.B) {
	pair := []crawl.Crawler{hostheap.Crawler(), prototypeCrawler()}
	eachSite(func(site *instant, gap time.Duration, workers int, name string) {
		b.Run(name, func(b *testing.B) {
			var costs [2][]float64
			var ratios []float64
			for range b.N {
				for i, c := range pair {
					runtime.GC() // what the other left
					costs[i] = append(costs[i], site.crawl(b, c, gap, workers))
				}
				ratios = append(ratios, costs[0][len(ratios)]/costs[1][len(ratios)])
			}
			b.ReportMetric(stat.Median(costs[0]).Center, "cpu-ns/page")
			b.ReportMetric(stat.Median(costs[1]).Center, "prototype-cpu-ns/page")
			b.ReportMetric(stat.Median(ratios).Center, "x-prototype")
		})
	})
}
