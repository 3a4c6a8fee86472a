package ui

import (
	"archive/zip"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

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
	put  func(name string, text []byte) error
	seen map[string]bool
	a    *diagnose.Analysis
	run  string
	Written
}

// Write writes the pages of a run as files that need no server: the report, the matrices, the cells with their flame
// graphs, and the most useful differences. They go into the directory to, which must be empty or not exist, or if its
// name ends in .zip, into that archive, which must not exist. run is the name of the run on the pages.
func Write(to string, a *diagnose.Analysis, run string) (Written, error) {
	pages, err := newSite(true)
	if err != nil {
		return Written{}, err
	}
	w := &writer{site: pages, seen: map[string]bool{}, a: a, run: run}
	if strings.EqualFold(filepath.Ext(to), ".zip") {
		err = w.archive(to)
	} else if err = vacant(to); err == nil {
		w.put = func(name string, text []byte) error { return writeFile(to, name, text) }
		err = w.all()
	}
	if err != nil {
		return w.Written, fmt.Errorf("export: %w", err)
	}
	return w.Written, nil
}

// archive writes the pages as a zip archive, in a directory that is named like it.
func (w *writer) archive(to string) error {
	f, err := Create(to)
	if err != nil {
		return err
	}
	z := zip.NewWriter(f)
	base := strings.TrimSuffix(filepath.Base(to), filepath.Ext(to))
	w.put = func(name string, text []byte) error {
		out, err := z.Create(base + "/" + name)
		if err == nil {
			_, err = out.Write(text)
		}
		return err
	}
	err = w.all()
	if err = errors.Join(err, z.Close()); err == nil {
		if info, errStat := f.Stat(); errStat == nil {
			w.Bytes = info.Size()
		}
	}
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(to) // an incomplete archive
	}
	return err
}

// Create creates a file that must not exist.
func Create(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		err = fmt.Errorf("%s exists: delete it, or choose another name", name)
	}
	return f, err
}

// vacant returns an error if dir exists and is not empty.
func vacant(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if errors.Is(err, syscall.ENOTDIR) {
		return fmt.Errorf("%s is a file, or below one: name a directory, or a file ending in .zip or .html", dir)
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
	for _, o := range near(w.a, c) {
		base := w.side(o)
		text, err := w.site.DifferencePage(this, base)
		if err := w.page(w.site.Difference(w.run, c.ID(), w.run, o.ID()), text, err); err != nil {
			return err
		}
		for _, kind := range commonKinds(c, o) {
			for _, by := range w.site.scalings() {
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

// file writes a file unless it was written.
func (w *writer) file(name string, text []byte) error {
	if w.seen[name] {
		return nil // shared, and its name determines its content
	}
	w.seen[name] = true
	w.Bytes += int64(len(text))
	return w.put(name, text)
}

func writeFile(dir, name string, text []byte) error {
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o666)
}
