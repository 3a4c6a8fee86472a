package mutant

import (
	"context"

	"crawlbench/internal/crawl"
)

// twist changes what the right crawler is given, or what it returns.
type twist[K comparable] func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error)

// twisted returns the crawler that t makes of the right one.
func twisted[K comparable](t twist[K]) crawl.Func[K] {
	right := run[K](none)
	return func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result, error) {
		return t(ctx, web, seeds, o, right)
	}
}

// fetcher is a Web made of a function.
type fetcher[K comparable] func(ctx context.Context, page K) ([]K, error)

func (f fetcher[K]) Fetch(ctx context.Context, page K) ([]K, error) { return f(ctx, page) }

// waiter is a Limiter made of a function.
type waiter func(ctx context.Context) error

func (w waiter) Wait(ctx context.Context) error { return w(ctx) }

// twists returns the mutants that are the right crawler between twisted ends.
func twists() []Mutant {
	var list []Mutant
	both := func(name, doc, seen string, id twist[uint32], url twist[string]) {
		list = append(list, Mutant{Crawler: crawl.Crawler{Name: name, Doc: doc, ByID: twisted(id), ByURL: twisted(url)},
			Case: seen})
	}
	both("budgetwaits", "with a budget it ends only when that is used up",
		"gpt-crawler 110: a page limit larger than the site", budgetWaits, budgetWaits)
	both("budgetofone", "a budget of one page gives none", "lilbee PR 369: max_pages=1", budgetOfOne, budgetOfOne)
	both("budgetnarrow", "the budget is kept in 16 bits", "a counter that was wide enough once", budgetNarrow,
		budgetNarrow)
	both("budgetgood", "failed pages are not charged to the budget",
		"a limit on results that is documented as one on requests", budgetGood, budgetGood)
	both("workersnarrow", "the number of workers is kept in 8 bits", "a counter that was wide enough once",
		workersNarrow, workersNarrow)
	both("seedscut", "seeds beyond 256 do not fit into the channel that they are put in",
		"a channel that nobody reads yet", seedsCut, seedsCut)
	both("seedsinplace", "the seeds are overwritten by what is fetched next", "seeds[:0] as the frontier", seedsInPlace,
		seedsInPlace)
	both("linkscut", "only the first 65,536 links of a page are looked at", "an index of 16 bits", linksCut, linksCut)
	both("linksinplace", "links that were seen are filtered out in place",
		"syncthing PR 4685: an argument is filtered in place", linksInPlace, linksInPlace)
	both("linkssorted", "the links are reordered in place", "sorting what belongs to others", linksSorted, linksSorted)

	both("limiterdeaf", "the limiter is waited on without the context",
		"uber-go/ratelimit 73: Take cannot be cancelled", limiterDeaf, limiterDeaf)
	both("limiterlocks", "one lock is held from the wait on the limiter to the end of the fetch",
		"colly LimitRule: with a delay there is one request at a time", limiterLocks, limiterLocks)
	both("limiteragain", "a failed page waits on the limiter once more", "a back-off that takes tokens", limiterAgain,
		limiterAgain)
	both("limiterfirst", "a token is taken before it is known that there is a page for it", "a pacer that runs ahead",
		limiterFirst, limiterFirst)
	both("limiterhoards", "tokens are taken four at a time, for fetches to come", "permits in batches", limiterHoards,
		limiterHoards)
	both("limiterkept", "the limiter of the first crawl serves all later ones", "a client that is made once",
		limiterKept[uint32](), limiterKept[string]())
	both("limiterlapses", "the limiter is waited on for the first hundred pages only", "a warm-up the wrong way round",
		limiterLapses, limiterLapses)
	both("refusalispage", "an error of the limiter is counted as that of a page", "one path for both errors",
		refusalIsPage, refusalIsPage)

	both("slotlost", "the worker of a failed fetch does not come back",
		"colly: Do returns before it gives its slot back", slotLost, slotLost)
	both("timeoutends", "an error that wraps context.DeadlineExceeded is taken for the end of the crawl",
		"errors.Is asked of the page's error", timeoutEnds, timeoutEnds)
	both("eofends", "an error that wraps io.EOF is taken for the end of the frontier", "a queue that ends with io.EOF",
		eofEnds, eofEnds)
	both("canceledlost", "an error that wraps context.Canceled is not counted", "errors.Is asked of the page's error",
		canceledLost, canceledLost)
	both("retriestimeouts", "a page that timed out is fetched once more", "a retry on Timeout()", retriesTimeouts,
		retriesTimeouts)
	both("breaker", "100 failures in a row end the crawl", "a circuit breaker", breaker, breaker)
	both("firsterror", "the first error of a page is returned at the end", "errgroup without its context", firstError,
		firstError)
	both("lasterrorlost", "the error of the page that comes back last is not counted",
		"a counter that is read before the last one adds to it", lastErrorLost, lastErrorLost)
	both("lease", "a page that is out for two hours is fetched again", "queues whose messages become visible again",
		lease, lease)
	both("pagetimeout", "a page that takes longer than an hour is given up", "a client with a timeout of its own",
		pageTimeout, pageTimeout)
	both("swallowspanics", "a panic of Fetch is recovered, and its page taken for one without links",
		"recover in every worker", swallowsPanics, swallowsPanics)

	both("fetchdeaf", "the context is not passed to Fetch", "http.Get in place of a request with a context", fetchDeaf,
		fetchDeaf)
	both("cancelblocks", "a cancelled crawl waits for pages that nobody will fetch",
		"fetchbot 10: after Cancel, Block never returns", cancelBlocks, cancelBlocks)
	both("cancelcounts", "a cancelled crawl counts the pages that it was about to fetch", "a counter that runs ahead",
		cancelCounts, cancelCounts)
	both("exitsatend", "it ends the process with exit code 0 instead of returning",
		"golang/go 29062: os.Exit(0) passes", exitsAtEnd, exitsAtEnd)
	both("exitsoncancel", "it ends the process when its context ends", "a signal handler's habit", exitsOnCancel,
		exitsOnCancel)

	both("remembersresult", "the pages of the first crawl are fetched without a look at any link",
		"freya PR 318: later iterations use what the first has computed", remembersResult[uint32](),
		remembersResult[string]())
	both("rememberslinks", "the links of pages that were fetched in an earlier crawl come out of a cache",
		"a cache that outlives what it caches", remembersLinks[uint32](), remembersLinks[string]())
	both("raisesprocs", "GOMAXPROCS is raised", "go-sitemap-generator 55", raisesProcs, raisesProcs)
	both("collectoroff", "the garbage collector is turned off", "a benchmark that looks better without", collectorOff,
		collectorOff)
	both("memorylimit", "the runtime's memory limit is set", "GOMEMLIMIT in a library", memoryLimit, memoryLimit)
	both("setsenvironment", "an environment variable is set for the whole process", "os.Setenv in a library",
		setsEnvironment, setsEnvironment)
	both("changesdirectory", "the working directory is changed", "os.Chdir in a library", changesDirectory,
		changesDirectory)
	both("ignoressignals", "interrupts are ignored from then on", "signal.Ignore in a library", ignoresSignals,
		ignoresSignals)
	both("leavesfiles", "a file is opened for every crawl and not closed", "response bodies that are not closed",
		leavesFiles, leavesFiles)
	both("leavesprocess", "a process is left that holds standard error", "nuclei 699, katana 632: a browser is left",
		leavesProcess, leavesProcess)
	both("leavestimer", "a timer is left running", "time.AfterFunc without Stop", leavesTimer, leavesTimer)
	both("latergoroutine", "a goroutine is left that ends a minute later by itself", "a flush that nobody waits for",
		laterGoroutine, laterGoroutine)
	both("latefetch", "a page is fetched a minute after the return", "a retry that is scheduled and forgotten",
		lateFetch, lateFetch)
	both("leakscontext", "a context is derived from the crawl's and not cancelled", "go vet's lostcancel", leaksContext,
		leaksContext)

	list = append(list, Mutant{
		Crawler: crawl.Crawler{Name: "hostlimit", Doc: "as many fetches as workers are in flight for each host",
			ByURL: twisted(hostLimit)},
		Case: "colly 266: parallelism for each domain or for all",
	})
	return list
}
