package bench

import (
	"context"
	"time"

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
	// Limiter is waited on once before every fetch, also after a SlowDown. Nil means no limit.
	Limiter Limiter
	// MaxPages is the number of pages after which the crawl ends. 0 means that it ends with the
	// graph. It is never negative.
	MaxPages int
	// SizeHint is the expected number of pages, 0 if unknown. A wrong hint costs speed, never correctness.
	SizeHint int
	// Politeness limits the fetches of each host. Nil means no limit. Only a crawler that is Polite keeps it, beside
	// Workers, Limiter and MaxPages, which hold as without it. It must not be modified.
	Politeness *Politeness
	// Count, if not nil, may be called before the crawl returns, from one goroutine, with what the crawler
	// has counted, such as repeated attempts, which no profile shows.
	Count func(name string, n int)
	// Fleet says which part of a fleet this process is. Nil means one process alone. Only a crawler with Crawler.Fleet
	// is given one, always, perhaps of one process. It counts its calls to the server with Count("server calls", n).
	Fleet *Fleet
}

// Politeness limits what a crawl asks of each host. The zero value says: one fetch at a time, without a gap, and all
// ids belong to one host.
type Politeness = struct {
	// Gap is the least time from the end of a fetch to the start of the next one of the same host. If PerHost is
	// greater than 1, it is the least time until the next one in the place of that fetch.
	Gap time.Duration
	// FromStart measures Gap from the start of a fetch to the start of the next one, whatever PerHost is.
	FromStart bool
	// PerHost is the largest number of fetches in flight at a host. 0 means 1.
	PerHost int
	// HostOf returns the host of an id. Hosts are numbered from 0, without holes. Nil means one host.
	HostOf func(id uint32) uint32
	// Server returns the address of the server of a host, given by its HostKey: hosts with one server are one host.
	// Nil means that each host has its own. It is used for URLs.
	Server func(host string) string
	// Robots asks for the robots.txt of each host before its first page, if the Web is a RobotsWeb. That is a fetch
	// of the host like any other, except that it does not count as a page.
	Robots bool
	// CrawlDelay makes the Crawl-delay of a host its gap, if it is longer than Gap.
	CrawlDelay bool
	// MaxDelay is the longest time that a Crawl-delay or a SlowDown can ask for. 0 means DefaultMaxDelay.
	MaxDelay time.Duration
	// Attempts is the largest number of fetches of a page whose host asks to slow down. 0 means DefaultAttempts.
	Attempts int
}

// The defaults of a Politeness. A Crawl-delay of years has been seen; archives wait for up to 300 s.
const (
	DefaultMaxDelay = 5 * time.Minute
	DefaultAttempts = 3
)

// SlowDown is the error of a fetch whose host asked to slow down, as by HTTP status 429 or 503 with Retry-After
// (RFC 9110, 10.2.3). A crawler finds it with errors.As, and a Web may return any error with this method. Under a
// Politeness, no fetch of that host begins before the time of RetryAfter has passed, other hosts are not affected, and
// the page is fetched again. Only the last of the attempts counts as a fetch, and as an error. Without a Politeness it
// is a failed fetch like any other.
type SlowDown = interface {
	error
	// RetryAfter returns the pause that the host asked for.
	RetryAfter() time.Duration
}

// RobotsWeb is a Web whose hosts may have a robots.txt. A crawler finds it by type assertion.
type RobotsWeb[K comparable] = interface {
	Web[K]
	// Robots fetches the robots.txt of the host of page. A host without one allows everything. An error other than a
	// SlowDown means that no page of the host may be fetched (RFC 9309, 2.3.1.4).
	Robots(ctx context.Context, page K) (Robots[K], error)
}

// Robots is what a host's robots.txt says to this crawler.
type Robots[K comparable] = struct {
	// Allowed reports whether a page of the host may be fetched. Nil allows all. It is safe for concurrent use.
	Allowed func(page K) bool
	// CrawlDelay is the gap that the host asks for, 0 if none.
	CrawlDelay time.Duration
}

// HostKey returns what identifies the host of a URL: scheme, host and port in canonical form.
func HostKey(url string) string { return crawl.HostKey(url) }

// Param is a parameter of a crawler: a whole number, with a unit behind it if it has one, or a time.
type Param = struct {
	Name, Doc string
	// Time says that values are times, in nanoseconds. Unit is what otherwise follows a number, such as W in 3W.
	Time bool
	Unit string
	// Default is the value of the crawler without parameters. Values lie between Min and Max.
	Default, Min, Max int64
}

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
// is set. Name matches [A-Za-z0-9._+]+ because it becomes part of a benchmark's name, where .P=V may follow it for the
// value V of the parameter P.
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
	// Wasteful reports that a polite crawler leaves workers idle by design although a host could be asked. The idle
	// time is then measured and is no failure.
	Wasteful bool
	// Params are the parameters of the crawler. In a sweep, its name with values for them, such as backqueues.B=5W, is
	// a crawler of its own. With returns the functions of that crawler, given one value for each of Params, within its
	// bounds.
	Params []Param
	With   func(values []int64) (Func[uint32], Func[string])
	// Fleet says that the crawler is made for fleets: several processes share a crawl, see Fleet.
	Fleet bool
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
