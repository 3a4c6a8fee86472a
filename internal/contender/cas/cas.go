// Package cas claims pages by atomic compare-and-swap and takes no lock: ids in a bitset, URLs in a hash table that only
// grows.
//
// Neither block nor mutex profiles see it wait. What contention it has shows as processor time: retries, and cache
// lines that travel between cores.
package cas

import (
	"crawlbench/internal/crawl"
	"crawlbench/internal/engine"
)

// Contender returns the design.
func Contender() crawl.Contender {
	return engine.FromVisited("cas", "atomic compare-and-swap: bitset for ids, lock-free hash table for URLs", NewBits, NewTable)
}
