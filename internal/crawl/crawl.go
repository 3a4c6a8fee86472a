// Package crawl is the contract between the harness and the crawlers that it measures: its types, as
// the crawlers in this module import them. Package bench documents them, and what a crawler promises.
// Its types are identical to these, because both are aliases of the same type literals: package bench
// imports the crawlers, so that they cannot import it.
//
// A crawler imports this package, and may import packages engine, polite and visited below it.
package crawl

import "context"

// Web is the site that a crawler crawls.
type Web[K comparable] = interface {
	Fetch(ctx context.Context, page K) (links []K, err error)
}

// Prefetcher is a Web that can use a hint of what will be fetched.
type Prefetcher[K comparable] = interface {
	Prefetch(near, far []K)
}

// Limiter limits the rate of fetches.
type Limiter = interface {
	Wait(ctx context.Context) error
}

// Options are the options of one crawl.
type Options = struct {
	Workers    int
	Limiter    Limiter
	MaxPages   int
	SizeHint   int
	Politeness *Politeness
	Count      func(name string, n int)
	Fleet      *Fleet
}

// Result is what a crawl did, complete or not.
type Result = struct {
	Pages  int
	Errors int
}

// Func crawls web from seeds.
type Func[K comparable] = func(ctx context.Context, web Web[K], seeds []K, o Options) (Result, error)

// Param is a parameter of a crawler.
type Param = struct {
	Name, Doc         string
	Time              bool
	Unit              string
	Default, Min, Max int64
}

// Crawler describes a crawler.
type Crawler = struct {
	Name, Doc  string
	ByID       Func[uint32]
	ByURL      Func[string]
	MaxWorkers int
	OnEngine   bool
	Polite     bool
	Wasteful   bool
	Params     []Param
	With       func(values []int64) (Func[uint32], Func[string])
	Fleet      bool
}

// Visited is a set of pages, safe for concurrent use.
type Visited[K comparable] = interface {
	AddNew(dst, links []K) []K
}

// Counter is a Visited that counts something.
type Counter = interface {
	Counts(count func(name string, n int))
}

// NewVisited makes an empty set.
type NewVisited[K comparable] = func(sizeHint int) Visited[K]
