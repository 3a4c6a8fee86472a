// Package sharded keeps the visited set in maps behind striped locks: a page's hash chooses one of
// 256 stripes, each a map with a sync.Mutex of its own.
//
// Two workers contend only if their links fall on the same stripe: the usual cure for a contended
// map.
package sharded

import (
	"hash/maphash"
	"sync"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/engine"
)

// stripes is a power of two, several times the number of cores of any machine that this is likely
// to run on.
const stripes = 256

// Crawler returns the crawler.
func Crawler() crawl.Crawler {
	return engine.FromVisited("sharded", "256 maps, each behind its own sync.Mutex", New[uint32], New[string])
}

type set[K comparable] struct {
	seed    maphash.Seed
	stripes [stripes]stripe[K]
}

type stripe[K comparable] struct {
	mu   sync.Mutex
	seen map[K]struct{}
	_    [48]byte // a stripe fills a cache line of 64 bytes, so that neighbours do not contend
}

// New returns an empty set.
func New[K comparable](sizeHint int) crawl.Visited[K] {
	s := &set[K]{seed: maphash.MakeSeed()}
	for i := range s.stripes {
		s.stripes[i].seen = make(map[K]struct{}, sizeHint/stripes)
	}
	return s
}

func (s *set[K]) AddNew(dst, links []K) []K {
	for _, link := range links {
		if s.stripes[maphash.Comparable(s.seed, link)%stripes].add(link) {
			dst = append(dst, link)
		}
	}
	return dst
}

// add reports whether page is new.
func (s *stripe[K]) add(page K) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.seen[page]; ok {
		return false
	}
	s.seen[page] = struct{}{}
	return true
}
