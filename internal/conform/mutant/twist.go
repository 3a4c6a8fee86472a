package mutant

import (
	"context"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"time"

	"crawlbench/internal/crawl"
)

// call is a call of the correct crawler, but for its context.
type call[K comparable] struct {
	web   crawl.Web[K]
	seeds []K
	crawl.Options
}

func (c call[K]) crawl(ctx context.Context) (crawl.Result, error) {
	return run[K](none)(ctx, c.web, c.seeds, c.Options)
}

// fetches crawls with another Fetch.
func (c call[K]) fetches(ctx context.Context, fetch fetcher[K]) (crawl.Result, error) {
	c.web = fetch
	return c.crawl(ctx)
}

// answers crawls with the result of each fetch passed through change.
func (c call[K]) answers(ctx context.Context,
	change func(ctx context.Context, page K, links []K, err error) ([]K, error)) (crawl.Result, error) {
	return c.fetches(ctx, func(ctx context.Context, page K) ([]K, error) {
		links, err := c.web.Fetch(ctx, page)
		return change(ctx, page, links, err)
	})
}

// twist changes the arguments or the results of a call.
type twist[K comparable] func(ctx context.Context, c call[K]) (crawl.Result, error)

// twisted returns the correct crawler with t around it.
func twisted[K comparable](t twist[K]) crawl.Func[K] {
	return func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result, error) {
		return t(ctx, call[K]{web, seeds, o})
	}
}

// fetcher makes a Web of a function.
type fetcher[K comparable] func(ctx context.Context, page K) ([]K, error)

func (f fetcher[K]) Fetch(ctx context.Context, page K) ([]K, error) { return f(ctx, page) }

// waiter makes a Limiter of a function.
type waiter func(ctx context.Context) error

func (w waiter) Wait(ctx context.Context) error { return w(ctx) }

func both(name, doc, seen string, id twist[uint32], url twist[string]) Mutant {
	return made(name, doc, seen, twisted(id), twisted(url))
}

// options returns the mutant that changes its options.
func options(name, doc, seen string, change func(o *crawl.Options)) Mutant {
	return both(name, doc, seen, optioned[uint32](change), optioned[string](change))
}

func optioned[K comparable](change func(o *crawl.Options)) twist[K] {
	return func(ctx context.Context, c call[K]) (crawl.Result, error) {
		change(&c.Options)
		return c.crawl(ctx)
	}
}

// before returns the mutant that calls f before each crawl.
func before(name, doc, seen string, f func()) Mutant {
	return options(name, doc, seen, func(*crawl.Options) { f() })
}

// limits returns the mutant that puts a limiter around its own.
func limits(name, doc, seen string, around func(l crawl.Limiter) crawl.Limiter) Mutant {
	return options(name, doc, seen, func(o *crawl.Options) {
		if o.Limiter != nil {
			o.Limiter = around(o.Limiter)
		}
	})
}

// twists returns the mutants that wrap the correct crawler.
func twists() []Mutant {
	return []Mutant{
		both("budgetwaits", "with a budget, the crawl ends only when it is used up", "gpt-crawler 110: a page limit larger than the site",
			budgetWaits, budgetWaits),
		both("budgetofone", "a budget of one page yields none", "lilbee PR 369: max_pages=1", budgetOfOne, budgetOfOne),
		options("budgetnarrow", "the budget is kept in 16 bits", "an integer type that was once wide enough",
			func(o *crawl.Options) { o.MaxPages = int(uint16(o.MaxPages)) }),
		both("budgetgood", "failed pages do not count against the budget", "a limit on results, documented as one on requests",
			budgetGood, budgetGood),
		options("workersnarrow", "the number of workers is kept in 8 bits", "an integer type that was once wide enough",
			func(o *crawl.Options) { o.Workers = max(1, int(uint8(o.Workers))) }),
		both("seedscut", "only the first 256 seeds fit into the channel", "a channel that nobody reads yet",
			seedsCut, seedsCut),
		both("seedsinplace", "the slice of seeds is reordered", "the seeds used as the frontier",
			seedsInPlace, seedsInPlace),
		both("linkscut", "only the first 65,536 links of a page are used", "a 16-bit index", linksCut, linksCut),
		both("linksinplace", "visited links are filtered out in place", "syncthing PR 4685: an argument filtered in place",
			linksInPlace, linksInPlace),
		both("linkssorted", "links are reordered in place", "sorting a slice that belongs to others",
			linksSorted, linksSorted),

		limits("limiterdeaf", "the limiter is waited on without the context", "uber-go/ratelimit 73: Take cannot be cancelled",
			func(l crawl.Limiter) crawl.Limiter {
				return waiter(func(ctx context.Context) error { return l.Wait(context.WithoutCancel(ctx)) })
			}),
		both("limiterlocks", "one lock is held from the wait on the limiter to the end of the fetch", "colly LimitRule: with a delay, one request at a time",
			limiterLocks, limiterLocks),
		both("limiteragain", "a failed page waits on the limiter again", "a back-off that takes tokens",
			limiterAgain, limiterAgain),
		both("limiterfirst", "a token is taken before there is a page for it", "a limiter that runs ahead",
			limiterFirst, limiterFirst),
		limits("limiterhoards", "tokens are taken four at a time, ahead of their fetches", "permits in batches",
			hoard),
		both("limiterkept", "the first crawl's limiter is used in all later crawls", "a client created once",
			limiterKept[uint32](), limiterKept[string]()),
		limits("limiterlapses", "only the first hundred pages wait on the limiter", "a warm-up the wrong way round",
			func(l crawl.Limiter) crawl.Limiter {
				var n atomic.Int64
				return waiter(func(ctx context.Context) error {
					if n.Add(1) > 100 {
						return ctx.Err()
					}
					return l.Wait(ctx)
				})
			}),
		both("refusalispage", "an error of the limiter counts as a failed page", "one path for both errors",
			refusalIsPage, refusalIsPage),

		both("slotlost", "the worker of a failed fetch is lost", "colly: Do returns before it releases its slot",
			slotLost, slotLost),
		both("timeoutends", "a page's error that wraps context.DeadlineExceeded ends the crawl", "errors.Is applied to the page's error",
			endsWith[uint32](context.DeadlineExceeded), endsWith[string](context.DeadlineExceeded)),
		both("eofends", "a page's error that wraps io.EOF ends the crawl", "a queue that ends with io.EOF",
			endsWith[uint32](io.EOF), endsWith[string](io.EOF)),
		both("canceledlost", "a page's error that wraps context.Canceled is not counted", "errors.Is applied to the page's error",
			canceledLost, canceledLost),
		both("retriestimeouts", "a page that timed out is fetched again", "a retry on Timeout()",
			retriesTimeouts, retriesTimeouts),
		both("breaker", "100 failures in a row end the crawl", "a circuit breaker",
			breaker[uint32](100), breaker[string](100)),
		both("firsterror", "the first failed page's error is returned at the end", "errgroup without its context",
			firstError, firstError),
		both("lasterrorlost", "an error of the last fetch to end is not counted", "a counter read before the last increment",
			lastErrorLost, lastErrorLost),
		both("lease", "a page whose fetch takes two hours is fetched again", "message queues with a visibility timeout",
			lease, lease),
		both("pagetimeout", "a fetch is given up after an hour", "a client with its own timeout",
			pageTimeout[uint32](time.Hour), pageTimeout[string](time.Hour)),
		both("swallowspanics", "a panic of Fetch is recovered, and its page treated as one without links", "recover in every worker",
			swallowsPanics, swallowsPanics),

		both("fetchdeaf", "the context is not passed to Fetch", "http.Get instead of a request with a context",
			fetchDeaf, fetchDeaf),
		both("cancelblocks", "a cancelled crawl waits for pages that nobody will fetch", "fetchbot 10: after Cancel, Block never returns",
			cancelBlocks, cancelBlocks),
		both("cancelcounts", "a cancelled crawl counts a page that was not fetched", "a counter incremented too early",
			cancelCounts, cancelCounts),
		both("exitsatend", "it ends the process with exit code 0 instead of returning", "golang/go 29062: os.Exit(0) passes",
			exitsAtEnd, exitsAtEnd),
		both("exitsoncancel", "it ends the process when its context ends", "a signal handler",
			exitsOnCancel, exitsOnCancel),

		both("remembersresult", "later crawls fetch the pages of the first one without reading links", "freya PR 318: later iterations reuse the first one's result",
			remembersResult[uint32](), remembersResult[string]()),
		both("rememberslinks", "links are cached from one crawl to the next", "a cache that outlives its data",
			remembersLinks[uint32](), remembersLinks[string]()),
		before("raisesprocs", "GOMAXPROCS is raised", "go-sitemap-generator 55",
			func() { runtime.GOMAXPROCS(runtime.NumCPU() + 1) }),
		before("collectoroff", "the garbage collector is turned off", "a benchmark that looks better without it",
			func() { debug.SetGCPercent(-1) }),
		before("memorylimit", "the runtime's memory limit is set", "GOMEMLIMIT in a library",
			func() { debug.SetMemoryLimit(8 << 30) }),
		before("setsenvironment", "an environment variable is set", "os.Setenv in a library",
			func() { os.Setenv("CRAWLER_STATE", "used") }),
		before("changesdirectory", "the working directory is changed", "os.Chdir in a library",
			func() { os.Chdir("/") }),
		before("ignoressignals", "interrupts are ignored from then on", "signal.Ignore in a library",
			func() { signal.Ignore(os.Interrupt) }),
		before("morethreads", "the limit of threads is raised", "debug.SetMaxThreads in a library",
			func() { debug.SetMaxThreads(20_000) }),
		before("leavesfiles", "each crawl opens a file and does not close it", "unclosed response bodies",
			func() { // not an os.File, which the garbage collector would close
				syscall.Open(os.DevNull, syscall.O_RDONLY, 0)
			}),
		before("leavesprocess", "a child process that holds standard error is left behind", "nuclei 699, katana 632: a browser is left behind",
			func() {
				c := exec.Command("sleep", "20")
				c.Stderr = os.Stderr
				c.Start()
			}),
		before("leavestimer", "a timer is left running", "time.AfterFunc without Stop",
			func() { time.AfterFunc(time.Minute, func() {}) }),
		before("latergoroutine", "a goroutine is left behind that ends a minute later", "a flush in the background",
			func() { go time.Sleep(time.Minute) }),
		both("latefetch", "a page is fetched a minute after the return", "a scheduled retry that was forgotten",
			lateFetch, lateFetch),
		both("leakscontext", "a context derived from the crawl's is not cancelled", "go vet's lostcancel",
			leaksContext, leaksContext),

		made("hostlimit", "Workers limits the fetches in flight per host, not in total",
			"colly 266: parallelism per domain or in total", nil, twisted(hostLimit)),
	}
}
