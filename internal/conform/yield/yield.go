// Package yield rewrites Go source so that goroutines are switched between statements, and within x++
// and x op= y, as determined by a seed. A race that is hidden for hours on one processor then shows
// within a few seeds.
//
// The input is source files, the output an overlay for "go build -overlay". Line numbers do not change.
package yield

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Variable is the environment variable with the seed of a program built with an overlay, a number from 1.
// If it is unset or 0, the program does not yield.
const Variable = "CRAWLBENCH_YIELD"

// Package is a package to rewrite.
type Package struct {
	Name, Dir string
	GoFiles   []string
}

// HookFile is the file that is added to a rewritten package.
const HookFile = "crawlbench_yield.go"

// Overlay writes the files of packages, with yields, into the directory dir and returns the path of the overlay for
// "go build -overlay".
func Overlay(dir string, packages []Package) (string, error) { return Lay(dir, packages, Source, hook) }

// Lay writes the files of packages, rewritten by source, into the directory dir, adds a file with the text hook, in
// which PACKAGE stands for the name of the package, to each, and returns the path of the overlay.
func Lay(dir string, packages []Package, source func(path string, src []byte) ([]byte, error), hook string) (string,
	error) {
	replace := map[string]string{}
	for i, p := range packages {
		lay := func(file string, text []byte) error {
			to := filepath.Join(dir, fmt.Sprintf("%d_%s", i, file))
			replace[filepath.Join(p.Dir, file)] = to
			return os.WriteFile(to, text, 0o666)
		}
		for _, file := range p.GoFiles {
			path := filepath.Join(p.Dir, file)
			src, err := os.ReadFile(path)
			if err != nil {
				return "", fmt.Errorf("rewrite: %w", err)
			}
			if src, err = source(path, src); err != nil {
				return "", fmt.Errorf("rewrite: %w", err)
			}
			if err := lay(file, src); err != nil {
				return "", fmt.Errorf("rewrite: %w", err)
			}
		}
		if err := lay(HookFile, []byte(strings.Replace(hook, "PACKAGE", p.Name, 1))); err != nil {
			return "", fmt.Errorf("rewrite: %w", err)
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, text, 0o666)
}

// edit replaces the text between two offsets.
type edit struct {
	from, to int
	text     string
}

// Source returns the file src with a call of the hook before every statement, and between the load and
// the store of x op= y and x++ unless x is a local variable.
func Source(name string, src []byte) ([]byte, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, src, 0)
	if err != nil {
		return nil, err
	}
	var edits []edit
	var path []ast.Node
	ast.Inspect(file, func(n ast.Node) bool {
		if n == nil {
			path = path[:len(path)-1]
			return true
		}
		path = append(path, n)
		var list []ast.Stmt
		switch n := n.(type) {
		case *ast.BlockStmt:
			list = n.List
		case *ast.CaseClause:
			list = n.Body
		case *ast.CommClause:
			list = n.Body
		}
		for _, s := range list {
			switch s.(type) {
			case *ast.CaseClause, *ast.CommClause, *ast.EmptyStmt: // clauses are the statements of the body of a switch
			default:
				at := set.Position(s.Pos()).Offset
				edits = append(edits, edit{at, at, "crawlbenchYield(); "})
				edits = append(edits, split(set, src, s, path)...)
			}
		}
		return true
	})
	slices.SortStableFunc(edits, func(a, b edit) int { return a.from - b.from })
	var out []byte
	from := 0
	for _, e := range edits {
		out = append(append(out, src[from:e.from]...), e.text...)
		from = e.to
	}
	return append(out, src[from:]...), nil
}

// split returns the edits that make a load and a store of s, or nil if s is not x op= y or x cannot be
// evaluated twice.
func split(set *token.FileSet, src []byte, s ast.Stmt, path []ast.Node) []edit {
	var x, y ast.Expr
	op := "+"
	switch s := s.(type) {
	case *ast.IncDecStmt:
		x = s.X
		op = s.Tok.String()[:1]
	case *ast.AssignStmt:
		if s.Tok == token.ASSIGN || s.Tok == token.DEFINE {
			return nil
		}
		x, y = s.Lhs[0], s.Rhs[0]
		op = strings.TrimSuffix(s.Tok.String(), "=")
	default:
		return nil
	}
	offset := func(p token.Pos) int { return set.Position(p).Offset }
	text := string(src[offset(x.Pos()):offset(x.End())])
	if !plain(x) || local(x, path) || strings.Contains(text, "\n") {
		return nil
	}
	apart := fmt.Sprintf("{ crawlbenchOld := %s; crawlbenchYield(); %s = crawlbenchOld %s ", text, text, op)
	if y == nil {
		return []edit{{offset(s.Pos()), offset(s.End()), apart + "1 }"}}
	}
	return []edit{{offset(s.Pos()), offset(y.Pos()), apart + "("}, {offset(s.End()), offset(s.End()), ") }"}}
}

// plain reports whether e can be evaluated twice.
func plain(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident, *ast.BasicLit:
		return true
	case *ast.SelectorExpr:
		return plain(e.X)
	case *ast.StarExpr:
		return plain(e.X)
	case *ast.ParenExpr:
		return plain(e.X)
	case *ast.IndexExpr:
		return plain(e.X) && plain(e.Index)
	case *ast.BinaryExpr:
		return plain(e.X) && plain(e.Y)
	}
	return false
}

// local reports whether e is a variable of the innermost function of path, which other goroutines rarely share.
func local(e ast.Expr, path []ast.Node) bool {
	id, ok := e.(*ast.Ident)
	if !ok || id.Obj == nil {
		return false // declared in another file
	}
	for _, n := range slices.Backward(path) {
		switch n.(type) {
		case *ast.FuncLit, *ast.FuncDecl:
			return n.Pos() <= id.Obj.Pos() && id.Obj.Pos() < n.End()
		}
	}
	return false
}

// hook yields before every second statement on average. The schedule is a function of the seed and of the
// order in which statements are reached.
const hook = `package PACKAGE

import (
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
)

var crawlbenchSeed, _ = strconv.ParseUint(os.Getenv("` + Variable + `"), 10, 64)

var crawlbenchSteps atomic.Uint64

func crawlbenchYield() {
	if crawlbenchSeed == 0 {
		return
	}
	x := crawlbenchSeed<<32 + crawlbenchSteps.Add(1)
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	if (x^x>>31)&1 == 1 {
		runtime.Gosched()
	}
}
`
