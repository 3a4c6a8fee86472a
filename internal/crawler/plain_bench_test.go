package crawler_test

import (
	"context"
	"sync"

	"crawlbench/internal/crawl"
	"crawlbench/internal/polite"
	"crawlbench/internal/visited"
)

// plain is the least that a polite crawler by ids can be: a slice of pages for each host, a heap and one lock, without
// limiter, budget, errors, cancellation, waiting or robots.txt. It is what hostheap is compared with.
type plain struct {
	mu    sync.Mutex
	hosts []struct {
		pages []uint32
		next  int64
	}
	ready []uint32
	open  int
}

func plainCrawl(ctx context.Context, web crawl.Web[uint32], seeds []uint32, o crawl.Options) (crawl.Result, error) {
	s := &plain{}
	set, of := visited.NewBits(o.SizeHint), o.Politeness.HostOf
	times := polite.NewHeap()
	add := func(pages []uint32) {
		for _, p := range pages {
			h := of(p)
			for int(h) >= len(s.hosts) {
				s.hosts = append(s.hosts, struct {
					pages []uint32
					next  int64
				}{})
			}
			if s.hosts[h].pages = append(s.hosts[h].pages, p); len(s.hosts[h].pages) == 1 && s.hosts[h].next == 0 {
				s.ready = append(s.ready, h)
			}
		}
		s.open += len(pages)
	}
	add(set.AddNew(nil, seeds))
	var pool sync.WaitGroup
	var did crawl.Result
	for range o.Workers {
		pool.Go(func() {
			var found []uint32
			count, last := 0, -1
			for {
				s.mu.Lock()
				if last >= 0 {
					add(found)
					s.open--
					if s.hosts[last].next = 0; len(s.hosts[last].pages) > 0 {
						s.ready = append(s.ready, uint32(last))
					}
				}
				times.Pop(0)
				if len(s.ready) == 0 {
					did.Pages += count
					s.mu.Unlock()
					return // the others finish: this is a benchmark
				}
				last = int(s.ready[0])
				s.ready = s.ready[1:]
				h := &s.hosts[last]
				page := h.pages[0]
				h.pages = h.pages[1:]
				h.next = 1
				s.mu.Unlock()
				links, _ := web.Fetch(ctx, page)
				count++
				found = set.AddNew(found[:0], links)
			}
		})
	}
	pool.Wait()
	return did, nil
}
