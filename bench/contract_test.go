package bench_test

import (
	"reflect"
	"testing"

	"crawlbench/bench"
	"crawlbench/internal/crawl"
)

// A crawler of another module and those of this one have the same types.
func TestTypesAreThoseOfTheContract(t *testing.T) {
	for name, types := range map[string][2]reflect.Type{
		"Web":        {reflect.TypeFor[bench.Web[string]](), reflect.TypeFor[crawl.Web[string]]()},
		"Prefetcher": {reflect.TypeFor[bench.Prefetcher[string]](), reflect.TypeFor[crawl.Prefetcher[string]]()},
		"Limiter":    {reflect.TypeFor[bench.Limiter](), reflect.TypeFor[crawl.Limiter]()},
		"Options":    {reflect.TypeFor[bench.Options](), reflect.TypeFor[crawl.Options]()},
		"Result":     {reflect.TypeFor[bench.Result](), reflect.TypeFor[crawl.Result]()},
		"Func":       {reflect.TypeFor[bench.Func[string]](), reflect.TypeFor[crawl.Func[string]]()},
		"Crawler":    {reflect.TypeFor[bench.Crawler](), reflect.TypeFor[crawl.Crawler]()},
		"Visited":    {reflect.TypeFor[bench.Visited[string]](), reflect.TypeFor[crawl.Visited[string]]()},
		"Counter":    {reflect.TypeFor[bench.Counter](), reflect.TypeFor[crawl.Counter]()},
		"NewVisited": {reflect.TypeFor[bench.NewVisited[string]](), reflect.TypeFor[crawl.NewVisited[string]]()},
	} {
		if types[0] != types[1] {
			t.Errorf("%s is %v, want %v", name, types[0], types[1])
		}
	}
}
