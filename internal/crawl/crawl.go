// Package crawl is the contract between the harness and the crawlers that it measures.
//
// A crawler imports this package, and may import packages engine and visited. Package bench exports the same types
// under the same names.
//
// A crawler promises, for every graph and every schedule:
//
//   - Each page that can be reached from the seeds is fetched exactly once, however often it is linked
//     or seeded, and only after a link to it was handed out.
//   - Pages are the same if and only if their keys are equal by ==. Keys are not normalised.
//   - At most Options.Workers fetches are in flight. A worker is idle only if there is no known page
//     that the limiter and the budget admit, with two exceptions: a crawler that goes level by level may wait
//     for the last pages of a level, and a worker may be given several pages at a time as long as each
//     fetch takes less than a millisecond.
//   - The limiter, if there is one, is waited on exactly once before each fetch, and never for a
//     duplicate.
//   - A failed fetch counts as an error and its page as visited, and the crawl continues, whatever the
//     error wraps. The same holds for a fetch that failed because ctx ended.
//   - At most Options.MaxPages pages are fetched, failed ones included, and exactly that many if the
//     graph has them.
//   - If ctx ends before the last fetch has ended, or the limiter returns an error, no worker begins
//     another page, and the crawl returns that error when the fetches in flight have ended. Fetch and
//     Wait are given ctx or a context derived from it, so they return at once when it ends.
//   - A crawler that is Polite keeps Options.Politeness, if there is one. A worker is then idle only if no host
//     may be asked for a page that is known.
//   - Seeds and links belong to others: they are neither modified nor appended to.
//   - A panic of Fetch is not swallowed. It ends the process, or it ends the crawl with an error, or it
//     counts as a failed fetch, after which the crawl continues.
//   - Memory grows with the known pages, by at most 4 KiB each in addition to their keys, and not with
//     the links.
//   - When the crawl returns, every goroutine, timer, file and process that it started has ended,
//     derived contexts are cancelled, no state is kept, and the state of the process, such as
//     GOMAXPROCS, is unchanged.
//
// Package conform checks this contract, mostly in virtual time, which advances when all goroutines wait
// for each other, for a timer or for a context. It does not advance while a goroutine waits for a mutex
// or for the system. A crawler can therefore be checked only if no goroutine holds a sync.Mutex while it
// waits, and none waits on a pipe, a socket or a file: workers wait on channels, sync.Cond or
// sync.WaitGroup.
//
// There is also advice: a limiter that reserves, such as golang.org/x/time/rate, cannot cancel the
// reservations of several concurrent waits. See InTurn.
package crawl

import "context"

// Web is the site that a crawler crawls. Fetch is safe for concurrent use. The links are in document
// order, may repeat, may contain the page itself, stay valid after the crawl, and must not be modified.
type Web[K comparable] interface {
	Fetch(ctx context.Context, page K) (links []K, err error)
}

// Prefetcher is a Web that can use a hint of what will be fetched, such as a site in memory that loads
// what the fetch will read. near are the pages to be fetched next, far those after them; a page should
// be in far first. A page of a hint may be fetched much later, by another worker, or never. Prefetch
// does not block, keeps no reference to its arguments, and is safe for concurrent use. A crawler finds
// it by type assertion.
type Prefetcher[K comparable] interface {
	Prefetch(near, far []K)
}

// Limiter limits the rate of fetches: Wait returns when the next fetch may begin, or an error.
// *rate.Limiter of golang.org/x/time/rate is one. It is safe for concurrent use.
type Limiter interface {
	Wait(ctx context.Context) error
}

// Options are the options of one crawl. Concurrency (Workers) and rate (Limiter) are independent.
type Options struct {
	// Workers is the largest number of fetches in flight, at least 1.
	Workers int
	// Limiter is waited on once before every fetch. Nil means no limit.
	Limiter Limiter
	// MaxPages is the number of pages after which the crawl ends. 0 means that it ends with the
	// graph. It is never negative.
	MaxPages int
	// SizeHint is the expected number of pages, 0 if unknown. A wrong hint costs speed, never correctness.
	SizeHint int
	// Politeness limits the fetches of each host. Nil means no limit. Only a crawler that is Polite keeps it.
	Politeness *Politeness
	// Count, if not nil, may be called before the crawl returns, from one goroutine, with what the crawler
	// has counted, such as repeated attempts, which no profile shows.
	Count func(name string, n int)
}

// Result is what a crawl did, complete or not.
type Result struct {
	// Pages is the number of fetches made, failed ones included.
	Pages int
	// Errors is the number of fetches that failed.
	Errors int
}

// Func crawls web from seeds. A nil error means that every reachable page, or MaxPages of them, was fetched.
type Func[K comparable] func(ctx context.Context, web Web[K], seeds []K, o Options) (Result, error)

// Crawler describes a crawler. A nil Func means that it does not support that kind of key; at least one
// is set. Name matches [A-Za-z0-9._+]+ because it becomes part of a benchmark's name.
type Crawler struct {
	Name, Doc string
	ByID      Func[uint32]
	ByURL     Func[string]
	// MaxWorkers is the largest number of workers that the crawler can use, 0 if there is no limit. It is
	// not measured with more. A sequential crawler has 1.
	MaxWorkers int
	// OnEngine reports that the crawler is a visited set on the shared engine, as FromVisited makes it.
	// The cost of the engine is then shown with its results.
	OnEngine bool
	// Polite reports that the crawler keeps Options.Politeness. The others ignore it.
	Polite bool
}

// Visited is a set of pages, safe for concurrent use. AddNew appends to dst the links that no call has
// returned before, each of them once across all concurrent callers, and returns the extended slice. It
// is called once for every fetched page with all its links, so a set may lock once per page or per link.
type Visited[K comparable] interface {
	AddNew(dst, links []K) []K
}

// Counter is a Visited that counts something. Counts is called once, when the crawl's workers have ended.
type Counter interface {
	Counts(count func(name string, n int))
}

// NewVisited makes an empty set. sizeHint is the expected number of pages, 0 if unknown, and may be wrong.
type NewVisited[K comparable] func(sizeHint int) Visited[K]
