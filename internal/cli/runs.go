package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"crawlbench/internal/plan"
	"crawlbench/internal/store"
)

// findRun returns the directory of a run that is given as a path, as a name below results, or as "latest" or "".
func findRun(results, name string) (string, error) {
	if name == "" || name == "latest" {
		return store.Latest(results)
	}
	for _, dir := range []string{name, filepath.Join(results, name)} {
		if _, err := os.Stat(dir); err == nil {
			return dir, nil
		}
	}
	list, err := runNames(results)
	if err != nil {
		return "", err
	}
	if len(list) == 0 {
		return "", fmt.Errorf("find run %s: there is no such directory, and no run in %s", name, results)
	}
	return "", fmt.Errorf("find run %s: there is no such directory; the runs in %s are %s", name, results, strings.Join(list, ", "))
}

// runNames lists the runs in a directory, oldest first.
func runNames(results string) ([]string, error) {
	entries, err := os.ReadDir(results)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	type run struct {
		name string
		time int64
	}
	var list []run
	for _, e := range entries {
		info, err := os.Stat(filepath.Join(results, e.Name(), "manifest.json"))
		if err == nil && e.Type()&fs.ModeSymlink == 0 {
			list = append(list, run{e.Name(), info.ModTime().UnixNano()})
		}
	}
	slices.SortFunc(list, func(a, b run) int {
		if a.time != b.time {
			return int(min(max(a.time-b.time, -1), 1))
		}
		return strings.Compare(a.name, b.name)
	})
	names := make([]string, len(list))
	for i, r := range list {
		names[i] = r.name
	}
	return names, nil
}

// openRun opens a run to read it, and passes its warnings on.
func (a *app) openRun(results, name string) (*store.Run, error) {
	dir, err := findRun(results, name)
	if err != nil {
		return nil, err
	}
	run, err := store.Open(dir)
	if err != nil {
		return nil, err
	}
	for _, w := range run.Warnings {
		fmt.Fprintln(a.err, "note:", w)
	}
	return run, nil
}

// selectCell finds the one of cells that a selector means: words, split at spaces, commas and slashes, each of which is
// the value of one of the cell's axes, or axis=value; w8 is workers=8. The beginning of a value will do where no cell has
// it whole.
func selectCell(cells []plan.Cell, selector string) (plan.Cell, error) {
	words := strings.FieldsFunc(selector, func(r rune) bool { return strings.ContainsRune(" ,/", r) })
	hits := meant(cells, words, func(value, word string) bool { return value == word })
	if len(hits) == 0 {
		hits = meant(cells, words, strings.HasPrefix)
	}
	what, from := "means several cells: add a word to choose one of", hits
	switch {
	case len(hits) == 1:
		return hits[0], nil
	case selector == "":
		what = "names no cell: choose one of"
	case len(hits) == 0:
		what, from = "means no cell: choose among", cells
	}
	text := fmt.Sprintf("cell %q %s", selector, what)
	for _, c := range from {
		text += "\n  " + c.ID()
	}
	return plan.Cell{}, errors.New(text)
}

// meant returns the cells of which each word names a value.
func meant(cells []plan.Cell, words []string, same func(value, word string) bool) []plan.Cell {
	var hits []plan.Cell
	for _, c := range cells {
		names := func(word string) bool {
			for _, pair := range strings.Split(c.ID(), ",") {
				pair = strings.TrimSuffix(pair, fmt.Sprintf("-%d", c.Procs))
				axis, value, _ := strings.Cut(pair, "=")
				if same(value, word) || same(pair, word) || axis == "workers" && word == "w"+value {
					return true
				}
			}
			return word == "Crawl" || word == "BenchmarkCrawl"
		}
		if !slices.ContainsFunc(words, func(w string) bool { return !names(strings.TrimSuffix(w, fmt.Sprintf("-%d", c.Procs))) }) {
			hits = append(hits, c)
		}
	}
	return hits
}
