// Package crawler lists the built-in crawlers. Each has a small package of its own below this
// one, which imports the contract and, for some crawlers, the shared engine, but nothing of the
// harness.
package crawler

import (
	"crawlbench/internal/crawl"
	"crawlbench/internal/crawler/backqueues"
	"crawlbench/internal/crawler/cas"
	"crawlbench/internal/crawler/chunked"
	"crawlbench/internal/crawler/hostgoroutine"
	"crawlbench/internal/crawler/hostheap"
	"crawlbench/internal/crawler/hostshards"
	"crawlbench/internal/crawler/hostwheel"
	"crawlbench/internal/crawler/level"
	"crawlbench/internal/crawler/mutexmap"
	"crawlbench/internal/crawler/owner"
	"crawlbench/internal/crawler/ownerbatch"
	"crawlbench/internal/crawler/pipeline"
	"crawlbench/internal/crawler/poller"
	"crawlbench/internal/crawler/readahead"
	"crawlbench/internal/crawler/rwmutexmap"
	"crawlbench/internal/crawler/sequential"
	"crawlbench/internal/crawler/sharded"
	"crawlbench/internal/crawler/sleeper"
	"crawlbench/internal/crawler/spawn"
	"crawlbench/internal/crawler/stealing"
	"crawlbench/internal/crawler/syncmap"
	"crawlbench/internal/crawler/xsync"
)

// All returns the built-in crawlers, in the order in which results show them.
func All() []crawl.Crawler {
	return []crawl.Crawler{
		mutexmap.Crawler(),
		rwmutexmap.Crawler(),
		syncmap.Crawler(),
		sharded.Crawler(),
		xsync.Crawler(),
		cas.Crawler(),
		chunked.Crawler(),
		readahead.Crawler(),
		stealing.Crawler(),
		owner.Crawler(),
		ownerbatch.Crawler(),
		spawn.Crawler(),
		pipeline.Crawler(),
		level.Crawler(),
		sequential.Crawler(),
		hostheap.Crawler(),
		hostwheel.Crawler(),
		hostgoroutine.Crawler(),
		backqueues.Crawler(),
		hostshards.Crawler(),
		sleeper.Crawler(),
		poller.Crawler(),
	}
}
