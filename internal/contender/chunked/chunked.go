// Package chunked is compare-and-swap all the way down to the frontier: a lock-free visited set, bitset or hash table,
// around which each worker drains one chunk of pages and fills another. Nobody touches what others write but for the set
// itself, and for a lock once every few hundred pages.
//
// The chunks are the bags of breadth-first searches in shared memory: Leiserson and Schardl, SPAA 2010, split and merge
// them; the queue buffers of the GAP Benchmark Suite (Beamer, Asanović and Patterson, 2015) are filled and flushed by each
// thread. A crawl does not wait for the end of a level, so that chunks go from hand to hand as they are full.
// Compare with cas, which has the same sets and hands page by page over a channel.
package chunked

import (
	"crawlbench/internal/crawl"
	"crawlbench/internal/engine"
	"crawlbench/internal/visited"
)

// Contender returns the design.
func Contender() crawl.Contender {
	return engine.FromVisited("chunked", "lock-free set as cas, chunks of pages from worker to worker", visited.NewBits, visited.NewTable)
}
