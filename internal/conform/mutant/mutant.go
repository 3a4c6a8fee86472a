// Package mutant holds deliberately broken crawlers, each a few lines away from a right one and
// named after its bug. They
// show that the checks of package conform bite: every one of them must be found. Beside them are
// right crawlers with unusual
// habits, which none may fail.
package mutant

import (
	"slices"

	"crawlbench/internal/crawl"
)

// Mutant is a broken crawler.
type Mutant struct {
	crawl.Crawler
	// Case is where the bug was seen.
	Case string
}

// All returns the mutants.
func All() []Mutant {
	var list []Mutant
	for _, b := range bugs() {
		list = append(list, Mutant{
			Crawler: crawl.Crawler{Name: string(b.bug), Doc: b.doc, ByID: run[uint32](b.bug),
				ByURL: run[string](b.bug)},
			Case: b.seen,
		})
	}
	list = append(append(list, apart()...), bags()...)
	return slices.Concat(list, offers(), sizes(), leftovers(), twists(), ends(), beside(), sets())
}

// Controls returns crawlers that are right: the one that the mutants were made from, and Unusual
// ones. Whoever fails one of
// them is wrong.
func Controls() []crawl.Crawler { return append([]crawl.Crawler{Right()}, Unusual()...) }

// Crawlers returns the controls, and behind them the mutants.
func Crawlers() []crawl.Crawler {
	list := Controls()
	for _, m := range All() {
		list = append(list, m.Crawler)
	}
	return list
}

// Right returns the crawler that the mutants were made from. It has no bug.
func Right() crawl.Crawler {
	return crawl.Crawler{Name: "right", Doc: "what the mutants were made from", ByID: run[uint32](none),
		ByURL: run[string](none)}
}

// bug is what is wrong with a copy of the pool.
type bug string

const (
	none              bug = "none"
	checkThenAct      bug = "checkthenact"
	markAfterFetch    bug = "markafterfetch"
	seedsNotDeduped   bug = "seedsnotdeduped"
	lostWakeUp        bug = "lostwakeup"
	signalAtEnd       bug = "signalatend"
	oneWorkerTooMany  bug = "oneworkertoomany"
	oneWorkerTooFew   bug = "oneworkertoofew"
	quietlySequential bug = "quietlysequential"
	emptyQueueIsEnd   bug = "emptyqueueisend"
	idleTimeout       bug = "idletimeout"
	pollAtEnd         bug = "pollatend"
	busyWait          bug = "busywait"
	dropsLastLink     bug = "dropslastlink"
	errorKeepsPending bug = "errorkeepspending"
	errorEndsCrawl    bug = "errorendscrawl"
	errorNotCounted   bug = "errornotcounted"
	retriesFailed     bug = "retriesfailed"
	ignoresContext    bug = "ignorescontext"
	swallowsContext   bug = "swallowscontext"
	slowToCancel      bug = "slowtocancel"
	limiterIgnored    bug = "limiterignored"
	limiterOneWorker  bug = "limiteroneworker"
	limiterForLinks   bug = "limiterforlinks"
	limiterAfterFetch bug = "limiterafterfetch"
	limiterErrorLost  bug = "limitererrorlost"
	budgetLoadThenAdd bug = "budgetloadthenadd"
	budgetOffByOne    bug = "budgetoffbyone"
	queuesDuplicates  bug = "queuesduplicates"
	returnsEarly      bug = "returnsearly"
	leaksHelper       bug = "leakshelper"
	panicsOnNoLinks   bug = "panicsonnolinks"
	lockAcrossFetch   bug = "lockacrossfetch"
	hashIsIdentity    bug = "hashisidentity"
	fastPath          bug = "fastpath"
	racyCounter       bug = "racycounter"
	addInside         bug = "addinside"
	closesTwice       bug = "closestwice"
	dropsWhenFull     bug = "dropswhenfull"
	lockOrder         bug = "lockorder"
	reapsWorkers      bug = "reapsworkers"
	recyclesNodes     bug = "recyclesnodes"
	depthOfFirstPath  bug = "depthoffirstpath"
	budgetFirst       bug = "budgetfirst"
)

type entry struct {
	bug       bug
	doc, seen string
}

// bugs is the table of those that are a copy of the pool.
func bugs() []entry {
	return []entry{
		{checkThenAct, "the lock is dropped between the look-up and the insertion",
			"colly Async: IsVisited, then Visited"},
		{markAfterFetch, "a page is marked as seen when it was fetched, not when it was queued",
			"link checkers that mark late"},
		{seedsNotDeduped, "the seeds go past the visited set", "start lists with a page twice"},
		{lostWakeUp, "pages are queued without waking anybody", "sync.Cond without Signal"},
		{signalAtEnd, "only one of the sleepers is woken at the end", "Signal for Broadcast"},
		{oneWorkerTooMany, "there is a worker too many", "off by one"},
		{oneWorkerTooFew, "there is a worker too few", "off by one"},
		{quietlySequential, "there is one worker, whatever was asked for", "a semaphore of one that was for debugging"},
		{emptyQueueIsEnd, "a worker that finds the queue empty goes home",
			"counting the queue and not the outstanding pages"},
		{idleTimeout, "the crawl ends when nothing has come for an hour",
			"katana: the idle timeout ends a crawl with a page outstanding"},
		{pollAtEnd, "whether it has ended is looked up every 100 ms",
			"katana 595: it waits its whole timeout at the end"},
		{busyWait, "a worker without work asks again and again",
			"colly 450: the queue loops while a request is in flight"},
		{dropsLastLink, "the last link of each page is lost", "off by one"},
		{errorKeepsPending, "a failed page is never counted as done", "seonaut 51: Done only on success"},
		{errorEndsCrawl, "the first failed page ends the crawl", "errgroup with its context"},
		{errorNotCounted, "failed pages are not reported", "an error that is logged only"},
		{retriesFailed, "a failed page is fetched once more", "a retry that the contract leaves to the site"},
		{ignoresContext, "the context is not passed on", "context.WithoutCancel"},
		{swallowsContext, "a cancelled crawl returns no error", "the error of a worker is dropped"},
		{slowToCancel, "a cancelled crawl waits for a second before it returns",
			"gocrawl: a sleep that cannot be interrupted"},
		{limiterIgnored, "nobody waits on the limiter", "an option that is not passed on"},
		{limiterOneWorker, "only one of the workers waits on the limiter", "a limiter per worker"},
		{limiterForLinks, "the limiter is waited on for duplicates too",
			"geziyor: the limiter stands before the visited set"},
		{limiterAfterFetch, "the limiter is waited on after the fetch", "colly: the delay follows the response"},
		{limiterErrorLost, "an error of the limiter is ignored", "geziyor: the result of Wait is dropped"},
		{budgetLoadThenAdd, "the budget is compared first and counted later",
			"colly 905: MaxRequests=5 lets 18 to 38 through"},
		{budgetOffByOne, "the budget lets one page too many through", "off by one"},
		{queuesDuplicates, "links are queued as they come, and deduplicated when they are taken",
			"a frontier that grows with the links"},
		{returnsEarly, "it returns when the last page is taken, not when it has come back",
			"a result before the last fetch has ended"},
		{leaksHelper, "a helper goroutine is never told to stop", "colly queue.Stop: all workers are left"},
		{panicsOnNoLinks, "a page without links panics", "links[0]"},
		{lockAcrossFetch, "the lock is held during a fetch", "a deferred Unlock in the wrong function"},
		{hashIsIdentity, "the visited set keeps a 32-bit hash of the key, by 16 bits of it",
			"colly: the hash of a request as its identity"},
		{fastPath, "every eighth page goes past the lock where there is no budget", "a fast path for the common case"},
		{racyCounter, "the pages are counted without a lock", "geziyor: a flag that two goroutines share bare"},
		{addInside, "the goroutine adds itself to the WaitGroup that is already waited on",
			"doc-scraper PR 4: Add after Wait drops the crawl"},
		{closesTwice, "whoever ends the crawl closes the same channel", "fetchbot: two paths to one close"},
		{dropsWhenFull, "links that do not fit into the queue are dropped without a word",
			"colly queue: ErrQueueFull is not looked at"},
		{lockOrder, "two locks are taken in either order", "heritrix PR 61: reversed lock order"},
		{reapsWorkers, "a worker that was idle for 10 ms goes home and is not replaced",
			"gocrawl: a reaped worker is not missed"},
		{recyclesNodes, "the frontier is a lock-free stack that uses its nodes again",
			"the ABA problem, which a collector hides until somebody saves allocations"},
		{budgetFirst, "links are cut to what is left of the budget, and then those seen are left out", "crawlee 3153"},
		{depthOfFirstPath, "links are followed to a depth of 50, counted along the path by which a page was found first", "a depth limit of a crawler that does not go breadth first"},
	}
}
