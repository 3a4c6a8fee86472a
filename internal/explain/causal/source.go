// Package causal finds which line of a crawler limits its throughput, by delaying it.
//
// A line is delayed by a known time, in processes of their own that are interleaved with others without a delay. If the
// crawl becomes longer by as much, everything waits for that line: it is serial. If it becomes longer by a P-th, P
// workers share the delay. If it does not become longer, the line is hidden behind another. What a delay adds, a
// speed-up by the same time removes, as long as the bottleneck stays where it is. Coz (Curtsinger and Berger, SOSP
// 2015) delays all others instead, because it cannot repeat a run; here a sample is a process, so the line itself can
// be delayed.
//
// The input is a cell of a run and some lines; the output is one Line for each: its slope, what it costs, and what a
// speed-up of it would gain.
package causal

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"crawlbench/internal/module"
)

// Site is a line of source.
type Site struct {
	Dir  string // base name of the directory, which is that of the package; "" or "main" for any
	File string // base name of the file
	Line int
}

func (s Site) String() string {
	if s.Dir == "" {
		return fmt.Sprintf("%s:%d", s.File, s.Line)
	}
	return fmt.Sprintf("%s/%s:%d", s.Dir, s.File, s.Line)
}

// ParseSite parses file.go:line, or dir/file.go:line.
func ParseSite(text string) (Site, error) {
	name, number, _ := strings.Cut(text, ":")
	line, err := strconv.Atoi(number)
	if err != nil || line < 1 || !strings.HasSuffix(name, ".go") {
		return Site{}, fmt.Errorf("invalid line %q: want file.go:12, or dir/file.go:12", text)
	}
	s := Site{File: path.Base(name), Line: line}
	if dir := path.Dir(name); dir != "." {
		s.Dir = path.Base(dir)
	}
	return s, nil
}

// At returns the site that a function and its position name, such as "spawn.(*crawler[...]).count spawn.go:100".
func At(where string) (Site, bool) {
	function, position, _ := strings.Cut(where, " ")
	s, err := ParseSite(position)
	if err != nil {
		return s, false
	}
	s.Dir, _, _ = strings.Cut(path.Base(function), ".")
	return s, true
}

// in reports whether s may be in a file.
func (s Site) in(file string) bool {
	return s.File == filepath.Base(file) &&
		(s.Dir == "" || s.Dir == "main" || s.Dir == filepath.Base(filepath.Dir(file)))
}

// Hook returns the file that is added to a rewritten package.
func Hook() string {
	delay := module.Package("internal/web/delay")
	return `package PACKAGE

import _ "unsafe" // for linkname

//go:linkname crawlbenchEnter ` + delay + `.Enter
func crawlbenchEnter(site int) int64

//go:linkname crawlbenchLeave ` + delay + `.Leave
func crawlbenchLeave(site int, from int64)
`
}

// edit inserts text at an offset.
type edit struct {
	at   int
	text string
}

// Rewriter rewrites the files that have sites, and records which were found.
type Rewriter struct {
	Sites []Site
	Found []bool // by site
}

// NewRewriter returns a Rewriter of the sites.
func NewRewriter(sites []Site) *Rewriter { return &Rewriter{sites, make([]bool, len(sites))} }

// Source returns the file src with a call at each site. Line numbers do not change.
func (r *Rewriter) Source(name string, src []byte) ([]byte, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, src, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var edits []edit
	for i, s := range r.Sites {
		if !s.in(name) {
			continue
		}
		list, at := statement(set, file, s.Line)
		if list == nil {
			continue
		}
		r.Found[i] = true
		edits = append(edits, calls(set, list, at, i+1)...)
	}
	slices.SortStableFunc(edits, func(a, b edit) int { return a.at - b.at })
	var out []byte
	from := 0
	for _, e := range edits {
		out = append(append(out, src[from:e.at]...), e.text...)
		from = e.at
	}
	return append(out, src[from:]...), nil
}

// statement returns the innermost statement on a line: the list that it is in, and its index; nil if there is none.
func statement(set *token.FileSet, file *ast.File, line int) (list []ast.Stmt, at int) {
	ast.Inspect(file, func(n ast.Node) bool {
		var in []ast.Stmt
		switch n := n.(type) {
		case *ast.BlockStmt:
			in = n.List
		case *ast.CaseClause:
			in = n.Body
		case *ast.CommClause:
			in = n.Body
		}
		for i, s := range in {
			switch s.(type) {
			case *ast.CaseClause, *ast.CommClause, *ast.EmptyStmt:
				continue
			}
			if set.Position(s.Pos()).Line <= line && line <= set.Position(s.End()).Line {
				list, at = in, i
			}
		}
		return true
	})
	return list, at
}

// calls returns the edits for a statement. A statement that locks is delayed while it holds the lock, and timed until
// it is released in the same block, or by a deferred call. Another is delayed before it begins, and timed if it always
// continues with the next one and does not wait for others.
func calls(set *token.FileSet, list []ast.Stmt, at, site int) []edit {
	begin, end := set.Position(list[at].Pos()).Offset, set.Position(list[at].End()).Offset
	enter := fmt.Sprintf("crawlbenchEnter(%d)", site)
	leave := fmt.Sprintf("crawlbenchLeave(%d, crawlbenchFrom%d)", site, site)
	from := fmt.Sprintf("crawlbenchFrom%d := %s", site, enter)
	if lock, ok := called(list[at]); ok && (lock == "Lock" || lock == "RLock") {
		for _, s := range list[at+1:] {
			if name, ok := called(s); ok && name == strings.Replace(lock, "Lock", "Unlock", 1) {
				return []edit{{end, "; " + from}, {set.Position(s.Pos()).Offset, leave + "; "}}
			}
		}
		if at+1 < len(list) {
			if d, ok := list[at+1].(*ast.DeferStmt); ok {
				after := set.Position(d.End()).Offset
				return []edit{{after, fmt.Sprintf("; defer crawlbenchLeave(%d, %s)", site, enter)}}
			}
		}
		return []edit{{end, "; " + enter}}
	}
	switch s := list[at].(type) {
	case *ast.RangeStmt:
		return []edit{{set.Position(s.Body.Lbrace).Offset + 1, enter + "; "}}
	case *ast.ForStmt:
		return []edit{{set.Position(s.Body.Lbrace).Offset + 1, enter + "; "}}
	case *ast.ExprStmt, *ast.AssignStmt, *ast.IncDecStmt:
		if !receives(s) {
			return []edit{{begin, from + "; "}, {end, "; " + leave}}
		}
	}
	return []edit{{begin, enter + "; "}}
}

// called returns the name of the method that a statement consists of.
func called(s ast.Stmt) (string, bool) {
	e, ok := s.(*ast.ExprStmt)
	if !ok {
		return "", false
	}
	call, ok := e.X.(*ast.CallExpr)
	if !ok {
		return "", false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return "", false
	}
	return sel.Sel.Name, true
}

// receives reports whether a statement receives from a channel.
func receives(s ast.Stmt) bool {
	found := false
	ast.Inspect(s, func(n ast.Node) bool {
		if u, ok := n.(*ast.UnaryExpr); ok && u.Op == token.ARROW {
			found = true
		}
		return true
	})
	return found
}
