// Package starter makes the files of a new module with a crawler of its own, for the command new: a program or a
// package, its conformance tests and benchmark, go.mod, go.sum and a Makefile.
package starter

import (
	"bytes"
	"embed"
	"fmt"
	"go/format"
	"strings"
	"text/template"

	"crawlbench/internal/module"
)

//go:embed files/*.tmpl
var files embed.FS

// Kind is what a new module has.
type Kind string

// The kinds.
const (
	Set     Kind = "set"     // a program with a visited set on the shared engine
	Crawler Kind = "crawler" // a program with a crawler that uses nothing of this module
	Test    Kind = "test"    // a package with a visited set and tests, without a program
)

// File is a file of a new module.
type File struct{ Name, Text string }

// Files returns the files of a module whose crawler is called name.
func Files(kind Kind, name string, from Source) ([]File, error) {
	values := struct {
		Module, Package, Name    string
		Program, Set, Standalone bool
	}{module.Path(), "main", name, kind != Test, kind != Crawler, from.Workspace != ""}
	source, code := "files/set.go.tmpl", "main.go"
	if kind == Crawler {
		source = "files/crawler.go.tmpl"
	}
	if kind == Test {
		values.Package, code = name, name+".go"
	}
	list := []File{{"go.mod", from.goMod(name)}}
	if from.sums != "" {
		list = append(list, File{"go.sum", from.sums})
	}
	for _, f := range [][2]string{{code, source}, {strings.TrimSuffix(code, ".go") + "_test.go", "files/test.go.tmpl"},
		{"Makefile", "files/Makefile.tmpl"}} {
		t, err := template.ParseFS(files, f[1])
		if err != nil {
			return nil, fmt.Errorf("make %s: %w", f[0], err)
		}
		var text bytes.Buffer
		if err := t.Execute(&text, values); err != nil {
			return nil, fmt.Errorf("make %s: %w", f[0], err)
		}
		made := text.Bytes()
		if strings.HasSuffix(f[0], ".go") {
			if made, err = format.Source(made); err != nil {
				return nil, fmt.Errorf("make %s: %w", f[0], err)
			}
		}
		list = append(list, File{f[0], string(made)})
	}
	return list, nil
}
