// Package chunked uses compare-and-swap for the visited set, a bitset or hash table, and passes
// pages in chunks: each worker drains one chunk and fills another. Workers share only the set, and
// a lock once every few hundred pages.
//
// The chunks correspond to the bags of shared-memory breadth-first search, which Leiserson and
// Schardl (SPAA 2010) split and merge, and to the queue buffers of the GAP Benchmark Suite (Beamer,
// Asanović and Patterson, 2015), which each thread fills and flushes. A crawl does not wait for the
// end of a level, so chunks are passed on when they are full. Compare with cas, which uses the same
// sets and passes single pages through a channel.
package chunked

import (
	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/engine"
	"crawlbench/internal/crawl/visited"
)

// Crawler returns the crawler.
func Crawler() crawl.Crawler {
	return engine.FromVisited("chunked", "lock-free set as in cas, chunks of pages passed between workers",
		visited.NewBits, visited.NewTable)
}
