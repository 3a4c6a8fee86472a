// Package bench is the public face of crawlbench: what one needs to write a crawler, or only a visited set, and to run
// it against the built-in designs.
//
// A program that adds a contender of its own is a few lines:
//
//	func main() {
//		mine := bench.FromVisited("mine", "my map", newByID, newByURL)
//		os.Exit(bench.Main(os.Args, append(bench.Contenders(), mine)...))
//	}
//
// It has all of crawlbench's verbs: "run", "compare", "report", "serve" and "list".
package bench

import (
	"os"

	"crawlbench/internal/cli"
	"crawlbench/internal/contender"
	"crawlbench/internal/crawl"
	"crawlbench/internal/engine"
)

// The crawler contract; see package crawl's documentation on each.
type (
	// Web is the site that a crawler walks.
	Web[K comparable] = crawl.Web[K]
	// Limiter paces fetches; nil means no limit.
	Limiter = crawl.Limiter
	// Options are the dials of one crawl.
	Options = crawl.Options
	// Result is what a crawl did.
	Result = crawl.Result
	// Func crawls a web from seeds.
	Func[K comparable] = crawl.Func[K]
	// Contender names one design.
	Contender = crawl.Contender
	// Visited is a set of pages, safe for concurrent use.
	Visited[K comparable] = crawl.Visited[K]
	// Counter is a Visited that counts something of itself; reports show it.
	Counter = crawl.Counter
	// NewVisited makes an empty set for about so many pages.
	NewVisited[K comparable] = crawl.NewVisited[K]
)

// Contenders returns the built-in designs.
func Contenders() []Contender { return contender.All() }

// FromVisited makes a contender of a visited set and the engine that all such designs share: a pool of workers over one
// frontier with an outstanding-work counter. There is a constructor for each kind of key, since a function value cannot
// be generic; nil means that the set does not hold that kind.
func FromVisited(name, doc string, byID NewVisited[uint32], byURL NewVisited[string]) Contender {
	return engine.FromVisited(name, doc, byID, byURL)
}

// InTurn returns a limiter that lets one caller at a time wait on l. A cancelled crawl then leaves at most one token reserved
// in a limiter such as golang.org/x/time/rate, and that one is given back. Nil stays nil.
func InTurn(l Limiter) Limiter { return crawl.InTurn(l) }

// Main runs crawlbench with args, args[0] being the program's name, over the contenders, and returns the exit code:
// 0 fine, 1 could not, 2 usage, 3 regression, 4 some cell failed or was judged wrong, 5 runs not comparable,
// 130 interrupted. Every sample runs in a child process of the same program, so that the contenders need no other
// registration than this.
func Main(args []string, contenders ...Contender) int {
	return cli.Main(args, os.Stdin, os.Stdout, os.Stderr, contenders)
}
