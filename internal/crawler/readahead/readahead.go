// Package readahead is chunked with prefetching: a worker knows from its chunk which pages it
// fetches next, and tells the site, which can load what it needs to answer (crawl.Prefetcher) while
// earlier pages are being processed.
//
// A crawl of a large graph in memory is a chain of cache misses: the page's entry in the index, its
// links, the links' marks. The misses of different pages are independent, so a processor can
// overlap many if it is told early enough. Software prefetching for hash joins does the same (Chen,
// Ailamaki, Gibbons and Mowry, "Improving hash join performance through prefetching", ICDE 2004:
// group prefetching). A site without prefetching is crawled as by chunked.
package readahead

import (
	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/engine"
	"crawlbench/internal/crawl/visited"
)

// Crawler returns the crawler.
func Crawler() crawl.Crawler {
	return engine.Prefetching("readahead", "chunked with prefetch hints", visited.NewBits,
		visited.NewTable)
}
