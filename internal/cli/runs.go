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
// the value of one of the cell's axes, or axis=value. "w8" is workers=8.
func selectCell(cells []plan.Cell, selector string) (plan.Cell, error) {
	words := strings.FieldsFunc(selector, func(r rune) bool { return strings.ContainsRune(" ,/", r) })
	var hits []plan.Cell
	for _, c := range cells {
		if !slices.ContainsFunc(words, func(w string) bool { return !matches(c, w) }) {
			hits = append(hits, c)
		}
	}
	if len(hits) == 1 {
		return hits[0], nil
	}
	var ids []string
	from := hits
	if len(hits) == 0 {
		from = cells
	}
	for _, c := range from {
		ids = append(ids, "  "+c.ID())
	}
	what := "means several cells: add a word to choose one of"
	switch {
	case selector == "":
		what = "names no cell: choose one of"
	case len(hits) == 0:
		what = "means no cell: choose among"
	}
	return plan.Cell{}, fmt.Errorf("cell %q %s\n%s", selector, what, strings.Join(ids, "\n"))
}

// matches reports whether word names one of the cell's values.
func matches(c plan.Cell, word string) bool {
	id, _, _ := cutProcs(c.ID())
	for _, pair := range strings.Split(id, ",") {
		_, value, _ := strings.Cut(pair, "=")
		if word == pair || word == value || "w"+value == word && strings.HasPrefix(pair, "workers=") {
			return true
		}
	}
	return word == c.ID() || word == fmt.Sprintf("rate=%s-%d", c.Rate, c.Procs) || word == "Crawl" || word == "BenchmarkCrawl"
}

// cutProcs splits the -P off the name of a cell.
func cutProcs(id string) (name, procs string, ok bool) {
	i := strings.LastIndexByte(id, '-')
	if i < 0 {
		return id, "", false
	}
	return id[:i], id[i+1:], true
}
