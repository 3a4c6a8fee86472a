package bench

import (
	"context"

	"crawlbench/internal/crawl"
)

// The types of the contract are aliases of type literals, which are identical to those of package crawl:
// the crawlers in this module cannot import this package, which imports them.

// Web is the site that a crawler crawls. Fetch is safe for concurrent use. The links are in document
// order, may repeat, may contain the page itself, stay valid after the crawl, and must not be modified.
type Web[K comparable] = interface {
	Fetch(ctx context.Context, page K) (links []K, err error)
}

// Prefetcher is a Web that can use a hint of what will be fetched, such as a site in memory that loads
// what the fetch will read. near are the pages to be fetched next, far those after them; a page should
// be in far first. A page of a hint may be fetched much later, by another worker, or never. Prefetch
// does not block, keeps no reference to its arguments, and is safe for concurrent use. A crawler finds
// it by type assertion.
type Prefetcher[K comparable] = interface {
	Prefetch(near, far []K)
}

// Limiter limits the rate of fetches: Wait returns when the next fetch may begin, or an error.
// *rate.Limiter of golang.org/x/time/rate is one. It is safe for concurrent use.
type Limiter = interface {
	Wait(ctx context.Context) error
}

// Options are the options of one crawl. Concurrency (Workers) and rate (Limiter) are independent.
type Options = struct {
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

// Politeness limits what a crawl asks of each host: a gap between fetches, and the fetches in flight.
type Politeness = crawl.Politeness

// SlowDown is the error of a fetch whose host asked to slow down.
type SlowDown = crawl.SlowDown

// RobotsWeb is a Web whose hosts may have a robots.txt. A crawler finds it by type assertion.
type RobotsWeb[K comparable] = crawl.RobotsWeb[K]

// Robots is what a host's robots.txt says to this crawler.
type Robots[K comparable] = crawl.Robots[K]

// HostKey returns what identifies the host of a URL: scheme, host and port in canonical form.
func HostKey(url string) string { return crawl.HostKey(url) }

// Result is what a crawl did, complete or not.
type Result = struct {
	// Pages is the number of fetches made, failed ones included.
	Pages int
	// Errors is the number of fetches that failed.
	Errors int
}

// Func crawls web from seeds. A nil error means that every reachable page, or MaxPages of them, was fetched.
type Func[K comparable] = func(ctx context.Context, web Web[K], seeds []K, o Options) (Result, error)

// Crawler describes a crawler. A nil Func means that it does not support that kind of key; at least one
// is set. Name matches [A-Za-z0-9._+]+ because it becomes part of a benchmark's name.
type Crawler = struct {
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
	// Wasteful reports that a polite crawler's design leaves workers idle although a host could be asked. How much
	// is measured; otherwise it is a fault.
	Wasteful bool
}

// Visited is a set of pages, safe for concurrent use. AddNew appends to dst the links that no call has
// returned before, each of them once across all concurrent callers, and returns the extended slice. It
// is called once for every fetched page with all its links, so a set may lock once per page or per link.
type Visited[K comparable] = interface {
	AddNew(dst, links []K) []K
}

// Counter is a Visited that counts something. Counts is called once, when the crawl's workers have ended.
type Counter = interface {
	Counts(count func(name string, n int))
}

// NewVisited makes an empty set. sizeHint is the expected number of pages, 0 if unknown, and may be wrong.
type NewVisited[K comparable] = func(sizeHint int) Visited[K]
