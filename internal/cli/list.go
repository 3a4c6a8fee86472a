package cli

import (
	"context"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"crawlbench/internal/graph"
	"crawlbench/internal/limiter"
	"crawlbench/internal/plain"
	"crawlbench/internal/plan"
	"crawlbench/internal/store"
	"crawlbench/scenarios"
)

// list prints crawlers, scenarios, graphs, limiters, runs or cells.
func (a *app) list(_ context.Context, fs *flag.FlagSet, args []string) error {
	results := fs.String("results", "results", "`directory` that holds the runs")
	name := fs.String("run", "", "with cells, the `run` to list (default: the newest)")
	positional, err := parse(fs, args, 0, 1)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	kinds := []string{"crawlers", "scenarios", "graphs", "limiters", "runs", "cells"}
	what := append(positional, "")[0]
	switch what {
	case "":
		for _, k := range kinds[:4] {
			fmt.Fprintf(w, "%s:\n", k)
			if err := a.listOne(w, k, *results, *name); err != nil {
				return err
			}
			fmt.Fprintln(w)
		}
		return nil
	case "crawlers", "scenarios", "graphs", "limiters", "runs", "cells":
		return a.listOne(w, what, *results, *name)
	}
	return usagef("list: unknown list %q%s: want one of %s", what, plan.Nearest(what, kinds),
		strings.Join(kinds, ", "))
}

func (a *app) listOne(w *tabwriter.Writer, what, results, name string) error {
	switch what {
	case "crawlers":
		for _, c := range a.crawlers {
			keys := []string{}
			if c.ByID != nil {
				keys = append(keys, "id")
			}
			if c.ByURL != nil {
				keys = append(keys, "url")
			}
			fmt.Fprintf(w, "  %s\t%s\t%s\n", c.Name, strings.Join(keys, ","), c.Doc)
		}
	case "scenarios":
		for _, n := range scenarios.Names() {
			s, err := plan.Load(n)
			if err != nil {
				return err
			}
			fmt.Fprintf(w, "  %s\t%s\n", n, s.Doc)
		}
		fmt.Fprintf(w, "  %s\t%s\n", polite, politeDoc)
	case "graphs":
		for _, k := range graph.Kinds() {
			var params []string
			for _, p := range k.Params {
				params = append(params, p.Name)
			}
			fmt.Fprintf(w, "  %s\t%s\t%s\n", k.Name, strings.Join(params, " "), k.Doc)
		}
	case "limiters":
		for _, k := range limiter.All() {
			fmt.Fprintf(w, "  %s\t%s\n", k.Name, k.Doc)
		}
	case "runs":
		return listRuns(w, results)
	case "cells":
		return a.listCells(w, results, name)
	}
	return nil
}

func listRuns(w *tabwriter.Writer, results string) error {
	names, err := store.Runs(results)
	if err != nil {
		return err
	}
	for _, n := range names {
		state, about := describe(filepath.Join(results, n))
		fmt.Fprintf(w, "  %s\t%s\t%s\n", quoteWord(n), state, plain.Line(about))
	}
	return nil
}

// describe returns the state of a run and its number of samples, or why it cannot be read.
func describe(dir string) (state, about string) {
	defer func() {
		if p := recover(); p != nil {
			state, about = "unreadable", fmt.Sprintf("its files are damaged, or this program has a bug: %v", p)
		}
	}()
	run, err := store.Open(dir)
	if err != nil {
		return "unreadable", err.Error()
	}
	return string(run.Manifest().State), fmt.Sprintf("%d of %d samples", len(run.Samples()), run.Planned())
}

// listCells prints the graphs of a run, and its cells with their profiles.
func (a *app) listCells(w *tabwriter.Writer, results, name string) error {
	run, err := a.openRun(results, name)
	if err != nil {
		return err
	}
	samples, profiles := map[string]int{}, map[string][]string{}
	for _, rec := range run.Records() {
		if rec.Sample != nil {
			samples[rec.Cell]++
		}
		if rec.Profile != nil {
			for kind := range rec.Profile.Files {
				profiles[rec.Cell] = append(profiles[rec.Cell], kind)
			}
		}
	}
	for _, g := range run.Manifest().Graphs {
		fmt.Fprintf(w, "  graph=%s\t%s\t%s\n", g.Name, plain.Count(g.Pages, "page"), g.Spec)
	}
	for _, c := range run.Plan().Cells {
		kinds := profiles[c.ID()]
		slices.Sort(kinds)
		fmt.Fprintf(w, "  %s\t%s\t%s\n", c.ID(), plain.Count(samples[c.ID()], "sample"), strings.Join(kinds, " "))
	}
	return nil
}
