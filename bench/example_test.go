package bench_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"crawlbench/bench"
)

// set is a visited set behind one lock, which is taken once per page.
type set[K comparable] struct {
	mu   sync.Mutex
	seen map[K]bool
}

func newSet[K comparable](sizeHint int) bench.Visited[K] {
	return &set[K]{seen: make(map[K]bool, sizeHint)}
}

func (s *set[K]) AddNew(dst, links []K) []K {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, link := range links {
		if !s.seen[link] {
			s.seen[link] = true
			dst = append(dst, link)
		}
	}
	return dst
}

// site is a web of three pages that link to each other.
type site map[string][]string

func (s site) Fetch(_ context.Context, page string) ([]string, error) { return s[page], nil }

// FromVisited makes a crawler of your own set. Main measures it against the built-in ones:
//
//	os.Exit(bench.Main(os.Args, append(bench.Crawlers(), mine)...))
func ExampleFromVisited() {
	mine := bench.FromVisited("mine", "one lock a page", newSet[uint32], newSet[string])
	web := site{"/": {"/a", "/b", "/"}, "/a": {"/b", "/"}, "/b": {"/a", "/a"}}
	did, err := mine.ByURL(context.Background(), web, []string{"/"}, bench.Options{Workers: 2})
	fmt.Println(did.Pages, "pages,", did.Errors, "errors,", err)
	// Output: 3 pages, 0 errors, <nil>
}

// A crawler need not use the shared engine: this one fetches one page after the other.
func ExampleFunc() {
	var crawl bench.Func[string] = func(ctx context.Context, web bench.Web[string], seeds []string,
		o bench.Options) (did bench.Result, err error) {
		visited := map[string]bool{}
		todo := slices.Clone(seeds)
		for len(todo) > 0 && (o.MaxPages == 0 || did.Pages < o.MaxPages) {
			page := todo[0]
			todo = todo[1:]
			if visited[page] {
				continue
			}
			visited[page] = true
			if o.Limiter != nil {
				if err := o.Limiter.Wait(ctx); err != nil {
					return did, err
				}
			}
			if err := ctx.Err(); err != nil {
				return did, err
			}
			links, err := web.Fetch(ctx, page)
			did.Pages++
			if err != nil {
				did.Errors++
			}
			todo = append(todo, links...)
		}
		return did, nil
	}
	mine := bench.Crawler{Name: "mine", Doc: "one page at a time", ByURL: crawl, MaxWorkers: 1}
	web := site{"/": {"/a", "/b"}, "/b": {"/"}}
	did, err := mine.ByURL(context.Background(), web, []string{"/"}, bench.Options{Workers: 1})
	fmt.Println(did.Pages, "pages,", did.Errors, "errors,", err)
	// Output: 3 pages, 0 errors, <nil>
}

// Call Benchmark in a benchmark, which "go test -bench Crawl" runs:
//
//	func BenchmarkCrawl(b *testing.B) { bench.Benchmark(b, mine) }
func ExampleBenchmark() {
	mine := bench.FromVisited("mine", "one lock a page", newSet[uint32], nil)
	mine.MaxWorkers = 1 // one benchmark instead of several
	result := testing.Benchmark(func(b *testing.B) {
		bench.Benchmark(b, mine, bench.Hosts("hosts1k", 1000), bench.Grid("grid1k", 1000))
	})
	fmt.Println("measured:", result.N > 0 && result.NsPerOp() > 0)
	// Output: measured: true
}

// A set of your own can be called directly; ConformVisited checks it.
func ExampleVisited() {
	var seen bench.Visited[string] = newSet[string](0)
	fmt.Println(seen.AddNew(nil, []string{"/a", "/b", "/a"}))
	fmt.Println(seen.AddNew(nil, []string{"/b", "/c"}))
	// Output:
	// [/a /b]
	// [/c]
}

// Your own program has all commands of crawlbench, for the crawlers that it passes.
func ExampleMain() {
	mine := bench.FromVisited("mine", "one lock a page", newSet[uint32], newSet[string])
	code := bench.Main([]string{"mine", "list", "crawlers"}, mine)
	fmt.Println("exit code", code)
	// Output:
	//   mine  id,url  one lock a page
	// exit code 0
}

// The built-in crawlers can also be called directly.
func ExampleCrawlers() {
	builtIn := bench.Crawlers()
	i := slices.IndexFunc(builtIn, func(c bench.Crawler) bool { return c.Name == "mutexmap" })
	web := site{"/": {"/a"}, "/a": {"/", "/b"}}
	did, err := builtIn[i].ByURL(context.Background(), web, []string{"/"}, bench.Options{Workers: 4})
	fmt.Println(did.Pages, "pages,", did.Errors, "errors,", err)
	// Output: 3 pages, 0 errors, <nil>
}

// door is a limiter that records the largest number of concurrent waits.
type door struct{ waiting, most atomic.Int32 }

func (d *door) Wait(context.Context) error {
	d.most.Store(max(d.most.Load(), d.waiting.Add(1)))
	runtime.Gosched()
	d.waiting.Add(-1)
	return nil
}

// Eight workers wait on the limiter one at a time.
func ExampleInTurn() {
	var d door
	limiter := bench.InTurn(&d)
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() { limiter.Wait(context.Background()) })
	}
	workers.Wait()
	fmt.Println("waiting at a time:", d.most.Load())
	fmt.Println("no limit:", bench.InTurn(nil) == nil)
	// Output:
	// waiting at a time: 1
	// no limit: true
}
