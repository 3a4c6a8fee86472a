// Package arch holds the tests of the project's structure: which package may import which, how long a file may be, and
// that every package says what it is for.
package arch_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// floors lists the packages from the ground up. A package imports from lower floors only.
var floors = [][]string{
	{"internal/parallel", "internal/plain", "internal/rundir"},
	{"internal/child", "internal/crawl", "internal/flame", "internal/graph", "internal/host", "internal/ledger", "internal/plot", "internal/profile", "internal/stat", "internal/yield", "scenarios"},
	{"internal/limiter"},
	{"internal/conform", "internal/engine", "internal/visited", "internal/web"},
	{"internal/contender/*", "internal/mutant", "internal/scenario"},
	{"internal/contender", "internal/plan"},
	{"internal/store"},
	{"internal/cell", "internal/diagnose", "internal/doctor", "internal/madeup"},
	{"internal/report", "internal/runner"},
	{"internal/site"},
	{"internal/export", "internal/serve"},
	{"internal/cli"},
	{"bench"},
	{"bench/cmd/crawlbench", "scripts/limits", "scripts/trial"},
}

// only lists what few may import, and what the others should do.
var only = map[string]struct {
	who    []string
	remedy string
}{
	"golang.org/x/perf/":                {[]string{"internal/stat"}, "use package stat"},
	"github.com/google/pprof/driver":    {[]string{"internal/flame"}, "use package flame"},
	"net/http":                          {[]string{"internal/flame", "internal/serve"}, "use package serve"},
	"os/exec":                           {[]string{"internal/child", "internal/runner", "internal/conform", "internal/cli", "internal/flame", "internal/mutant", "scripts/limits"}, "children are run by package child"},
	"flag":                              {[]string{"internal/cli", "scripts/limits"}, "flags belong to package cli"},
	"github.com/pelletier/go-toml":      {[]string{"internal/scenario"}, "use package scenario"},
	"golang.org/x/exp/trace":            {[]string{"internal/ledger"}, "use package ledger"},
	"github.com/anishathalye/porcupine": {[]string{"internal/conform"}, "use conform.Visited"},
	"golang.org/x/time/rate":            {[]string{"internal/limiter"}, "use package limiter"},
	"github.com/puzpuzpuz/xsync":        {[]string{"internal/contender/xsync"}, "it is there to be measured; a lock and a map do elsewhere"},
	"math/rand":                         {nil, "use math/rand/v2, or hash a seed"},
	"github.com/rogpeppe/":              {nil, "scripts are for the tests of package cli"},
	"github.com/chromedp/":              {nil, "tests in a browser belong to the module internal/testing/browser"},
	module + "internal/madeup":          {nil, "made-up runs are for tests"},
	"log":                               {nil, "return an error, or write to the io.Writer that you are given"},
}

const module = "crawlbench/"

type pkg struct {
	ImportPath string
	Dir        string
	Imports    []string
	GoFiles    []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,Imports,GoFiles", "crawlbench/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd, err)
	}
	var list []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p pkg
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		if len(p.GoFiles) > 0 {
			list = append(list, p)
		}
	}
	return list
}

// floor returns the floor of a package, -1 if it has none.
func floor(path string) int {
	path = strings.TrimPrefix(path, module)
	for i, names := range floors {
		for _, name := range names {
			if parent, ok := strings.CutSuffix(name, "/*"); name == path || ok && strings.HasPrefix(path, parent+"/") {
				return i
			}
		}
	}
	return -1
}

// violations returns what is wrong with the imports of p.
func violations(p pkg) []string {
	here := floor(p.ImportPath)
	if here < 0 {
		return []string{p.ImportPath + " has no floor: give it one in this test"}
	}
	var list []string
	for _, imp := range p.Imports {
		if strings.HasPrefix(imp, module) && floor(imp) >= here {
			list = append(list, p.ImportPath+" imports "+imp+", which is not on a lower floor")
		}
		for prefix, rule := range only {
			hit := imp == prefix || strings.HasSuffix(prefix, "/") && strings.HasPrefix(imp, prefix) ||
				strings.Contains(prefix, ".") && strings.HasPrefix(imp, prefix)
			if hit && !slices.Contains(rule.who, strings.TrimPrefix(p.ImportPath, module)) {
				list = append(list, p.ImportPath+" imports "+imp+": "+rule.remedy)
			}
		}
		if strings.HasPrefix(p.ImportPath, module+"internal/contender/") && strings.HasPrefix(imp, module) &&
			imp != module+"internal/crawl" && imp != module+"internal/engine" && imp != module+"internal/visited" {
			list = append(list, p.ImportPath+" imports "+imp+": a design knows the contract, the engine and the shared sets, and nothing of the harness")
		}
	}
	return list
}

func TestImportsGoDown(t *testing.T) {
	for _, p := range packages(t) {
		for _, v := range violations(p) {
			t.Error(v)
		}
	}
}

func TestTheRulesBite(t *testing.T) {
	for _, p := range []pkg{
		{ImportPath: module + "internal/unheard"},
		{ImportPath: module + "internal/graph", Imports: []string{module + "internal/plan"}},
		{ImportPath: module + "internal/web", Imports: []string{module + "internal/engine"}},
		{ImportPath: module + "internal/report", Imports: []string{"net/http"}},
		{ImportPath: module + "internal/plan", Imports: []string{"golang.org/x/perf/benchfmt"}},
		{ImportPath: module + "internal/contender/cas", Imports: []string{module + "internal/graph"}},
	} {
		if len(violations(p)) == 0 {
			t.Errorf("nothing is found wrong with %+v", p)
		}
	}
}

func TestFilesAreShortAndPackagesDocumented(t *testing.T) {
	const longest = 500
	for _, p := range packages(t) {
		documented := false
		for _, name := range p.GoFiles {
			path := filepath.Join(p.Dir, name)
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(text), "\n"); n > longest {
				t.Errorf("%s/%s has %d lines, at most %d: split it by idea", p.ImportPath, name, n, longest)
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			documented = documented || file.Doc != nil
			for _, d := range file.Decls {
				if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
					t.Errorf("%s/%s has an init: let the caller pass what it sets", p.ImportPath, name)
				}
			}
		}
		if !documented {
			t.Errorf("%s has no package comment: say its job, what goes in and what comes out", p.ImportPath)
		}
	}
}
