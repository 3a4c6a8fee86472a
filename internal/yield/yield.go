// Package yield rewrites Go source so that goroutines change over between any two statements, as a seed says. A race
// that a processor of one's own hides for hours then shows within a few seeds.
//
// Source files go in; what "go build -overlay" lays over them comes out. Line numbers stay as they are.
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

// Variable names, in the environment of a program that was built with an overlay, the seed of its schedule: a number
// from 1. Without it, or with 0, nothing yields.
const Variable = "CRAWLBENCH_YIELD"

// Package is a package to rewrite.
type Package struct {
	Name, Dir string
	GoFiles   []string
}

// hookFile is the file that a rewritten package has more.
const hookFile = "crawlbench_yield.go"

// Overlay writes the rewritten files of packages into the directory dir, and the path of the overlay's description for
// "go build -overlay" is returned.
func Overlay(dir string, packages []Package) (string, error) {
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
			if src, err = Source(path, src); err != nil {
				return "", fmt.Errorf("rewrite: %w", err)
			}
			if err := lay(file, src); err != nil {
				return "", fmt.Errorf("rewrite: %w", err)
			}
		}
		if err := lay(hookFile, []byte(strings.Replace(hook, "PACKAGE", p.Name, 1))); err != nil {
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

// Source returns the file src with a call of the hook before every statement.
func Source(name string, src []byte) ([]byte, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, src, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var at []int
	ast.Inspect(file, func(n ast.Node) bool {
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
			case *ast.CaseClause, *ast.CommClause, *ast.EmptyStmt: // the clauses of a switch are its body's statements
			default:
				at = append(at, set.Position(s.Pos()).Offset)
			}
		}
		return true
	})
	slices.Sort(at)
	var out []byte
	from := 0
	for _, offset := range at {
		out = append(append(out, src[from:offset]...), "crawlbenchYield(); "...)
		from = offset
	}
	return append(out, src[from:]...), nil
}

// hook yields before every second statement on average. The schedule is a function of the seed and of the order in
// which statements are reached.
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
