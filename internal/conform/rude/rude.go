// Package rude contains polite crawlers that are deliberately broken, each a few lines away from a correct one and
// named after its bug. They test the checks of politeness in package conform: every one must be found, and the
// correct one that they are made from must pass.
package rude

import (
	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/polite"
	"crawlbench/internal/crawl/visited"
)

// Mutant is a broken crawler.
type Mutant struct {
	crawl.Crawler
	// Case is where the bug was seen.
	Case string
}

// bug names the bug of a scheduler.
type bug string

const (
	none             bug = "politeright"
	noGap            bug = "nogap"
	shortGap         bug = "shortgap"
	gapFromStart     bug = "gapfromstart"
	gapFromLater     bug = "gapfromlater"
	clockPerWorker   bug = "clockperworker"
	sameClock        bug = "sameclock"
	clockDropped     bug = "clockdropped"
	clocksOfTwelve   bug = "clocksoftwelve"
	noGapNoPlaces    bug = "nogapnoplaces"
	tokenThenSlot    bug = "tokenthenslot"
	tickerPerHost    bug = "tickerperhost"
	clockAtTake      bug = "clockattake"
	oneClock         bug = "oneclock"
	slotBeforeHost   bug = "slotbeforehost"
	roundedUp        bug = "roundedup"
	fewHosts         bug = "fewhosts"
	onePlace         bug = "oneplace"
	anyPlaces        bug = "anyplaces"
	placesShared     bug = "placesshared"
	pauseLost        bug = "pauselost"
	pauseOfPage      bug = "pauseofpage"
	pauseOfAll       bug = "pauseofall"
	pauseForGap      bug = "pauseforgap"
	refusedLost      bug = "refusedlost"
	robotsPerPage    bug = "robotsperpage"
	robotsLate       bug = "robotslate"
	robotsFree       bug = "robotsfree"
	robotsShared     bug = "robotsshared"
	firstWaits       bug = "firstwaits"
	cancelWaits      bug = "cancelwaits"
	neverFreed       bug = "neverfreed"
	failureIsNoFetch bug = "failureisnofetch"
	placeKept        bug = "placekept"
)

type entry struct {
	bug       bug
	doc, seen string
}

// bugs returns the table of the mutants whose scheduler has a bug.
func bugs() []entry {
	return []entry{
		{noGap, "there is no gap", "an option that is not passed on"},
		{shortGap, "the gap is 0.1 % too short", "x/time/rate rounds down; a clock of milliseconds"},
		{gapFromStart, "the gap is measured from the start of a fetch when it should be from its end",
			"Scrapy: DOWNLOAD_DELAY"},
		{gapFromLater, "the gap is measured from the end of a fetch when it should be from its start",
			"colly: the delay follows the response"},
		{clockPerWorker, "each worker rests after its fetch, not each host", "a sleep in the worker's loop"},
		{sameClock, "the clock is read in one step and set in another", "URLFrontier 147: two threads, one queue"},
		{clockDropped, "a host's clock is dropped when its queue is empty", "Scrapy 110: slots of idle hosts are deleted"},
		{clocksOfTwelve, "only the last twelve hosts whose queues are empty keep their clocks", "a cache of host states"},
		{tokenThenSlot, "a host's token is taken before a worker is free", "a limiter per host before a semaphore"},
		{tickerPerHost, "a host is asked at the ticks of a ticker, which a late fetch does not move", "time.Tick per host"},
		{clockAtTake, "the clock is set when the page is chosen, before the limiter is waited on",
			"Crawlee: sameDomainDelaySecs is applied at dequeue"},
		{oneClock, "all hosts have one clock", "crawler4j 141: one politeness delay for all hosts"},
		{slotBeforeHost, "the first page of the queue is waited for", "colly, gocrawl: a worker sleeps with its slot"},
		{roundedUp, "times are rounded up to 100 ms", "a timing wheel that does not say so"},
		{fewHosts, "only the first 16 hosts of the queue are looked at", "Mercator with too few back queues"},
		{onePlace, "one fetch per host at a time, whatever PerHost is", "an option that is not passed on"},
		{anyPlaces, "any number of fetches per host, once the gap has passed", "Scrapy with a delay of 0"},
		{noGapNoPlaces, "without a gap, any number of fetches per host", "a fast path for the policy that asks for no time"},
		{placesShared, "PerHost limits the fetches of all hosts together", "a semaphore that is not per host"},
		{pauseLost, "Retry-After is ignored", "Scrapy: 429 is a plain retry"},
		{pauseOfPage, "Retry-After moves the page, not its host", "job-crawler-poc 321: 120 URLs of one host"},
		{pauseOfAll, "Retry-After moves all hosts", "a back-off in the client"},
		{pauseForGap, "after Retry-After: 0 the host is asked again without a gap", "a retry inside the fetch"},
		{refusedLost, "a page that was refused is not fetched again", "429 as an error like any other"},
		{robotsPerPage, "robots.txt is fetched for each page", "a cache that is never filled"},
		{robotsLate, "robots.txt is fetched after the first page", "a fetch of robots.txt in the background"},
		{robotsFree, "robots.txt does not count for the gap", "crawlee-python: a client of its own for robots.txt"},
		{robotsShared, "robots.txt is fetched for the first host only", "geziyor: one file for all hosts"},
		{firstWaits, "the first page of a host waits for a gap too", "a ticker whose first tick is late"},
		{cancelWaits, "a cancelled crawl waits for the end of the gap", "gocrawl: time.Sleep"},
		{neverFreed, "each host keeps a channel with room for 4,096 pages", "Scrapy 245: slots are never freed"},
		{failureIsNoFetch, "a fetch that failed does not set the clock", "the clock is set where links are handled"},
		{placeKept, "with several places per host, a fetch that failed keeps its place", "a semaphore that is released on success"},
	}
}

// All returns the mutants.
func All() []Mutant {
	var list []Mutant
	for _, b := range bugs() {
		list = append(list, Mutant{crawler(b.bug, b.doc), b.seen})
	}
	return append(append(list, twists()...), paths()...)
}

// Right returns the crawler that the mutants are made from. It has no bug.
func Right() crawl.Crawler {
	return crawler(none, "the polite crawler that the rude ones are made from")
}

// Crawlers returns the right crawler, followed by the mutants.
func Crawlers() []crawl.Crawler {
	list := []crawl.Crawler{Right()}
	for _, m := range All() {
		list = append(list, m.Crawler)
	}
	return list
}

func crawler(b bug, doc string) crawl.Crawler {
	if b == failureIsNoFetch || b == placeKept {
		return forgetful(b, doc)
	}
	return polite.Crawler(string(b), doc, newScheduler[uint32](b, nil), newScheduler[string](b, nil),
		polite.Sets{ByID: visited.NewBits, ByURL: visited.NewTable})
}
