package main

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"crawlbench/bench"
)

// causes returns crawlers whose workers spend their time in a known way.
func causes() []bench.Crawler {
	return []bench.Crawler{
		bench.FromVisited("hotmutex", "holds its only lock for long",
			func(int) bench.Visited[uint32] { return &hot{seen: set{}} }, nil),
		bench.FromVisited("spinner", "spins for its lock, which no lock profile shows",
			func(int) bench.Visited[uint32] { return &spinner{seen: set{}} }, nil),
		bench.FromVisited("churner", "allocates for every page",
			func(int) bench.Visited[uint32] { return &churner{hot: hot{seen: set{}}} }, nil),
		{Name: "busyowner", Doc: "its owner works long for every page", ByID: busyOwner},
	}
}

// hot is a set that holds its lock while it works.
type hot struct {
	mu   sync.Mutex
	seen set
}

func (s *hot) AddNew(dst, links []uint32) []uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	spin(40_000)
	return s.seen.insert(dst, links)
}

// spinner is a set with a spinlock.
type spinner struct {
	word atomic.Int32
	seen set
}

func (s *spinner) AddNew(dst, links []uint32) []uint32 {
	for tries := 1; !s.word.CompareAndSwap(0, 1); tries++ {
		if tries%10_000 == 0 {
			runtime.Gosched() // the lock's holder may not be running
		}
	}
	defer s.word.Store(0)
	spin(4_000)
	return s.seen.insert(dst, links)
}

type node struct {
	next *node
	_    [48]byte
}

// churner makes garbage, some of which lives for a while.
type churner struct {
	hot
	kept [64][]*node
	next atomic.Int64
}

func (s *churner) AddNew(dst, links []uint32) []uint32 {
	garbage := make([]*node, 1500)
	for i := range garbage {
		garbage[i] = &node{}
		if i > 0 {
			garbage[i].next = garbage[i-1] // which the collector has to follow
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept[s.next.Add(1)%64] = garbage
	return s.seen.insert(dst, links)
}

// busyOwner has one goroutine that owns the set, and works for every page.
func busyOwner(ctx context.Context, web bench.Web[uint32], seeds []uint32, o bench.Options) (did bench.Result,
	err error) {
	pages, found := make(chan uint32), make(chan []uint32, o.Workers)
	var workers sync.WaitGroup
	for range o.Workers {
		workers.Go(func() {
			for page := range pages {
				links, _ := web.Fetch(ctx, page)
				found <- links
			}
		})
	}
	seen := map[uint32]bool{}
	var queue []uint32
	busy := 0
	enqueue := func(links []uint32) {
		spin(40_000)
		for _, link := range links {
			if !seen[link] {
				seen[link] = true
				queue = append(queue, link)
			}
		}
	}
	enqueue(seeds)
	for len(queue)+busy > 0 {
		var out chan uint32
		var next uint32
		if len(queue) > 0 {
			out, next = pages, queue[0]
		}
		select {
		case out <- next:
			queue = queue[1:]
			busy++
			did.Pages++
		case links := <-found:
			busy--
			enqueue(links)
		}
	}
	close(pages)
	workers.Wait()
	return did, nil
}
