package mutant

import (
	"context"

	"crawlbench/internal/crawl"
)

// twist wraps the correct crawler: it changes its arguments or its results.
type twist[K comparable] func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	right crawl.Func[K]) (crawl.Result, error)

// twisted returns the correct crawler wrapped in t.
func twisted[K comparable](t twist[K]) crawl.Func[K] {
	right := run[K](none)
	return func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result, error) {
		return t(ctx, web, seeds, o, right)
	}
}

// fetcher makes a Web of a function.
type fetcher[K comparable] func(ctx context.Context, page K) ([]K, error)

func (f fetcher[K]) Fetch(ctx context.Context, page K) ([]K, error) { return f(ctx, page) }

// waiter makes a Limiter of a function.
type waiter func(ctx context.Context) error

func (w waiter) Wait(ctx context.Context) error { return w(ctx) }

// twists returns the mutants that wrap the correct crawler.
func twists() []Mutant {
	var list []Mutant
	both := func(name, doc, seen string, id twist[uint32], url twist[string]) {
		list = append(list, Mutant{Crawler: crawl.Crawler{Name: name, Doc: doc, ByID: twisted(id), ByURL: twisted(url)},
			Case: seen})
	}
	both("budgetwaits", "with a budget, the crawl ends only when it is used up",
		"gpt-crawler 110: a page limit larger than the site", budgetWaits, budgetWaits)
	both("budgetofone", "a budget of one page yields none", "lilbee PR 369: max_pages=1", budgetOfOne, budgetOfOne)
	both("budgetnarrow", "the budget is kept in 16 bits", "an integer type that was once wide enough", budgetNarrow,
		budgetNarrow)
	both("budgetgood", "failed pages do not count against the budget",
		"a limit on results, documented as one on requests", budgetGood, budgetGood)
	both("workersnarrow", "the number of workers is kept in 8 bits", "an integer type that was once wide enough",
		workersNarrow, workersNarrow)
	both("seedscut", "only the first 256 seeds fit into the channel",
		"a channel that nobody reads yet", seedsCut, seedsCut)
	both("seedsinplace", "the slice of seeds is reordered", "the seeds used as the frontier", seedsInPlace,
		seedsInPlace)
	both("linkscut", "only the first 65,536 links of a page are used", "a 16-bit index", linksCut, linksCut)
	both("linksinplace", "visited links are filtered out in place",
		"syncthing PR 4685: an argument filtered in place", linksInPlace, linksInPlace)
	both("linkssorted", "links are reordered in place", "sorting a slice that belongs to others",
		linksSorted, linksSorted)

	both("limiterdeaf", "the limiter is waited on without the context",
		"uber-go/ratelimit 73: Take cannot be cancelled", limiterDeaf, limiterDeaf)
	both("limiterlocks", "one lock is held from the wait on the limiter to the end of the fetch",
		"colly LimitRule: with a delay, one request at a time", limiterLocks, limiterLocks)
	both("limiteragain", "a failed page waits on the limiter again", "a back-off that takes tokens", limiterAgain,
		limiterAgain)
	both("limiterfirst", "a token is taken before there is a page for it", "a limiter that runs ahead",
		limiterFirst, limiterFirst)
	both("limiterhoards", "tokens are taken four at a time, ahead of their fetches", "permits in batches",
		limiterHoards,
		limiterHoards)
	both("limiterkept", "the first crawl's limiter is used in all later crawls", "a client created once",
		limiterKept[uint32](), limiterKept[string]())
	both("limiterlapses", "only the first hundred pages wait on the limiter", "a warm-up the wrong way round",
		limiterLapses, limiterLapses)
	both("refusalispage", "an error of the limiter counts as a failed page", "one path for both errors",
		refusalIsPage, refusalIsPage)

	both("slotlost", "the worker of a failed fetch is lost",
		"colly: Do returns before it releases its slot", slotLost, slotLost)
	both("timeoutends", "a page's error that wraps context.DeadlineExceeded ends the crawl",
		"errors.Is applied to the page's error", timeoutEnds, timeoutEnds)
	both("eofends", "a page's error that wraps io.EOF ends the crawl", "a queue that ends with io.EOF",
		eofEnds, eofEnds)
	both("canceledlost", "a page's error that wraps context.Canceled is not counted",
		"errors.Is applied to the page's error",
		canceledLost, canceledLost)
	both("retriestimeouts", "a page that timed out is fetched again", "a retry on Timeout()", retriesTimeouts,
		retriesTimeouts)
	both("breaker", "100 failures in a row end the crawl", "a circuit breaker", breaker, breaker)
	both("firsterror", "the first failed page's error is returned at the end", "errgroup without its context",
		firstError,
		firstError)
	both("lasterrorlost", "an error of the last fetch to end is not counted",
		"a counter read before the last increment", lastErrorLost, lastErrorLost)
	both("lease", "a page whose fetch takes two hours is fetched again", "message queues with a visibility timeout",
		lease, lease)
	both("pagetimeout", "a fetch is given up after an hour", "a client with its own timeout",
		pageTimeout, pageTimeout)
	both("swallowspanics", "a panic of Fetch is recovered, and its page treated as one without links",
		"recover in every worker", swallowsPanics, swallowsPanics)

	both("fetchdeaf", "the context is not passed to Fetch", "http.Get instead of a request with a context", fetchDeaf,
		fetchDeaf)
	both("cancelblocks", "a cancelled crawl waits for pages that nobody will fetch",
		"fetchbot 10: after Cancel, Block never returns", cancelBlocks, cancelBlocks)
	both("cancelcounts", "a cancelled crawl counts a page that was not fetched", "a counter incremented too early",
		cancelCounts, cancelCounts)
	both("exitsatend", "it ends the process with exit code 0 instead of returning",
		"golang/go 29062: os.Exit(0) passes", exitsAtEnd, exitsAtEnd)
	both("exitsoncancel", "it ends the process when its context ends", "a signal handler", exitsOnCancel,
		exitsOnCancel)

	both("remembersresult", "later crawls fetch the pages of the first one without reading links",
		"freya PR 318: later iterations reuse the first one's result", remembersResult[uint32](),
		remembersResult[string]())
	both("rememberslinks", "links are cached from one crawl to the next",
		"a cache that outlives its data", remembersLinks[uint32](), remembersLinks[string]())
	both("raisesprocs", "GOMAXPROCS is raised", "go-sitemap-generator 55", raisesProcs, raisesProcs)
	both("collectoroff", "the garbage collector is turned off", "a benchmark that looks better without it",
		collectorOff,
		collectorOff)
	both("memorylimit", "the runtime's memory limit is set", "GOMEMLIMIT in a library", memoryLimit, memoryLimit)
	both("setsenvironment", "an environment variable is set", "os.Setenv in a library",
		setsEnvironment, setsEnvironment)
	both("changesdirectory", "the working directory is changed", "os.Chdir in a library", changesDirectory,
		changesDirectory)
	both("ignoressignals", "interrupts are ignored from then on", "signal.Ignore in a library", ignoresSignals,
		ignoresSignals)
	both("leavesfiles", "each crawl opens a file and does not close it", "unclosed response bodies",
		leavesFiles, leavesFiles)
	both("leavesprocess", "a child process that holds standard error is left behind",
		"nuclei 699, katana 632: a browser is left behind",
		leavesProcess, leavesProcess)
	both("leavestimer", "a timer is left running", "time.AfterFunc without Stop", leavesTimer, leavesTimer)
	both("latergoroutine", "a goroutine is left behind that ends a minute later", "a flush in the background",
		laterGoroutine, laterGoroutine)
	both("latefetch", "a page is fetched a minute after the return", "a scheduled retry that was forgotten",
		lateFetch, lateFetch)
	both("leakscontext", "a context derived from the crawl's is not cancelled", "go vet's lostcancel", leaksContext,
		leaksContext)

	list = append(list, Mutant{
		Crawler: crawl.Crawler{Name: "hostlimit", Doc: "Workers limits the fetches in flight per host, not in total",
			ByURL: twisted(hostLimit)},
		Case: "colly 266: parallelism per domain or in total",
	})
	return list
}
