// Package xsync keeps the visited set in the concurrent map of github.com/puzpuzpuz/xsync: a hash
// table whose buckets are cache lines with a lock each, read without it.
//
// It follows CLHT (David, Guerraoui and Trigonakis, ASPLOS 2015), and is a common choice when
// sync.Map is too slow.
package xsync

import (
	"github.com/puzpuzpuz/xsync/v4"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/engine"
)

// Crawler returns the crawler.
func Crawler() crawl.Crawler {
	return engine.FromVisited("xsync", "map of puzpuzpuz/xsync, LoadOrStore per link", New[uint32], New[string])
}

type set[K comparable] struct{ seen *xsync.Map[K, struct{}] }

// New returns an empty set.
func New[K comparable](sizeHint int) crawl.Visited[K] {
	return set[K]{xsync.NewMap[K, struct{}](xsync.WithPresize(max(0, sizeHint)))}
}

func (s set[K]) AddNew(dst, links []K) []K {
	for _, link := range links {
		if _, loaded := s.seen.LoadOrStore(link, struct{}{}); !loaded {
			dst = append(dst, link)
		}
	}
	return dst
}
