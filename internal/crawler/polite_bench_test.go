//go:build unix

package crawler_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawler"
)

// instant is a site of hosts of equal sizes whose fetches take no time. The first page of each host, a seed, links
// to the others.
type instant struct {
	links [][]uint32
	last  uint32 // the last seed
	atEnd func() // is called when it is fetched, if it is not nil
}

func (s *instant) Fetch(_ context.Context, page uint32) ([]uint32, error) {
	if page == s.last && s.atEnd != nil {
		s.atEnd()
	}
	return s.links[page], nil
}

// newInstant returns the site and its seeds. Page p is of host p % hosts.
func newInstant(hosts, each int) (site *instant, seeds []uint32) {
	site = &instant{links: make([][]uint32, hosts*each), last: uint32(hosts - 1)}
	for h := range hosts {
		seeds = append(seeds, uint32(h))
		for i := 1; i < each; i++ {
			site.links[h] = append(site.links[h], uint32(h+i*hosts))
		}
	}
	return site, seeds
}

// cpu returns the processor time of this process.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkPolite reports the processor time of a page and the memory of a host, of 10,000 hosts of 100 pages and a
// million hosts of 3. CRAWLBENCH_HOSTS limits the number of hosts. For ratios of crawlers, compare runs that
// alternate: go test -bench Polite -benchtime 1x -count 10.
func BenchmarkPolite(b *testing.B) {
	most, err := strconv.Atoi(os.Getenv("CRAWLBENCH_HOSTS"))
	if err != nil {
		most = 10_000
	}
	for _, shape := range []struct {
		hosts, each int
		gap         time.Duration
	}{
		{10_000, 100, 0}, {10_000, 100, 2 * time.Millisecond},
		{1_000_000, 3, 0}, {1_000_000, 3, 200 * time.Millisecond},
	} {
		if shape.hosts > most {
			continue
		}
		site, seeds := newInstant(shape.hosts, shape.each)
		hosts := uint32(shape.hosts)
		plain := crawl.Crawler{Name: "plain", ByID: plainCrawl, Polite: true} // has no gap
		for _, c := range append(crawler.All(), plain) {
			if !c.Polite || c.Name == plain.Name && shape.gap > 0 {
				continue
			}
			for _, workers := range []int{2, 64} {
				name := fmt.Sprintf("impl=%s/hosts=%d/gap=%v/workers=%d", c.Name, hosts, shape.gap, workers)
				b.Run(name, func(b *testing.B) { onePolite(b, c, site, seeds, hosts, shape.gap, workers) })
			}
		}
	}
}

func onePolite(
	b *testing.B, c crawl.Crawler, site *instant, seeds []uint32, hosts uint32, gap time.Duration, workers int,
) {
	wasteful := c.Name == "sleeper" || c.Name == "backqueues"
	if wasteful && gap > 0 || c.Name == "poller" && hosts > 10_000 {
		b.Skip("it wastes minutes")
	}
	o := crawl.Options{
		Workers: workers, SizeHint: len(site.links),
		Politeness: &crawl.Politeness{Gap: gap, HostOf: func(page uint32) uint32 { return page % hosts }},
	}
	crawl := func() {
		if did, err := c.ByID(b.Context(), site, seeds, o); err != nil || did.Pages != len(site.links) {
			b.Fatalf("%+v, %v", did, err)
		}
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
	crawl()
	site.atEnd = nil
	b.ResetTimer()
	begin := cpu(b)
	for range b.N {
		crawl()
	}
	spent := cpu(b) - begin
	b.ReportMetric(float64(spent.Nanoseconds())/float64(b.N*len(site.links)), "cpu-ns/page")
	b.ReportMetric(float64(grown)/float64(hosts), "B/host")
}
