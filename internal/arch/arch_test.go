// Package arch tests the structure of the project: what crawlers may import, which package wraps each heavy
// library, that no two folders import each other, that no package has an init function, that every package has one
// package comment, that doc comments begin with the name of what they document, that only package module knows the
// path of the module, and how long lines may be.
package arch_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"crawlbench/internal/module"
)

// prefix precedes the packages of this module in import paths.
var prefix = module.Path() + "/"

// crawlerImports are the packages of this module that a crawler may import: the contract, the engines and the
// shared sets.
var crawlerImports = []string{
	"internal/crawl", "internal/crawl/engine", "internal/crawl/polite", "internal/crawl/visited",
}

// only lists, for each import with few users, the packages that may have it and what others should do.
var only = map[string]struct {
	who    []string
	remedy string
}{
	"golang.org/x/perf/":             {[]string{"internal/stat"}, "use package stat"},
	"github.com/google/pprof/driver": {[]string{"internal/profile"}, "use package profile"},
	"net/http": {
		[]string{
			"internal/web/fetch", "internal/measure", "internal/profile", "internal/web/server", "internal/report/ui",
		},
		"use package ui for what people read, server for sites that are crawled, and fetch to crawl them",
	},
	"os/exec": {
		[]string{
			"internal/host/child", "internal/measure", "internal/conform", "internal/cli", "internal/profile",
			"internal/conform/mutant", "internal/simulate", "scripts/limits",
		},
		"run children with package child",
	},
	"flag":                              {[]string{"internal/cli", "scripts/limits"}, "parse flags in package cli"},
	"github.com/pelletier/go-toml":      {[]string{"internal/plan"}, "use package plan"},
	"golang.org/x/net/":                 {[]string{"internal/web/page"}, "use package page"},
	"golang.org/x/text/":                {[]string{"internal/web/page"}, "use package page"},
	"golang.org/x/exp/trace":            {[]string{"internal/profile/breakdown"}, "use package breakdown"},
	"github.com/anishathalye/porcupine": {[]string{"internal/conform"}, "use conform.Visited"},
	"golang.org/x/time/rate":            {[]string{"internal/crawl/limiter"}, "use package limiter"},
	"github.com/puzpuzpuz/xsync": {
		[]string{"internal/crawler/xsync"},
		"use a map and a lock: xsync is only measured",
	},
	"github.com/rogpeppe/go-internal":     {nil, "use it in tests only"},
	"math/rand":                           {nil, "use math/rand/v2, or hash a seed"},
	"github.com/chromedp/":                {nil, "put tests in a browser into the module internal/testing/browser"},
	prefix + "internal/testing/runtest":   {nil, "use it in tests only"},
	prefix + "internal/testing/fleettest": {nil, "use it in tests only"},
	"log": {[]string{"internal/conform", "internal/conform/mutant", "scripts/trial"},
		"return an error, or write to an io.Writer parameter"},
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
func (p pkg) path() string { return strings.TrimPrefix(p.ImportPath, prefix) }

// packages returns the packages of this module, including those that only have tests.
func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command(
		"go", "list", "-json=ImportPath,Dir,Imports,GoFiles,IgnoredGoFiles,TestGoFiles,XTestGoFiles", prefix+"...",
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
		own, ok := strings.CutPrefix(imp, prefix)
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
		{ImportPath: prefix + "internal/report", Imports: []string{"net/http"}},
		{ImportPath: prefix + "internal/plan", Imports: []string{"golang.org/x/perf/benchfmt"}},
		{ImportPath: prefix + "internal/plan/x", Imports: []string{"github.com/pelletier/go-toml/v2"}},
		{ImportPath: prefix + "internal/stat", Imports: []string{"math/rand"}},
		{ImportPath: prefix + "internal/report", Imports: []string{prefix + "internal/testing/runtest"}},
		{ImportPath: prefix + "internal/crawler/cas", Imports: []string{prefix + "internal/graph"}},
		{ImportPath: prefix + "internal/crawler/cas", Imports: []string{prefix + "internal/crawler/owner"}},
	} {
		if len(importErrors(p)) == 0 {
			t.Errorf("%s may import %v, want an error", p.ImportPath, p.Imports)
		}
	}
	allowed := pkg{
		ImportPath: prefix + "internal/crawler/cas",
		Imports:    []string{"sync", "math/rand/v2", prefix + "internal/crawl", prefix + "internal/crawl/visited"},
	}
	if list := importErrors(allowed); list != nil {
		t.Errorf("allowed imports: %v", list)
	}
}

// namedPackage finds the package in an argument of module.Package, which may be the prefix of its functions' names.
var namedPackage = regexp.MustCompile(`^"((?:internal|bench|scripts)(?:/[a-z0-9]+)*)`)

// sourceErrors returns what is wrong with the text of a file: init functions, a comment of another package, strings
// that name a package of this module for which exists is false, and syntax errors. documented reports whether it
// has a package comment.
func sourceErrors(text []byte, exists func(path string) bool) (documented bool, list []string) {
	file, err := parser.ParseFile(token.NewFileSet(), "", text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return false, []string{err.Error()}
	}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
			list = append(list, "init function: let the caller pass what it sets")
		}
	}
	begin := "Package " + file.Name.Name + " "
	if file.Doc != nil && begin != "Package main " && !strings.HasPrefix(file.Doc.Text(), begin) {
		list = append(list, "the package comment does not begin with "+begin)
	}
	imports := map[*ast.BasicLit]bool{}
	for _, spec := range file.Imports {
		imports[spec.Path] = true
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			if n.Kind == token.STRING && strings.Contains(n.Value, prefix) && !imports[n] &&
				!strings.Contains(n.Value, "/"+prefix) {
				list = append(list, n.Value+" spells the path of the module: use module.Package")
			}
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.SelectorExpr); !ok || f.Sel.Name != "Package" || len(n.Args) != 1 {
				break
			}
			if lit, ok := n.Args[0].(*ast.BasicLit); ok {
				if m := namedPackage.FindStringSubmatch(lit.Value); m == nil || !exists(strings.TrimSuffix(m[1], "/")) {
					list = append(list, lit.Value+" names a package that does not exist")
				}
			}
		}
		return true
	})
	return file.Doc != nil, list
}

func TestSources(t *testing.T) {
	list := packages(t)
	exists := func(path string) bool {
		return slices.ContainsFunc(list, func(p pkg) bool { return p.path() == path })
	}
	for _, p := range list {
		var documented []string
		for _, name := range p.GoFiles {
			text, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			doc, list := sourceErrors(text, exists)
			if doc {
				documented = append(documented, name)
			}
			for _, e := range list {
				t.Errorf("%s/%s: %s", p.path(), name, e)
			}
		}
		if len(p.GoFiles) > 0 && len(documented) != 1 {
			t.Errorf("%s: package comments in %q: want one, of its purpose, input and output", p.path(), documented)
		}
	}
}

func TestSourceRulesDetectViolations(t *testing.T) {
	exists := func(path string) bool { return path == "internal/x" }
	for what, text := range map[string]string{
		"init function":               "package x\nfunc init() {}\n",
		"comment of another package":  "// Package y is.\npackage x\n",
		"name of a missing package":   "package x\nvar c = module.Package(\"internal/y.F\")\n",
		"name of a package within it": "package x\nvar c = module.Package(\"internal/x/z.\")\n",
		"path of the module":          "package x\nconst c = \"" + prefix + "internal/x.F\"\n",
	} {
		if _, list := sourceErrors([]byte(text), exists); len(list) != 1 {
			t.Errorf("%s: %v, want one error", what, list)
		}
	}
	text := "// Package x is.\npackage x\nvar c = module.Package(\"internal/x.F\")\nfunc (t T) init() {}\n"
	if doc, list := sourceErrors([]byte(text), exists); !doc || list != nil {
		t.Errorf("a right file: documented %v, %v", doc, list)
	}
	if doc, _ := sourceErrors([]byte("package x\n\n// F does.\nfunc F() {}\n"), exists); doc {
		t.Error("a file without package comment is reported as documented")
	}
}

// misnamed returns the names of the declarations in text whose doc comment begins with another word. The comment of
// a group is about all of it, and that of a test states what the test shows.
func misnamed(text []byte) (names []string) {
	file, err := parser.ParseFile(token.NewFileSet(), "", text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return []string{err.Error()}
	}
	check := func(doc *ast.CommentGroup, idents ...*ast.Ident) {
		if doc.Text() == "" { // none, or directives such as go:embed
			return
		}
		words := notInNames.Split(doc.Text(), 3)
		for _, name := range idents {
			if words[0] == name.Name || len(words) > 1 && article.MatchString(words[0]) && words[1] == name.Name {
				return
			}
		}
		names = append(names, idents[0].Name)
	}
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if !testName.MatchString(d.Name.Name) {
				check(d.Doc, d.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				doc := d.Doc
				if d.Lparen.IsValid() {
					doc = nil
				}
				switch s := spec.(type) {
				case *ast.TypeSpec:
					check(cmp.Or(s.Doc, doc), s.Name)
				case *ast.ValueSpec:
					check(cmp.Or(s.Doc, doc), s.Names...)
				}
			}
		}
	}
	return names
}

var (
	notInNames = regexp.MustCompile(`[^\pL\d_]+`)
	// article matches the word before the name in "A Reader serves content".
	article = regexp.MustCompile(`^(A|An|The)$`)
	// testName matches the functions that package testing calls.
	testName = regexp.MustCompile(`^(Test|Benchmark|Fuzz|Example)($|[^a-z])`)
)

func TestDocCommentsBeginWithTheName(t *testing.T) {
	for _, p := range packages(t) {
		for _, name := range slices.Concat(p.GoFiles, p.IgnoredGoFiles, p.TestGoFiles, p.XTestGoFiles) {
			text, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range misnamed(text) {
				t.Errorf("%s/%s: the comment of %s does not begin with its name", p.path(), name, id)
			}
		}
	}
}

func TestMisnamedDocCommentsAreFound(t *testing.T) {
	right := []string{"// F does.\nfunc F() {}", "func F() {}", "// A T is.\ntype T int",
		"// V, the best, is.\nvar V int",
		"// Limits.\nconst (\n// A is.\nA = 1\nB = 2\n)", "// What is shown.\nfunc TestF() {}",
		"//go:noinline\nfunc F() {}", "// A and B are.\nvar A, B int", "// B and A are.\nvar A, B int"}
	wrong := []string{"// Does.\nfunc F() {}", "// FX does.\nfunc F() {}", "// G does.\nfunc (T) F() {}",
		"// It is.\ntype T int", "// Big.\nvar V int", "const (\n// Small.\nA = 1\n)", "type (\n// U is.\nT int\n)",
		"// Helps.\nfunc Testable() {}"}
	for _, text := range right {
		if names := misnamed([]byte("package x\n\n" + text)); names != nil {
			t.Errorf("%q: %v", text, names)
		}
	}
	for _, text := range wrong {
		if names := misnamed([]byte("package x\n\n" + text)); len(names) != 1 {
			t.Errorf("%q: %v, want one", text, names)
		}
	}
}

// columns returns the length of a line.
func columns(line string) int {
	return utf8.RuneCountInString(line) + (tabColumns-1)*strings.Count(line, "\t")
}

// longLinesIn returns the numbers of the lines that are too long, except those with a long literal.
func longLinesIn(text string) (numbers []int) {
	literal := map[int]bool{}
	file := token.NewFileSet().AddFile("", -1, len(text))
	var s scanner.Scanner
	s.Init(file, []byte(text), nil, 0)
	for pos, tok, lit := s.Scan(); tok != token.EOF; pos, tok, lit = s.Scan() {
		if tok == token.STRING && len(lit) > maxColumns/3 {
			for i := range 1 + strings.Count(lit, "\n") {
				literal[file.Line(pos)+i] = true
			}
		}
	}
	n := 0
	for line := range strings.Lines(text) {
		n++
		if columns(strings.TrimRight(line, "\r\n")) > maxColumns && !literal[n] {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

func TestLineLength(t *testing.T) {
	for _, p := range packages(t) {
		for _, name := range slices.Concat(p.GoFiles, p.IgnoredGoFiles, p.TestGoFiles, p.XTestGoFiles) {
			text, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range longLinesIn(string(text)) {
				t.Errorf("%s/%s:%d: want at most %d columns, with tabs of %d", p.path(), name, n, maxColumns, tabColumns)
			}
		}
	}
}

func TestLineLengthDetectsViolations(t *testing.T) {
	fits := "\t" + strings.Repeat("é", maxColumns-tabColumns)
	literal := "\tx := `" + strings.Repeat("y", maxColumns) + "\n" + strings.Repeat("z", 2*maxColumns) + "`\n"
	text := fits + "\n" + fits + "x\n" + fits + "\r\n\n" + fits + "x\n" + literal
	if got := longLinesIn(text); !slices.Equal(got, []int{2, 5}) {
		t.Errorf("long lines %v, want 2 and 5", got)
	}
}
