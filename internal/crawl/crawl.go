// Package crawl is the contract between the harness and the crawlers that it measures.
//
// It is a leaf: a design imports this package and nothing else of the harness. Package bench hands the same types
// out under the same names.
//
// A crawler promises, for every graph and every schedule:
//
//   - each page that can be reached from the seeds is fetched exactly once, however often it is
//     linked or seeded, and only after a link to it was handed out;
//   - pages are the same if their keys are equal by ==, and differ otherwise: nothing is
//     normalised;
//   - at most Options.Workers fetches are in flight, and no time passes with fewer while a page is
//     known that the limiter and the budget let it fetch; only a crawler that goes level by level
//     may wait for the last pages of a level, and a worker may be given several pages at a time as
//     long as they come back within a millisecond;
//   - the limiter, where there is one, is waited on once before every fetch and never for a
//     duplicate;
//   - a failed fetch counts as an error, its page as visited, and the crawl goes on, whatever the
//     error wraps; a fetch that failed because ctx ended counts in the same way;
//   - at most Options.MaxPages pages are fetched, failed ones included, and exactly so many where
//     the graph has them;
//   - when ctx ends before the last fetch has come back, or the limiter fails, no worker begins
//     another page, and the crawl returns with that error when the fetches in flight have come
//     back. Fetch and Wait are given ctx, or a context derived from it, and so come back at once
//     when it ends;
//   - seeds and links belong to others, and are neither modified nor appended to;
//   - a panic of Fetch is not swallowed: it ends the process, or the crawl with an error, or counts
//     as a failed fetch, after which the crawl goes on;
//   - its memory grows with the pages that it knows, by at most 4 KiB each beside their keys, and
//     not with the links;
//   - when it returns, every goroutine, timer, file and process that it started has ended, the
//     contexts that it derived are cancelled, no state of it is left, and what belongs to the whole
//     process, such as GOMAXPROCS, is as it was.
//
// Package conform checks that, mostly in virtual time, which goes on when all goroutines wait for
// each other, for a timer or
// for a context. It stands still while one waits for a lock or for the system, so that a crawler
// can be checked only if no
// goroutine holds a sync.Mutex while it waits, and none waits on a pipe, a socket or a file: workers wait on channels,
// sync.Cond or sync.WaitGroup. One thing more is advice: a limiter that reserves, such as
// golang.org/x/time/rate, cannot
// take back what cancelled waits had reserved if several waited at a time; see InTurn.
package crawl

import "context"

// Web is the site that a crawler walks. Fetch is safe for concurrent use. The links come in document order, may repeat,
// may contain the page itself, stay valid after the crawl, and must not be modified.
type Web[K comparable] interface {
	Fetch(ctx context.Context, page K) (links []K, err error)
}

// Prefetcher is a Web that can make use of a hint of what will be fetched, such as a site in memory that loads what the
// fetch will read. Near are the pages to be fetched next, far those after them; a page should be
// among the far ones first.
// A page of the hint may be fetched much later, by another worker, or never. Prefetch does not
// block, keeps no reference to
// its arguments, and is safe for concurrent use. A crawler finds it by type assertion.
type Prefetcher[K comparable] interface {
	Prefetch(near, far []K)
}

// Limiter paces fetches: Wait returns when the next fetch may start, or an error when it never may.
// *rate.Limiter of golang.org/x/time/rate is one. It is safe for concurrent use.
type Limiter interface {
	Wait(ctx context.Context) error
}

// Options are the dials of one crawl. Concurrency (Workers) and rate (Limiter) are independent.
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
	// Count, if not nil, may be called before the crawl returns, from one goroutine, with what the
	// design has counted of
	// itself, such as attempts repeated: no profile sees those.
	Count func(name string, n int)
}

// Result is what a crawl did, whether or not it came to its end.
type Result struct {
	// Pages is the number of fetches made, failed ones included.
	Pages int
	// Errors is the number of fetches that failed.
	Errors int
}

// Func crawls web from seeds. A nil error means that every reachable page, or MaxPages of them, was fetched.
type Func[K comparable] func(ctx context.Context, web Web[K], seeds []K, o Options) (Result, error)

// Crawler names one design. A nil Func means that the design does not support that kind of key; one of the two is
// set. Name matches [A-Za-z0-9._+]+ because it becomes a part of a benchmark's name.
type Crawler struct {
	Name, Doc string
	ByID      Func[uint32]
	ByURL     Func[string]
	// MaxWorkers is the largest number of workers that the design can use, 0 if there is none. It is measured at no
	// larger one; a sequential crawler has 1.
	MaxWorkers int
	// OnEngine says that it is a visited set around the engine that such designs share, as
	// FromVisited makes it; what the
	// engine costs is then shown beside its results.
	OnEngine bool
}

// Visited is a set of pages, safe for concurrent use. AddNew appends to dst those links that no call returned before,
// each of them once across all concurrent callers, and returns the extended slice. It is called once for every fetched
// page with all its links, so that a set may choose to lock once a page or once a link.
type Visited[K comparable] interface {
	AddNew(dst, links []K) []K
}

// Counter is a Visited that counts something of itself. Counts is called once, after the crawl's workers have ended.
type Counter interface {
	Counts(count func(name string, n int))
}

// NewVisited makes an empty set. sizeHint is the expected number of pages, 0 if unknown, and may be wrong.
type NewVisited[K comparable] func(sizeHint int) Visited[K]
