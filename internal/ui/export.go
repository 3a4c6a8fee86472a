package ui

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/profile"
)

// Written counts what Write wrote.
type Written struct {
	Pages int
	Bytes int64
}

// writer writes the site of a run.
type writer struct {
	site *Site
	dir  string
	a    *diagnose.Analysis
	run  string
	Written
}

// Write writes the pages of a run as files that need no server into dir, which must be empty or not
// exist: the report, the matrices, the cells with their flame graphs, and the most useful
// differences. run is the name of the run on the pages.
func Write(dir string, a *diagnose.Analysis, run string) (Written, error) {
	if err := vacant(dir); err != nil {
		return Written{}, fmt.Errorf("export: %w", err)
	}
	pages, err := newSite(true)
	if err != nil {
		return Written{}, err
	}
	w := &writer{site: pages, dir: dir, a: a, run: run}
	if err := w.all(); err != nil {
		return w.Written, fmt.Errorf("export: %w", err)
	}
	return w.Written, nil
}

// vacant returns an error if dir exists and is not empty.
func vacant(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && len(entries) > 0 {
		err = fmt.Errorf("%s is not empty: delete it, or name another directory", dir)
	}
	return err
}

func (w *writer) all() error {
	for name, text := range Assets() {
		if err := w.file("assets/"+name, []byte(text)); err != nil {
			return err
		}
	}
	text, err := w.site.Report(w.a, w.run)
	if err := w.page(w.site.Run(w.run), text, err); err != nil {
		return err
	}
	for _, m := range Measures(w.a) {
		text, _, err := w.site.MatrixPage(w.a, w.run, m.ID)
		if err := w.page(w.site.Matrix(w.run, m.ID), text, err); err != nil {
			return err
		}
	}
	if w.a.Changes != nil {
		text, err := w.site.ChangesPage(w.a, w.run, "", w.a.Changes, nil)
		if err := w.page(w.site.Changes(w.run, ""), text, err); err != nil {
			return err
		}
	}
	for c := range w.a.Cells() {
		if err := w.cell(c); err != nil {
			return err
		}
	}
	return nil
}

// cell writes the pages of a cell.
func (w *writer) cell(c *diagnose.Cell) error {
	text, err := w.site.CellPage(w.a, w.run, c)
	if err := w.page(w.site.Cell(w.run, c.ID()), text, err); err != nil {
		return err
	}
	this := w.side(c)
	for _, kind := range Kinds(c) {
		f, err := w.site.CellFlame(this, kind)
		if err := w.flame(w.site.Flame(w.run, c.ID(), kind), f, err); err != nil {
			return err
		}
	}
	for _, o := range Near(w.a, c) {
		base := w.side(o)
		text, err := w.site.DifferencePage(this, base)
		if err := w.page(w.site.Difference(w.run, c.ID(), w.run, o.ID()), text, err); err != nil {
			return err
		}
		for _, kind := range Common(c, o) {
			for _, by := range Scalings() {
				f, err := w.site.DifferenceOf(this, base, kind, by)
				if err := w.flame(w.site.DifferenceFlame(w.run, c.ID(), w.run, o.ID(), kind, by), f, err); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (w *writer) side(c *diagnose.Cell) Side {
	return Side{Analysis: w.a, Run: w.run, Cell: c}
}

// flame writes the flame graph f at a path, or a page with the error if there is none.
func (w *writer) flame(path string, f profile.Flame, err error) error {
	var text string
	var shared map[string]string
	if err == nil {
		text, shared, err = profile.Static(f, w.site.Up(path)+"assets/")
	}
	if err != nil {
		page, errPage := w.site.Problem(path, "No flame graph", err.Error())
		return w.page(path, page, errPage)
	}
	for name, text := range shared {
		if err := w.file("assets/"+name, []byte(text)); err != nil {
			return err
		}
	}
	return w.page(path, []byte(text), nil)
}

// page writes a page at a path.
func (w *writer) page(path string, text []byte, err error) error {
	if err != nil {
		return err
	}
	w.Pages++
	return w.file(path+"index.html", text)
}

// file writes a file unless it exists.
func (w *writer) file(name string, text []byte) error {
	path := filepath.Join(w.dir, filepath.FromSlash(name))
	if _, err := os.Lstat(path); err == nil {
		return nil // shared, and its name determines its content
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	w.Bytes += int64(len(text))
	return os.WriteFile(path, text, 0o666)
}
