// Package arch tests the structure of the project: what crawlers may import, which package wraps each heavy library,
// that no package has an init function, that every package has a package comment, and how long lines may be.
package arch_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

const module = "crawlbench/"

// crawlerImports are the packages of this module that a crawler may import: the contract, the engine and the shared
// sets.
var crawlerImports = []string{"internal/crawl", "internal/engine", "internal/visited"}

// only lists, for each import with few users, the packages that may have it and what others should do.
var only = map[string]struct {
	who    []string
	remedy string
}{
	"golang.org/x/perf/":             {[]string{"internal/stat"}, "use package stat"},
	"github.com/google/pprof/driver": {[]string{"internal/profile"}, "use package profile"},
	"net/http":                       {[]string{"internal/profile", "internal/ui"}, "use package ui"},
	"os/exec": {
		[]string{
			"internal/child", "internal/measure", "internal/conform", "internal/cli", "internal/profile",
			"internal/conform/mutant", "scripts/limits",
		},
		"run children with package child",
	},
	"flag":                              {[]string{"internal/cli", "scripts/limits"}, "parse flags in package cli"},
	"github.com/pelletier/go-toml":      {[]string{"internal/scenario"}, "use package scenario"},
	"golang.org/x/exp/trace":            {[]string{"internal/breakdown"}, "use package breakdown"},
	"github.com/anishathalye/porcupine": {[]string{"internal/conform"}, "use conform.Visited"},
	"golang.org/x/time/rate":            {[]string{"internal/limiter"}, "use package limiter"},
	"github.com/puzpuzpuz/xsync": {
		[]string{"internal/crawler/xsync"},
		"use a map and a lock: xsync is only measured",
	},
	"github.com/rogpeppe/go-internal": {nil, "use it in tests only"},
	"math/rand":                       {nil, "use math/rand/v2, or hash a seed"},
	"github.com/chromedp/":            {nil, "put tests in a browser into the module internal/testing/browser"},
	module + "internal/testing/runtest":        {nil, "use it in tests only"},
	"log":                             {[]string{"internal/conform", "internal/conform/mutant"}, "return an error, or write to an io.Writer parameter"},
}

// longLines lists the packages that still have lines of more than maxColumns.
var longLines = []string{
	"bench", "internal/cli", "internal/conform", "internal/crawler",
	"internal/crawler/cas", "internal/crawler/chunked", "internal/crawler/level",
	"internal/crawler/readahead",
	"internal/crawler/rwmutexmap", "internal/crawler/sequential",
	"internal/crawl", "internal/diagnose", "internal/engine", "internal/ui",
	"internal/profile", "internal/graph", "internal/host", "internal/breakdown", "internal/limiter",
	"internal/conform/mutant", "internal/plan", "internal/report", "internal/profile", "internal/report",
	"internal/scenario", "internal/ui", "internal/ui", "internal/stat", "internal/web",
	"scripts/limits", "scripts/trial",
}

// maxColumns is the maximum length of a line, where a tab counts as tabColumns.
const (
	maxColumns = 120
	tabColumns = 4
)

type pkg struct {
	ImportPath, Dir                                    string
	Imports                                            []string
	GoFiles, IgnoredGoFiles, TestGoFiles, XTestGoFiles []string
}

// path returns the import path of p relative to the module.
func (p pkg) path() string { return strings.TrimPrefix(p.ImportPath, module) }

// packages returns the packages of this module, including those that only have tests.
func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command(
		"go", "list", "-json=ImportPath,Dir,Imports,GoFiles,IgnoredGoFiles,TestGoFiles,XTestGoFiles", "crawlbench/...",
	)
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
		list = append(list, p)
	}
	return list
}

// importErrors returns what is wrong with the imports of p.
func importErrors(p pkg) []string {
	var list []string
	for _, imp := range p.Imports {
		for prefix, rule := range only {
			hit := imp == prefix || strings.HasSuffix(prefix, "/") && strings.HasPrefix(imp, prefix) ||
				strings.Contains(prefix, ".") && strings.HasPrefix(imp, prefix)
			if hit && !slices.Contains(rule.who, p.path()) {
				list = append(list, p.ImportPath+" imports "+imp+": "+rule.remedy)
			}
		}
		own, ok := strings.CutPrefix(imp, module)
		if ok && strings.HasPrefix(p.path(), "internal/crawler/") && !slices.Contains(crawlerImports, own) {
			list = append(list, fmt.Sprintf("%s imports %s: a crawler may only import %s",
				p.ImportPath, imp, strings.Join(crawlerImports, ", ")))
		}
	}
	return list
}

func TestImports(t *testing.T) {
	for _, p := range packages(t) {
		for _, e := range importErrors(p) {
			t.Error(e)
		}
	}
}

func TestImportRulesDetectViolations(t *testing.T) {
	for _, p := range []pkg{
		{ImportPath: module + "internal/report", Imports: []string{"net/http"}},
		{ImportPath: module + "internal/plan", Imports: []string{"golang.org/x/perf/benchfmt"}},
		{ImportPath: module + "internal/scenario/x", Imports: []string{"github.com/pelletier/go-toml/v2"}},
		{ImportPath: module + "internal/stat", Imports: []string{"math/rand"}},
		{ImportPath: module + "internal/report", Imports: []string{module + "internal/testing/runtest"}},
		{ImportPath: module + "internal/crawler/cas", Imports: []string{module + "internal/graph"}},
		{ImportPath: module + "internal/crawler/cas", Imports: []string{module + "internal/crawler/owner"}},
	} {
		if len(importErrors(p)) == 0 {
			t.Errorf("%s may import %v, want an error", p.ImportPath, p.Imports)
		}
	}
	allowed := pkg{
		ImportPath: module + "internal/crawler/cas",
		Imports:    []string{"sync", "math/rand/v2", module + "internal/crawl", module + "internal/visited"},
	}
	if list := importErrors(allowed); list != nil {
		t.Errorf("allowed imports: %v", list)
	}
}

// sourceErrors returns what is wrong with the text of a file: init functions and syntax errors. documented reports
// whether it has a package comment.
func sourceErrors(text []byte) (documented bool, list []string) {
	file, err := parser.ParseFile(token.NewFileSet(), "", text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return false, []string{err.Error()}
	}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
			list = append(list, "init function: let the caller pass what it sets")
		}
	}
	return file.Doc != nil, list
}

func TestNoInitAndPackageComments(t *testing.T) {
	for _, p := range packages(t) {
		documented := len(p.GoFiles) == 0
		for _, name := range p.GoFiles {
			text, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			doc, list := sourceErrors(text)
			documented = documented || doc
			for _, e := range list {
				t.Errorf("%s/%s: %s", p.path(), name, e)
			}
		}
		if !documented {
			t.Errorf("%s: no package comment: describe its purpose, input and output", p.path())
		}
	}
}

func TestSourceRulesDetectViolations(t *testing.T) {
	if _, list := sourceErrors([]byte("package x\nfunc init() {}\n")); len(list) != 1 {
		t.Errorf("init function: %v, want one error", list)
	}
	if doc, list := sourceErrors([]byte("// Package x.\npackage x\nfunc (t T) init() {}\n")); !doc || list != nil {
		t.Errorf("package comment and a method named init: documented %v, %v", doc, list)
	}
	if doc, _ := sourceErrors([]byte("package x\n\n// F does.\nfunc F() {}\n")); doc {
		t.Error("a file without package comment is reported as documented")
	}
}

// columns returns the length of a line.
func columns(line string) int {
	return utf8.RuneCountInString(line) + (tabColumns-1)*strings.Count(line, "\t")
}

// longLinesIn returns the numbers of the lines that are too long.
func longLinesIn(text string) (numbers []int) {
	n := 0
	for line := range strings.Lines(text) {
		n++
		if columns(strings.TrimRight(line, "\r\n")) > maxColumns {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

func TestLineLength(t *testing.T) {
	skipped := slices.Clone(longLines)
	for _, p := range packages(t) {
		count := 0
		for _, name := range slices.Concat(p.GoFiles, p.IgnoredGoFiles, p.TestGoFiles, p.XTestGoFiles) {
			text, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range longLinesIn(string(text)) {
				count++
				if !slices.Contains(longLines, p.path()) {
					t.Errorf(
						"%s/%s:%d: want at most %d columns, with tabs of %d", p.path(), name, n, maxColumns, tabColumns,
					)
				}
			}
		}
		if count > 0 {
			skipped = slices.DeleteFunc(skipped, func(path string) bool { return path == p.path() })
			t.Logf("%s: %d long lines", p.path(), count)
		}
	}
	if len(skipped) > 0 {
		t.Errorf("no long lines in %v: delete them from the list in this test", skipped)
	}
}

func TestLineLengthDetectsViolations(t *testing.T) {
	fits := "\t" + strings.Repeat("é", maxColumns-tabColumns)
	text := fits + "\n" + fits + "x\n" + fits + "\r\n\n" + fits + "x"
	if got := longLinesIn(text); !slices.Equal(got, []int{2, 5}) {
		t.Errorf("long lines %v, want 2 and 5", got)
	}
}
