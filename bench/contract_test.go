package bench_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"crawlbench/bench"
	"crawlbench/internal/crawl"
)

// A crawler of another module and those of this one have the same types.
func TestTypesAreThoseOfTheContract(t *testing.T) {
	for name, types := range map[string][2]reflect.Type{
		"Web":         {reflect.TypeFor[bench.Web[string]](), reflect.TypeFor[crawl.Web[string]]()},
		"Prefetcher":  {reflect.TypeFor[bench.Prefetcher[string]](), reflect.TypeFor[crawl.Prefetcher[string]]()},
		"Limiter":     {reflect.TypeFor[bench.Limiter](), reflect.TypeFor[crawl.Limiter]()},
		"Options":     {reflect.TypeFor[bench.Options](), reflect.TypeFor[crawl.Options]()},
		"Result":      {reflect.TypeFor[bench.Result](), reflect.TypeFor[crawl.Result]()},
		"Func":        {reflect.TypeFor[bench.Func[string]](), reflect.TypeFor[crawl.Func[string]]()},
		"Crawler":     {reflect.TypeFor[bench.Crawler](), reflect.TypeFor[crawl.Crawler]()},
		"Visited":     {reflect.TypeFor[bench.Visited[string]](), reflect.TypeFor[crawl.Visited[string]]()},
		"Counter":     {reflect.TypeFor[bench.Counter](), reflect.TypeFor[crawl.Counter]()},
		"Politeness":  {reflect.TypeFor[bench.Politeness](), reflect.TypeFor[crawl.Politeness]()},
		"SlowDown":    {reflect.TypeFor[bench.SlowDown](), reflect.TypeFor[crawl.Slow]()},
		"RobotsWeb":   {reflect.TypeFor[bench.RobotsWeb[string]](), reflect.TypeFor[crawl.RobotsWeb[string]]()},
		"Robots":      {reflect.TypeFor[bench.Robots[string]](), reflect.TypeFor[crawl.Robots[string]]()},
		"Fleet":       {reflect.TypeFor[bench.Fleet](), reflect.TypeFor[crawl.Fleet]()},
		"LimiterKind": {reflect.TypeFor[bench.LimiterKind](), reflect.TypeFor[crawl.LimiterKind]()},
		"FleetServer": {reflect.TypeFor[bench.FleetServer](), reflect.TypeFor[crawl.FleetServer]()},
		"Command":     {reflect.TypeFor[bench.Command](), reflect.TypeFor[crawl.Command]()},
		"Serve":       {reflect.TypeFor[bench.Serve](), reflect.TypeFor[crawl.Serve]()},
		"NewVisited":  {reflect.TypeFor[bench.NewVisited[string]](), reflect.TypeFor[crawl.NewVisited[string]]()},
	} {
		if types[0] != types[1] {
			t.Errorf("%s is %v, want %v", name, types[0], types[1])
		}
	}
}

func TestDefaultsAreThoseOfTheContract(t *testing.T) {
	if bench.DefaultMaxDelay != crawl.DefaultMaxDelay || bench.DefaultAttempts != crawl.DefaultAttempts {
		t.Errorf("%v and %d, want %v and %d", bench.DefaultMaxDelay, bench.DefaultAttempts, crawl.DefaultMaxDelay,
			crawl.DefaultAttempts)
	}
}

// hidden returns the exported types of a file that are defined as those of another package, of which "go doc" shows
// only the name.
func hidden(file *ast.File) (names []string) {
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok || !spec.Name.IsExported() {
			return true
		}
		of := spec.Type
		if x, ok := of.(*ast.IndexExpr); ok {
			of = x.X
		}
		if _, ok := of.(*ast.SelectorExpr); ok {
			names = append(names, spec.Name.Name)
		}
		return false
	})
	return names
}

// "go doc crawlbench/bench.Options" shows fields and methods, and so it does for every type of the package.
func TestGoDocShowsWhatTypesHave(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil || len(names) < 5 {
		t.Fatalf("the files of the package are %q, %v", names, err)
	}
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, typ := range hidden(file) {
			t.Errorf("%s: go doc shows nothing of %s but the name of an internal type: define it here", name, typ)
		}
	}
}

func TestTypesThatGoDocDoesNotShowAreFound(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "", "package p\ntype A = crawl.A\ntype B[K any] = crawl.B[K]\n"+
		"type C = struct{ X crawl.C }\ntype D = C\ntype e = crawl.E\ntype F = func(crawl.F) crawl.G\n", 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(hidden(file), " "); got != "A B" {
		t.Errorf("found %s, want A B", got)
	}
}
