package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"crawlbench/internal/plain/shell"
	"crawlbench/internal/plan"
	"crawlbench/internal/store"
)

// findRun returns the directory of a run, given as a path, as a name below results, or as "latest"
// or "". It resolves links, so that messages name the run itself.
func findRun(results, name string) (string, error) {
	if name == "" || name == "latest" {
		return found(store.Latest(results))
	}
	for _, dir := range []string{name, filepath.Join(results, name)} {
		switch info, err := os.Stat(dir); {
		case err == nil && info.IsDir():
			return found(dir, nil)
		case err == nil && filepath.Base(dir) == "latest": // a file that replaces the link
			return found(store.Latest(filepath.Dir(dir)))
		}
	}
	list, err := store.Runs(results)
	if err != nil {
		return "", err
	}
	if len(list) == 0 {
		return "", fmt.Errorf("no such run: %q: %s has none; measure one with \"crawlbench run\"", name, results)
	}
	const shown = 10
	few := list[max(0, len(list)-shown):]
	text := fmt.Sprintf("no such run: %q: the runs in %s are %s", name, results, shell.Command(few...))
	if len(few) < len(list) {
		text += fmt.Sprintf(" and %d older (list them with \"crawlbench list runs\")", len(list)-len(few))
	}
	return "", errors.New(text)
}

// found resolves the links of a directory, and the working directory if its name is . or ..
func found(dir string, err error) (string, error) {
	for range 40 { // the kernel's limit
		if err != nil {
			return "", err
		}
		dir = filepath.Clean(dir)
		target, errLink := os.Readlink(dir)
		switch {
		case errLink == nil && filepath.IsAbs(target):
			dir = target
		case errLink == nil:
			dir = filepath.Join(filepath.Dir(dir), target)
		case filepath.Base(dir) == "." || filepath.Base(dir) == "..":
			dir, err = filepath.Abs(dir)
		default:
			return dir, nil
		}
	}
	return "", fmt.Errorf("find run: %s: too many links", dir)
}

// openRun opens a run for reading, and prints its warnings.
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

// selectCell returns the only cell that a selector matches. The words of a selector are split at
// spaces, commas and slashes; each is the value of an axis, or axis=value, and w8 means workers=8.
// A prefix of a value suffices if no cell has the word as a whole value.
func selectCell(cells []plan.Cell, selector string) (plan.Cell, error) {
	hits := selected(cells, selector)
	what, from := "matches several cells: add a word to choose one of", hits
	switch {
	case len(hits) == 1:
		return hits[0], nil
	case selector == "":
		what = "matches every cell: choose one of"
	case len(hits) == 0:
		what, from = "matches no cell: choose one of", cells
	}
	text := fmt.Sprintf("cell %q %s", selector, what)
	for _, c := range from {
		text += "\n  " + c.ID()
	}
	return plan.Cell{}, errors.New(text)
}

// selected returns the cells that selector matches, those with equal values before those with values that it begins.
func selected(cells []plan.Cell, selector string) []plan.Cell {
	words := strings.FieldsFunc(selector, func(r rune) bool { return strings.ContainsRune(" ,/", r) })
	if hits := matching(cells, words, func(value, word string) bool { return value == word }); len(hits) > 0 {
		return hits
	}
	return matching(cells, words, strings.HasPrefix)
}

// matching returns the cells in which each word matches a value.
func matching(cells []plan.Cell, words []string, same func(value, word string) bool) []plan.Cell {
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
		if !slices.ContainsFunc(words, func(w string) bool {
			return !names(strings.TrimSuffix(w,
				fmt.Sprintf("-%d", c.Procs)))
		}) {
			hits = append(hits, c)
		}
	}
	return hits
}

// measured returns an error if a run is simulated, so that a command has nothing to work with.
func measured(run *store.Run, command string) error {
	if !run.Plan().Simulated {
		return nil
	}
	return fmt.Errorf("%s %s: the run is simulated, and no machine was measured: name a measured run", command, run.Dir())
}
