// Package hostheap keeps the hosts that must rest in a heap by the time at which they may be asked again, and those
// that may be asked in a queue, behind one lock. A worker that needs a page takes the first host of the queue.
//
// It is the baseline of polite crawlers: BUbiNG (Boldi, Marino, Santini and Vigna, WWW 2014) and Heritrix work like
// this. A heap of a million hosts is shallow; what limits it is the lock.
package hostheap

import (
	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/polite"
	"crawlbench/internal/crawl/visited"
)

// Crawler returns the crawler.
func Crawler() crawl.Crawler {
	return polite.Crawler("hostheap", "polite: heap of hosts by their next time, one lock", schedule[uint32],
		schedule[string], polite.Sets{ByID: visited.NewBits, ByURL: visited.NewTable})
}

func schedule[K comparable](rules polite.Rules) polite.Scheduler[K] {
	times := polite.NewHeap()
	return polite.NewTimed(rules, polite.NewTable[K](rules, times), times)
}
