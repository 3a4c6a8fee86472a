// Package contender lists the built-in crawlers. Each has a small package of its own below this
// one, which imports the contract and, for some crawlers, the shared engine, but nothing of the
// harness.
package contender

import (
	"crawlbench/internal/contender/cas"
	"crawlbench/internal/contender/chunked"
	"crawlbench/internal/contender/level"
	"crawlbench/internal/contender/mutexmap"
	"crawlbench/internal/contender/owner"
	"crawlbench/internal/contender/ownerbatch"
	"crawlbench/internal/contender/pipeline"
	"crawlbench/internal/contender/readahead"
	"crawlbench/internal/contender/rwmutexmap"
	"crawlbench/internal/contender/sequential"
	"crawlbench/internal/contender/sharded"
	"crawlbench/internal/contender/spawn"
	"crawlbench/internal/contender/stealing"
	"crawlbench/internal/contender/syncmap"
	"crawlbench/internal/contender/xsync"
	"crawlbench/internal/crawl"
)

// All returns the built-in crawlers, in the order in which results show them.
func All() []crawl.Contender {
	return []crawl.Contender{
		mutexmap.Contender(),
		rwmutexmap.Contender(),
		syncmap.Contender(),
		sharded.Contender(),
		xsync.Contender(),
		cas.Contender(),
		chunked.Contender(),
		readahead.Contender(),
		stealing.Contender(),
		owner.Contender(),
		ownerbatch.Contender(),
		spawn.Contender(),
		pipeline.Contender(),
		level.Contender(),
		sequential.Contender(),
	}
}
