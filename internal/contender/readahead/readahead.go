// Package readahead is chunked that looks ahead: a worker knows from its chunk which pages it fetches next, and tells the
// site, which can load what it will need to answer (crawl.Ahead) while the pages before are still at work.
//
// A crawl of a large graph in memory is a chain of cache misses: the page's entry in the index, its links, the links'
// marks. None depends on another page's, so that a processor can wait for many at once, if it is told early enough.
// Software prefetching for index joins does the same (Chen, Ailamaki, Gibbons and Mowry, "Improving hash join performance
// through prefetching", ICDE 2004: group prefetching). A site that gives no ear to it is crawled as by chunked.
package readahead

import (
	"crawlbench/internal/crawl"
	"crawlbench/internal/engine"
	"crawlbench/internal/visited"
)

// Contender returns the design.
func Contender() crawl.Contender {
	return engine.ReadAhead("readahead", "chunked that tells the site which pages come next", visited.NewBits, visited.NewTable)
}
