package crawler_test

import (
	"context"
	"sync"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/polite"
	"crawlbench/internal/crawl/visited"
)

// prototype is the scheduler that one writes first, which hostheap is compared with. For each host it has the pages
// that wait, first in, first out. Hosts that may be asked are in a queue, and those that rest in a heap with four
// children per node, by the end of their gap. There is one sync.Mutex, one condition variable for idle workers, and one
// timer. It makes one fetch of a host at a time, keeps a gap from its end, and never leaves a worker idle while a host
// may be asked. It has no limiter, budget, errors, cancellation, Retry-After or robots.txt.
type prototype struct {
	begin  time.Time
	gap    int64
	hostOf func(page uint32) uint32

	mu      sync.Mutex
	changed sync.Cond
	hosts   []protoHost
	ready   []uint32
	resting polite.Heap
	open    int // pages that wait or are being fetched
	idle    int // workers that wait
	timer   *time.Timer
	rings   int64 // when the timer does
}

type protoHost struct {
	pages []uint32
	busy  bool // a page is being fetched, or it rests
}

func prototypeCrawler() crawl.Crawler {
	return crawl.Crawler{Name: "prototype", ByID: prototypeCrawl, Polite: true}
}

func prototypeCrawl(ctx context.Context, web crawl.Web[uint32], seeds []uint32, o crawl.Options) (crawl.Result, error) {
	s := &prototype{begin: time.Now(), gap: int64(o.Politeness.Gap), hostOf: o.Politeness.HostOf}
	s.changed.L = &s.mu
	s.timer = time.AfterFunc(time.Hour, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.rings = 0
		s.changed.Signal()
	})
	defer s.timer.Stop()
	set := visited.NewBits(o.SizeHint)
	s.add(set.AddNew(nil, seeds))
	var pool sync.WaitGroup
	pages := make([]int, o.Workers)
	for w := range o.Workers {
		pool.Go(func() {
			var found []uint32
			count := 0
			for page, host, ok := s.next(none, nil); ok; page, host, ok = s.next(host, found) {
				links, _ := web.Fetch(ctx, page)
				count++
				found = set.AddNew(found[:0], links)
			}
			pages[w] = count
		})
	}
	pool.Wait()
	var did crawl.Result
	for _, n := range pages {
		did.Pages += n
	}
	return did, nil
}

// none is the host of a worker that has made no fetch.
const none = 1<<32 - 1

// next ends a fetch of a host, unless it is none, adds the pages found in it, and waits for the next page. It returns
// false at the end of the crawl.
func (s *prototype) next(done uint32, found []uint32) (page, host uint32, ok bool) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if done != none {
		s.open--
		if s.gap > 0 {
			s.resting.Push(polite.Due{At: now + s.gap, Host: done})
		} else {
			s.rested(done)
		}
	}
	s.add(found)
	for s.open > 0 {
		for due, ok := s.resting.Pop(now); ok; due, ok = s.resting.Pop(now) {
			s.rested(due.Host)
		}
		if len(s.ready) > 0 {
			host, s.ready = s.ready[0], s.ready[1:]
			h := &s.hosts[host]
			page, h.pages = h.pages[0], h.pages[1:]
			h.busy = true
			if s.idle > 0 {
				s.wake(now)
			}
			return page, host, true
		}
		s.wake(now)
		s.idle++
		s.changed.Wait()
		s.idle--
		now = s.now()
	}
	s.changed.Broadcast()
	return 0, 0, false
}

// now returns the time, which matters only if there is a gap.
func (s *prototype) now() int64 {
	if s.gap == 0 {
		return 0
	}
	return int64(time.Since(s.begin))
}

// add queues pages.
func (s *prototype) add(pages []uint32) {
	s.open += len(pages)
	for _, p := range pages {
		host := s.hostOf(p)
		for int(host) >= len(s.hosts) {
			s.hosts = append(s.hosts, protoHost{})
		}
		h := &s.hosts[host]
		if h.pages = append(h.pages, p); len(h.pages) == 1 && !h.busy {
			s.ready = append(s.ready, host)
		}
	}
}

// rested says that a host may be asked again.
func (s *prototype) rested(host uint32) {
	h := &s.hosts[host]
	if h.busy = false; len(h.pages) > 0 {
		s.ready = append(s.ready, host)
	}
}

// wake wakes an idle worker if a host may be asked, and otherwise sets the timer to when the first one may be.
func (s *prototype) wake(now int64) {
	if len(s.ready) > 0 {
		s.changed.Signal()
	} else if at, ok := s.resting.Next(); ok && at != s.rings {
		s.rings = at
		s.timer.Reset(time.Duration(at - now))
	}
}
