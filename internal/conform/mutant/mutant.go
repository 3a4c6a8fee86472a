// Package mutant contains deliberately broken crawlers, each a few lines away from a correct one and
// named after its bug. They test the checks of package conform: every mutant must be found. It also
// contains correct crawlers with unusual designs, which no check may fail.
package mutant

import (
	"slices"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/engine"
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
		list = append(list, made(string(b.bug), b.doc, b.seen, run[uint32](b.bug), run[string](b.bug)))
	}
	return slices.Concat(list, apart(), bags(), offers(), sizes(), leftovers(), twists(), ends(), beside(), sets())
}

func made(name, doc, seen string, byID crawl.Func[uint32], byURL crawl.Func[string]) Mutant {
	return Mutant{crawl.Crawler{Name: name, Doc: doc, ByID: byID, ByURL: byURL}, seen}
}

// set returns a mutant that has only its visited set of its own.
func set(name, doc, seen string, byID crawl.NewVisited[uint32], byURL crawl.NewVisited[string]) Mutant {
	return Mutant{engine.FromVisited(name, doc, byID, byURL), seen}
}

// Controls returns correct crawlers: the one that the mutants are made from, and those of Unusual.
func Controls() []crawl.Crawler { return append([]crawl.Crawler{Right()}, Unusual()...) }

// Crawlers returns the controls, followed by the mutants.
func Crawlers() []crawl.Crawler {
	list := Controls()
	for _, m := range All() {
		list = append(list, m.Crawler)
	}
	return list
}

// Right returns the crawler that the mutants are made from. It has no bug.
func Right() crawl.Crawler {
	return crawl.Crawler{Name: "right", Doc: "the crawler that the mutants are made from", ByID: run[uint32](none),
		ByURL: run[string](none)}
}

// bug names the bug of a pool.
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

// bugs returns the table of the mutants that are a pool with a bug.
func bugs() []entry {
	return []entry{
		{checkThenAct, "the lock is released between the lookup and the insertion",
			"colly Async: IsVisited, then Visited"},
		{markAfterFetch, "a page is marked as visited after its fetch instead of when it is queued",
			"link checkers that mark late"},
		{seedsNotDeduped, "seeds bypass the visited set", "start lists that contain a page twice"},
		{lostWakeUp, "pages are queued without waking a worker", "sync.Cond without Signal"},
		{signalAtEnd, "only one waiting worker is woken at the end", "Signal instead of Broadcast"},
		{oneWorkerTooMany, "one worker too many", "off by one"},
		{oneWorkerTooFew, "one worker too few", "off by one"},
		{quietlySequential, "one worker, whatever Workers is", "a semaphore of one, left over from debugging"},
		{emptyQueueIsEnd, "a worker exits when it finds the queue empty",
			"counting queued instead of outstanding pages"},
		{idleTimeout, "the crawl ends after an hour without progress",
			"katana: the idle timeout ends a crawl with a page outstanding"},
		{pollAtEnd, "the end is polled for every 100 ms",
			"katana 595: waits its whole timeout at the end"},
		{busyWait, "a worker without work polls in a loop",
			"colly 450: the queue loops while a request is in flight"},
		{dropsLastLink, "the last link of each page is dropped", "off by one"},
		{errorKeepsPending, "a failed page never counts as done", "seonaut 51: Done only on success"},
		{errorEndsCrawl, "the first failed page ends the crawl", "errgroup with its context"},
		{errorNotCounted, "failed pages are not counted", "an error that is only logged"},
		{retriesFailed, "a failed page is fetched again", "a retry that the contract leaves to the Web"},
		{ignoresContext, "the context is not passed on", "context.WithoutCancel"},
		{swallowsContext, "a cancelled crawl returns no error", "a worker's error is dropped"},
		{slowToCancel, "a cancelled crawl waits a second before it returns",
			"gocrawl: a sleep that cannot be interrupted"},
		{limiterIgnored, "the limiter is never waited on", "an option that is not passed on"},
		{limiterOneWorker, "only one worker waits on the limiter", "a limiter per worker"},
		{limiterForLinks, "duplicates wait on the limiter too",
			"geziyor: the limiter is before the visited set"},
		{limiterAfterFetch, "the limiter is waited on after the fetch", "colly: the delay follows the response"},
		{limiterErrorLost, "an error of the limiter is ignored", "geziyor: the result of Wait is discarded"},
		{budgetLoadThenAdd, "the budget is checked first and charged later",
			"colly 905: MaxRequests=5 lets 18 to 38 through"},
		{budgetOffByOne, "the budget admits one page too many", "off by one"},
		{queuesDuplicates, "all links are queued, and deduplicated when they are dequeued",
			"a frontier that grows with the links"},
		{returnsEarly, "it returns when the last page is dequeued, before its fetch has ended",
			"counting queued instead of outstanding pages"},
		{leaksHelper, "a helper goroutine is never stopped", "colly queue.Stop: all workers are left behind"},
		{panicsOnNoLinks, "it panics on a page without links", "links[0]"},
		{lockAcrossFetch, "the lock is held during a fetch", "a deferred Unlock in the wrong function"},
		{hashIsIdentity, "the visited set stores a 32-bit hash of the URL, or 16 bits of the id",
			"colly: the request's hash as its identity"},
		{fastPath, "without a budget, the lock is released between lookup and insertion of one page in eight", "a fast path for the common case"},
		{racyCounter, "pages are counted without a lock", "geziyor: a flag shared by two goroutines without a lock"},
		{addInside, "each worker calls WaitGroup.Add itself, when Wait may already have been called",
			"doc-scraper PR 4: Add after Wait drops the crawl"},
		{closesTwice, "every path that ends the crawl closes the same channel", "fetchbot: two paths to one close"},
		{dropsWhenFull, "links that do not fit into the queue are silently dropped",
			"colly queue: ErrQueueFull is ignored"},
		{lockOrder, "two locks are acquired in either order", "heritrix PR 61: reversed lock order"},
		{reapsWorkers, "a worker that is idle for 10 ms exits and is not replaced",
			"gocrawl: reaped workers are not replaced"},
		{recyclesNodes, "the frontier is a lock-free stack that reuses its nodes",
			"the ABA problem, which garbage collection prevents until nodes are pooled"},
		{budgetFirst, "links are cut to the remaining budget before duplicates are removed", "crawlee 3153"},
		{depthOfFirstPath, "links are followed to depth 50, counted along the path that found the page first", "a depth limit in a crawler that is not breadth-first"},
	}
}
