// Package bench is the public API of crawlbench, and the only package to import: it defines the
// interfaces of crawlers and visited sets, and runs them beside the built-in crawlers.
//
// A program that adds its own crawler takes a few lines:
//
//	func main() {
//		mine := bench.FromVisited("mine", "my map", newByID, newByURL)
//		os.Exit(bench.Main(os.Args, append(bench.Crawlers(), mine)...))
//	}
//
// It has all commands of crawlbench; "help" lists them. In tests, [Conform] and [ConformVisited]
// check that a crawler or a visited set keeps the contract.
package bench

import (
	"os"

	"crawlbench/internal/cli"
	"crawlbench/internal/crawl"
	"crawlbench/internal/crawler"
	"crawlbench/internal/engine"
)

// The crawler contract; package crawl documents each type.
type (
	// Web is the site that a crawler walks.
	Web[K comparable] = crawl.Web[K]
	// Limiter limits the rate of fetches; nil means no limit.
	Limiter = crawl.Limiter
	// Options configure one crawl.
	Options = crawl.Options
	// Result counts the pages and errors of a crawl.
	Result = crawl.Result
	// Func crawls a web from seeds.
	Func[K comparable] = crawl.Func[K]
	// Crawler is a crawler with a name.
	Crawler = crawl.Crawler
	// Visited is a set of pages, safe for concurrent use.
	Visited[K comparable] = crawl.Visited[K]
	// Counter is a Visited with counters, which reports show.
	Counter = crawl.Counter
	// NewVisited makes an empty set with room for about sizeHint pages.
	NewVisited[K comparable] = crawl.NewVisited[K]
)

// Crawlers returns the built-in crawlers.
func Crawlers() []Crawler { return crawler.All() }

// FromVisited returns a crawler that uses a visited set in the shared engine: a pool of workers
// over one frontier, which ends the crawl when the frontier is empty and every worker is idle.
// There is a constructor for each kind of key, because a function value cannot be generic; nil
// means that the set does not support the kind.
func FromVisited(name, doc string, byID NewVisited[uint32], byURL NewVisited[string]) Crawler {
	return engine.FromVisited(name, doc, byID, byURL)
}

// InTurn returns a limiter that lets one caller at a time wait on l. A cancelled crawl then leaves
// at most one token reserved in a limiter such as golang.org/x/time/rate, and returns it.
// InTurn(nil) is nil.
func InTurn(l Limiter) Limiter { return crawl.InTurn(l) }

// Main runs crawlbench with args, where args[0] is the program's name, on the given crawlers, and
// returns the exit code:
//
//	  0  success
//	  1  the command failed
//	  2  the command line is invalid
//	  3  a cell is slower than -gate allows
//	  4  a crawl or a conformance check failed
//	  5  the runs are not comparable
//	  6  -gate cannot tell: neither a regression nor its absence is proven
//	130  interrupted; "run -resume" continues the run
//
// Every sample runs in a child process of the same program, so the crawlers need no other registration.
func Main(args []string, crawlers ...Crawler) int {
	return cli.Main(args, os.Stdin, os.Stdout, os.Stderr, crawlers)
}
