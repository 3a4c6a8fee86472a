package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"crawlbench/bench"
)

// staged returns crawlers that are pipelines or have a slow page, each with its twin. base is a crawler without a
// cause.
func staged(base bench.Func[uint32]) []bench.Crawler {
	return []bench.Crawler{
		{Name: "stage", Doc: "one goroutine sleeps for every page", ByID: pipeline(1, 1024, 100*time.Microsecond)},
		{Name: "stage.not", Doc: "eight goroutines sleep for the pages", ByID: pipeline(8, 1024, 100*time.Microsecond)},
		{Name: "smallchan", Doc: "its channels have no room", ByID: pipeline(1, 0, 0)},
		{Name: "smallchan.not", Doc: "its channels have room", ByID: pipeline(1, 4096, 0)},
		{Name: "lastpage", Doc: "one page at the end is slow", ByID: slowPage(base, 1990, 1, 50*time.Millisecond)},
		{Name: "lastpage.not", Doc: "fifty pages are a bit slow", ByID: slowPage(base, 0, 40, time.Millisecond)},
	}
}

// pipeline returns a crawler whose pages go from the caller to the workers, from them to some goroutines that sleep for
// a while, and back; its channels have the given capacity.
func pipeline(stages, capacity int, sleep time.Duration) bench.Func[uint32] {
	return func(ctx context.Context, web bench.Web[uint32], seeds []uint32, o bench.Options) (bench.Result, error) {
		pages := make(chan uint32, capacity)
		found, parsed := make(chan []uint32, capacity), make(chan []uint32, capacity)
		var workers, parsers sync.WaitGroup
		for range o.Workers {
			workers.Go(func() {
				for page := range pages {
					links, _ := web.Fetch(ctx, page)
					found <- links
				}
			})
		}
		for range stages {
			parsers.Go(func() { parse(found, parsed, sleep) })
		}
		did := dispatch(pages, parsed, seeds, o.MaxPages)
		close(pages)
		workers.Wait()
		close(found)
		parsers.Wait()
		return did, nil
	}
}

// parse is the stage between fetching and deduplication.
func parse(found <-chan []uint32, parsed chan<- []uint32, sleep time.Duration) {
	for links := range found {
		if sleep > 0 {
			time.Sleep(sleep)
		}
		parsed <- links
	}
}

// dispatch hands out each page once until all links are known, but at most most pages, or all if that is 0.
func dispatch(pages chan<- uint32, parsed <-chan []uint32, seeds []uint32, most int) (did bench.Result) {
	seen := map[uint32]bool{}
	var queue []uint32
	insert := func(links []uint32) {
		for _, link := range links {
			if !seen[link] && (most == 0 || len(seen) < most) {
				seen[link] = true
				queue = append(queue, link)
			}
		}
	}
	insert(seeds)
	for busy := 0; len(queue)+busy > 0; {
		var out chan<- uint32
		var next uint32
		if len(queue) > 0 {
			out, next = pages, queue[0]
		}
		select {
		case out <- next:
			queue = queue[1:]
			busy++
			did.Pages++
		case links := <-parsed:
			busy--
			insert(links)
		}
	}
	return did
}

// slowPage returns f with fetches that sleep: the one with the number from, or if that is 0, one in each.
func slowPage(f bench.Func[uint32], from, each int64, sleep time.Duration) bench.Func[uint32] {
	return func(ctx context.Context, web bench.Web[uint32], seeds []uint32, o bench.Options) (bench.Result, error) {
		return f(ctx, &slowly{Web: web, from: from, each: each, sleep: sleep}, seeds, o)
	}
}

type slowly struct {
	bench.Web[uint32]
	from, each int64
	sleep      time.Duration
	fetched    atomic.Int64
}

func (s *slowly) Fetch(ctx context.Context, page uint32) ([]uint32, error) {
	if n := s.fetched.Add(1); n == s.from || s.from == 0 && n%s.each == 0 {
		time.Sleep(s.sleep)
	}
	return s.Web.Fetch(ctx, page)
}
