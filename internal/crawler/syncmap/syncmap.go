// Package syncmap keeps the visited set in a sync.Map.
//
// sync.Map is a concurrent hash trie (internal/sync.HashTrieMap since Go 1.24): reads take no lock,
// and writers lock one node. Every key and value is stored as an interface, so storing a page
// allocates.
package syncmap

import (
	"sync"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/engine"
)

// Crawler returns the crawler.
func Crawler() crawl.Crawler {
	return engine.FromVisited("syncmap", "sync.Map, LoadOrStore per link", New[uint32], New[string])
}

type set[K comparable] struct{ seen sync.Map }

// New returns an empty set; sync.Map takes no hint.
func New[K comparable](int) crawl.Visited[K] { return new(set[K]) }

func (s *set[K]) AddNew(dst, links []K) []K {
	for _, link := range links {
		if _, known := s.seen.LoadOrStore(link, struct{}{}); !known {
			dst = append(dst, link)
		}
	}
	return dst
}
