package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"crawlbench/internal/graph"
	"crawlbench/internal/plain"
	"crawlbench/internal/plain/shell"
	"crawlbench/internal/plan"
	"crawlbench/internal/report"
	"crawlbench/internal/store"
	"crawlbench/scenarios"
)

// lists returns what list can print. Without an argument it prints the first four.
func lists() []string {
	return []string{"crawlers", "scenarios", "graphs", "limiters", "runs", "cells"}
}

// listing is an entry of a list as JSON has it, and as a row of text.
type listing struct {
	json any
	row  []string
}

// list prints crawlers, scenarios, graphs, limiters, runs or cells.
func (a *app) list(_ context.Context, fs *flag.FlagSet, args []string) error {
	results := fs.String("results", "results", "`directory` that holds the runs")
	name := fs.String("run", "", "with cells, the `run` to list (default: the newest)")
	format := fs.String("format", "text", "`format`: text or json")
	positional, err := parse(fs, args, 0, 1)
	if err != nil {
		return err
	}
	if *format != "text" && *format != "json" {
		return usagef("list: invalid -format %q: want text or json", *format)
	}
	kinds := lists()[:4]
	if len(positional) > 0 {
		kinds = positional
	}
	if what := kinds[0]; !slices.Contains(lists(), what) {
		return usagef("list: unknown list %q%s: want one of %s", what, plan.Nearest(what, lists()),
			strings.Join(lists(), ", "))
	}
	var text strings.Builder
	all := map[string]any{"schema": report.Schema}
	for k, kind := range kinds {
		list, err := a.listOf(kind, *results, *name)
		if err != nil {
			return err
		}
		entries, rows := make([]any, len(list)), make([][]string, len(list))
		for i, l := range list {
			entries[i], rows[i] = l.json, l.row
		}
		all[kind] = entries
		if len(kinds) > 1 {
			a.screen.Title(&text, kind+":")
		}
		a.screen.List(&text, rows)
		if k < len(kinds)-1 {
			text.WriteByte('\n')
		}
	}
	if *format == "json" {
		enc := json.NewEncoder(a.out)
		enc.SetIndent("", "  ")
		return enc.Encode(all)
	}
	fmt.Fprint(a.raw, text.String())
	return nil
}

func (a *app) listOf(what, results, run string) (list []listing, err error) {
	add := func(entry any, row ...string) { list = append(list, listing{entry, row}) }
	type named struct {
		Name string `json:"name"`
		Doc  string `json:"doc"`
	}
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
			params, doc := []string{}, c.Doc
			for _, p := range c.Params {
				params = append(params, plan.DescribeParam(p))
			}
			if len(params) > 0 {
				doc += "; parameters: " + strings.Join(params, ", ")
			}
			add(struct {
				named
				Keys       []string `json:"keys"`
				Parameters []string `json:"parameters"`
			}{named{c.Name, c.Doc}, keys, params}, c.Name, strings.Join(keys, ","), doc)
		}
	case "scenarios":
		for _, n := range scenarios.Names() {
			s, err := plan.Load(n)
			if err != nil {
				return nil, err
			}
			add(named{n, s.Doc}, n, s.Doc)
		}
	case "graphs":
		for _, k := range graph.Kinds() {
			params := []string{}
			for _, p := range k.Params {
				params = append(params, p.Name)
			}
			about := k.Doc
			if len(params) > 0 {
				about += " (" + strings.Join(params, ", ") + ")"
			}
			add(struct {
				named
				Params []string `json:"params"`
			}{named{k.Name, k.Doc}, params}, k.Name, about)
		}
	case "limiters":
		for _, k := range a.allLimiters() {
			doc := k.Doc
			if k.Wrong != "" {
				doc += "; wrong on purpose: " + k.Wrong
			}
			add(named{k.Name, doc}, k.Name, doc)
		}
	case "runs":
		names, err := store.Runs(results)
		if err != nil {
			return nil, err
		}
		for _, n := range names {
			entry := describe(filepath.Join(results, n))
			entry.Name = n
			about := cmp.Or(entry.Problem,
				fmt.Sprintf("%s of %s", plain.Number(entry.Samples), plain.Count(entry.Planned, "sample")))
			add(entry, shell.Word(n), entry.State, plain.Line(about))
		}
	case "cells":
		return a.listCells(results, run)
	}
	return list, nil
}

// runListing is a run in a list: its samples, or why it cannot be read.
type runListing struct {
	Name    string `json:"name"`
	State   string `json:"state"`
	Samples int    `json:"samples"`
	Planned int    `json:"planned"`
	Problem string `json:"problem,omitempty"`
}

// describe returns the state of a run and its number of samples, or why it cannot be read.
func describe(dir string) (l runListing) {
	defer func() {
		if p := recover(); p != nil {
			l = runListing{State: "unreadable",
				Problem: fmt.Sprintf("its files are damaged, or this program has a bug: %v", p)}
		}
	}()
	run, err := store.Open(dir)
	if err != nil {
		return runListing{State: "unreadable", Problem: err.Error()}
	}
	return runListing{State: string(run.Manifest().State), Samples: len(run.Samples()),
		Planned: run.Planned()}
}

// listCells lists the graphs of a run, and its cells with their profiles.
func (a *app) listCells(results, name string) (list []listing, err error) {
	run, err := a.openRun(results, name)
	if err != nil {
		return nil, err
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
		list = append(list, listing{map[string]any{"graph": g.Name, "pages": g.Pages, "links": g.Links, "spec": g.Spec},
			[]string{"graph=" + g.Name, plain.Count(g.Pages, "page"), g.Spec}})
	}
	for _, c := range run.Plan().Cells {
		kinds := append([]string{}, profiles[c.ID()]...)
		slices.Sort(kinds)
		list = append(list, listing{map[string]any{"cell": c.ID(), "samples": samples[c.ID()], "profiles": kinds},
			[]string{c.ID(), plain.Count(samples[c.ID()], "sample"), strings.Join(kinds, " ")}})
	}
	return list, nil
}
