package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"crawlbench/internal/plain/shell"
	"crawlbench/internal/store"
)

// example returns a profile to look at first, preferably one that shows waiting: its cell and its kind.
func example(run *store.Run) (cell, kind string) {
	for _, want := range []string{"block", "cpu", "mutex"} {
		for _, rec := range run.Records() {
			if rec.Profile != nil && rec.Profile.Files[want] != "" {
				return selector(run, rec.Cell, want), want
			}
		}
	}
	return "", ""
}

// flame returns a function that returns the command for the flame graph of a cell.
func (a *app) flame(run *store.Run) func(cell, kind string) string {
	return func(cell, kind string) string {
		return a.command("flame", run.Dir(), selector(run, cell, kind), kind)
	}
}

// selector returns the fewest words, joined by commas, that select a cell with a profile of that kind; see selectCell.
func selector(run *store.Run, id, kind string) string {
	words := map[string]string{}
	name := id[:strings.LastIndexByte(id, '-')]
	for _, pair := range strings.Split(name, ",") {
		axis, value, _ := strings.Cut(pair, "=")
		words[axis] = value
	}
	words["workers"] = "w" + words["workers"]
	for _, axes := range [][]string{{"impl", "graph"}, {"impl", "graph", "workers"},
		{"impl", "graph", "keys", "workers"}, {"impl", "graph", "keys", "workers", "rate"}} {
		var list []string
		for _, axis := range axes {
			list = append(list, words[axis])
		}
		if found, err := profiled(run, strings.Join(list, ","), kind); err == nil && found == id {
			return strings.Join(list, ",")
		}
	}
	return id
}

// command returns a command line for the user: a make target if make called the program and can
// pass the words. more is the other program of a resumed run, or the cell and kind of a flame
// graph.
func (a *app) command(verb, run string, more ...string) string {
	words := []string{verb, run}
	if os.Getenv("CRAWLBENCH_MAKE") != "" {
		if shell.Word(run) == run && (verb != "resume" || more[0] == "" || shell.Word(more[0]) == more[0]) {
			return makeCommand(verb, run, more)
		}
	}
	switch verb {
	case "resume":
		words = []string{"run", "-resume", run}
		if more[0] != "" {
			words = append(words, "-against", more[0])
		}
	case "flame":
		words = []string{"serve", "-cell", more[0], "-profile", more[1], run}
	}
	return typed(os.Args[0]) + " " + shell.Command(words...)
}

// typed returns the words with which a shell starts the program again that was started as path.
func typed(path string) string {
	if strings.Contains(filepath.ToSlash(path), "/go-build") {
		return "go run ." // which removes the file when the program ends
	}
	return shell.Word(path)
}

func makeCommand(verb, run string, more []string) string {
	switch {
	case verb == "resume" && more[0] != "":
		return fmt.Sprintf("make bench RESUME=%s FLAGS=%q", run, "-against "+more[0])
	case verb == "resume":
		return "make bench RESUME=" + run
	case verb == "flame":
		return fmt.Sprintf("make flame CELL=%q PROFILE=%s RUN=%s", more[0], more[1], run)
	}
	return fmt.Sprintf("make %s RUN=%s", verb, run)
}
