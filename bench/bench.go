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
// check that a crawler or a visited set keeps the contract. [Benchmark] measures a crawler with "go test
// -bench". The command "crawlbench new DIR" writes a module with all of these.
//
// # Contract
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
//   - A crawler that is Polite keeps Options.Politeness, if there is one. Unless it says that it is Wasteful, a
//     worker is then idle only if no host may be asked for a page that is known.
//   - Seeds and links belong to others: they are neither modified nor appended to.
//   - A panic of Fetch is not swallowed. It ends the process, or it ends the crawl with an error, or it
//     counts as a failed fetch, after which the crawl continues.
//   - Memory grows with the known pages, by at most 4 KiB each in addition to their keys, and not with
//     the links.
//   - When the crawl returns, every goroutine, timer, file and process that it started has ended,
//     derived contexts are cancelled, no state is kept, and the state of the process, such as
//     GOMAXPROCS, is unchanged.
//
// Conform checks this contract, mostly in virtual time, which advances when all goroutines wait
// for each other, for a timer or for a context. It does not advance while a goroutine waits for a mutex
// or for the system. A crawler can therefore be checked only if no goroutine holds a sync.Mutex while it
// waits, and none waits on a pipe, a socket or a file: workers wait on channels, sync.Cond or
// sync.WaitGroup.
//
// A crawler can be made for fleets: several processes that share a crawl, usually over a server. See [Fleet], and
// [Program] for limiters that a fleet shares.
//
// There is also advice: a limiter that reserves, such as golang.org/x/time/rate, cannot cancel the
// reservations of several concurrent waits. See [InTurn].
package bench

import (
	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/engine"
	"crawlbench/internal/crawler"
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
// Every sample runs in a child process of the same program, so the crawlers need no other registration. A Program adds
// limiters, and a server for crawls that several processes share.
func Main(args []string, crawlers ...Crawler) int {
	return Program{Crawlers: crawlers}.Main(args)
}
