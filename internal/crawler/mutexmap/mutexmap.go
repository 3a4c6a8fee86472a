// Package mutexmap keeps the visited set in a map behind one sync.Mutex, locked once for every
// link.
//
// Most people write this first: correct, simple, and serial at its core, since a crawl looks at ten
// to forty links for every page that it fetches.
package mutexmap

import (
	"sync"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/engine"
)

// Crawler returns the crawler.
func Crawler() crawl.Crawler {
	return engine.FromVisited("mutexmap", "map behind one sync.Mutex, locked per link", New[uint32], New[string])
}

type set[K comparable] struct {
	mu   sync.Mutex
	seen map[K]struct{}
}

// New returns an empty set.
func New[K comparable](sizeHint int) crawl.Visited[K] {
	return &set[K]{seen: make(map[K]struct{}, sizeHint)}
}

func (s *set[K]) AddNew(dst, links []K) []K {
	for _, link := range links {
		if s.add(link) {
			dst = append(dst, link)
		}
	}
	return dst
}

// add reports whether page is new.
func (s *set[K]) add(page K) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.seen[page]; ok {
		return false
	}
	s.seen[page] = struct{}{}
	return true
}
