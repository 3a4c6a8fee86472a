// Package hostshards divides the hosts among shards, each a hostheap with workers of its own: a lock is shared by
// few workers, and nothing else is.
//
// Distributed crawlers divide hosts like this (Boldi et al., UbiCrawler, 2004). The price is that a worker never
// helps another shard, so a shard with large or slow hosts leaves the others idle.
package hostshards

import (
	"sync/atomic"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/polite"
	"crawlbench/internal/crawl/visited"
)

// Crawler returns the crawler.
func Crawler() crawl.Crawler {
	shards := crawl.Param{Name: "shards", Doc: "most shards; never more than workers", Default: 8, Min: 1, Max: 1024}
	return polite.Tuned("hostshards", "polite: hosts divided among shards, each a heap with workers of its own", shards,
		schedule[uint32], schedule[string], polite.Sets{ByID: visited.NewBits, ByURL: visited.NewTable})
}

type scheduler[K comparable] struct {
	shards []*polite.Timed[K]
	open   atomic.Int64 // pages that are queued or being fetched
}

func schedule[K comparable](shards int64) polite.New[K] {
	return func(rules polite.Rules) polite.Scheduler[K] {
		s := &scheduler[K]{}
		n := min(int(shards), rules.Workers)
		if rules.OneHost {
			n = 1 // there is nothing to divide
		}
		for range n {
			times := polite.NewHeap()
			s.shards = append(s.shards, polite.NewShared(rules, polite.NewTable[K](rules, times), times))
		}
		return s
	}
}

// shard returns the shard of a host. Neighbouring hosts are in different shards.
func (s *scheduler[K]) shard(host uint32) int { return int(host) % len(s.shards) }

func (s *scheduler[K]) Add(found polite.Found[K]) {
	s.open.Add(int64(len(found.Pages)))
	s.spread(found)
	if s.open.Load() == 0 {
		s.Stop()
	}
}

// spread queues pages in their shards.
func (s *scheduler[K]) spread(found polite.Found[K]) {
	parts := make([]polite.Found[K], len(s.shards))
	for i, page := range found.Pages {
		p := &parts[s.shard(found.Hosts[i])]
		p.Pages = append(p.Pages, page)
		p.Hosts = append(p.Hosts, found.Hosts[i]/uint32(len(s.shards)))
	}
	for i, p := range parts {
		if len(p.Pages) > 0 {
			s.shards[i].Add(p)
		}
	}
}

// Next implements polite.Scheduler. A shard numbers its own hosts, without holes.
func (s *scheduler[K]) Next(w int, turn *polite.Turn[K], found polite.Found[K]) bool {
	n := uint32(len(s.shards))
	mine := w % len(s.shards)
	if turn.Final() {
		if len(found.Pages) > 0 {
			s.open.Add(int64(len(found.Pages)))
			s.spread(found)
		}
		if s.open.Add(-1) == 0 {
			s.Stop()
		}
	}
	turn.Host /= n
	ok := s.shards[mine].Next(w, turn, polite.Found[K]{})
	turn.Host = turn.Host*n + uint32(mine)
	return ok
}

func (s *scheduler[K]) Begin(turn polite.Turn[K]) {
	shard := s.shards[s.shard(turn.Host)]
	turn.Host /= uint32(len(s.shards))
	shard.Begin(turn)
}

func (s *scheduler[K]) Stop() {
	for _, shard := range s.shards {
		shard.Stop()
	}
}

func (s *scheduler[K]) Close() {
	for _, shard := range s.shards {
		shard.Close()
	}
}
