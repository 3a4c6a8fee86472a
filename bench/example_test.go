package bench_test

import (
	"context"
	"fmt"
	"sync"

	"crawlbench/bench"
)

// set is a visited set behind one lock, taken once for every page.
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

// A set of one's own becomes a crawler. Given to Main beside the built-in ones, it is measured against them:
//
//	os.Exit(bench.Main(os.Args, append(bench.Contenders(), mine)...))
func ExampleFromVisited() {
	mine := bench.FromVisited("mine", "one lock a page", newSet[uint32], newSet[string])
	web := site{"/": {"/a", "/b", "/"}, "/a": {"/b", "/"}, "/b": {"/a", "/a"}}
	did, err := mine.ByURL(context.Background(), web, []string{"/"}, bench.Options{Workers: 2})
	fmt.Println(did.Pages, "pages,", did.Errors, "errors,", err)
	// Output: 3 pages, 0 errors, <nil>
}
