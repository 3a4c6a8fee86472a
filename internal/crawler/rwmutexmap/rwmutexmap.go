// Package rwmutexmap keeps the visited set in a map behind a sync.RWMutex: links are looked up
// under the read lock, and only those not found take the write lock, are looked up again and added.
//
// Nine of ten links lead to a known page, so most lookups only read. Whether that pays is another
// question: a read lock is an atomic addition to one shared word, and all cores contend for its
// cache line.
package rwmutexmap

import (
	"sync"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/engine"
)

// Crawler returns the crawler.
func Crawler() crawl.Crawler {
	return engine.FromVisited("rwmutexmap", "map behind sync.RWMutex, read lock per link, write lock per page",
		New[uint32], New[string])
}

type set[K comparable] struct {
	mu   sync.RWMutex
	seen map[K]struct{}
}

// New returns an empty set.
func New[K comparable](sizeHint int) crawl.Visited[K] {
	return &set[K]{seen: make(map[K]struct{}, sizeHint)}
}

func (s *set[K]) AddNew(dst, links []K) []K {
	for _, link := range links {
		if !s.has(link) && s.add(link) {
			dst = append(dst, link)
		}
	}
	return dst
}

func (s *set[K]) has(page K) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, ok := s.seen[page]
	return ok
}

// add reports whether page is new: another worker may have added it after the lookup.
func (s *set[K]) add(page K) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.seen[page]; ok {
		return false
	}
	s.seen[page] = struct{}{}
	return true
}
