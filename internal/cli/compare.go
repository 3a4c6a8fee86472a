package cli

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/host"
	"crawlbench/internal/plan"
	"crawlbench/internal/report"
	"crawlbench/internal/store"
)

// compare runs benchstat on the crawlers of one run, or on two runs.
func (a *app) compare(ctx context.Context, fs *flag.FlagSet, args []string) error {
	results := fs.String("results", "results", "`directory` that holds the runs")
	baseline := fs.String("baseline", "", "`crawler` in the first column (default: the run's baseline)")
	unit := fs.String("unit", "", "`unit` for benchstat: "+strings.Join(store.Units(), ", ")+
		", or all (default: the unit by which crawlers are compared: sec/op, or cpu-sec/op over HTTP)")
	var gate gateFlags
	gate.add(fs, "with OLD and NEW")
	only := fs.Bool("print", false, "print the benchstat command instead of running it")
	positional, err := parse(fs, args, 0, 2)
	if err != nil {
		return err
	}
	if *unit != "" && *unit != "all" && !slices.Contains(store.Units(), *unit) {
		return usagef("compare: invalid -unit %q: want %s or all", *unit, strings.Join(store.Units(), ", "))
	}
	if _, err := gate.share(); err != nil {
		return err
	}
	if gate.gate != "" && len(positional) != 2 {
		return usagef("compare: -gate needs two runs, OLD and NEW; to gate on two programs in one run, use \"run -against PROGRAM -gate\"")
	}
	if gate.format != "text" && len(positional) != 2 {
		return usagef("compare: -format needs two runs, OLD and NEW; for a single run, use \"report -format\"")
	}
	if *baseline != "" && len(positional) == 2 {
		return usagef("compare: -baseline needs a single run: with two runs, OLD is the baseline")
	}
	if done, err := a.compareSimulated(*results, positional, gate); done {
		return err
	}
	if done, err := a.compareMachines(fs, *results, positional); done {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	// Finding and running benchstat takes as long as reading and comparing a large run, so it runs in the background.
	scratch := scratch{}
	if !*only { // the command is only printed
		defer scratch.remove()
	}
	alone := gate.gate != "" || gate.format != "text" || a.quiet
	table := benchstat{find: func() (tool, error) { return tool{shown: []string{"benchstat"}}, nil }}
	if !*only && !alone {
		table.find = begin(func() (tool, error) { return findBenchstat(ctx) })
	}
	var beside []string
	if len(positional) == 2 {
		old, new, list, err := a.twoRuns(*results, positional)
		if err != nil {
			return err
		}
		if alone {
			return a.changes(list, gate)
		}
		args, err := a.twoFiles(old, new, &scratch)
		if err != nil {
			return err
		}
		table.start(ctx, slices.Concat(filter(new, *unit), args))
		if err := a.changes(list, gate); err != nil {
			return err
		}
		beside = report.Benchstat(besides(list), len(list), false)
	} else {
		run, args, err := a.oneRun(*results, append(positional, "")[0], *baseline, &scratch)
		if err != nil {
			return err
		}
		table.start(ctx, slices.Concat(filter(run, *unit), args))
		analysis := diagnose.Compare(run)
		fmt.Fprintln(a.raw, strings.TrimLeft(report.Verdicts(analysis, a.screen), "\n"))
		if alone {
			return nil
		}
		if *baseline == "" || *baseline == analysis.Baseline {
			beside = report.Benchstat(analysis.Benchstat(), analysis.Families.Unlimited.Size, true)
		}
	}
	if _, err := table.done(); *unit == "" && !*only && !errors.Is(err, errNoBenchstat) {
		for _, s := range beside {
			a.prose(s)
		}
		fmt.Fprintln(a.raw)
	}
	return table.print(a)
}

// besides returns the changes as benchstat makes them.
func besides(list []diagnose.Change) (out []diagnose.BenchstatComparison) {
	for _, c := range list {
		out = append(out, c.Beside)
	}
	return out
}

// twoRuns opens two runs and compares them.
func (a *app) twoRuns(results string, names []string) (old, new *store.Run, list []diagnose.Change, err error) {
	var runs []*store.Run
	for _, name := range names {
		run, err := a.openRun(results, name)
		if err != nil {
			return nil, nil, nil, err
		}
		runs = append(runs, run)
	}
	if runs[0].Same(runs[1]) {
		fmt.Fprintln(a.err, "warning: OLD and NEW are the same run, or copies of it, so there is no difference and -gate "+
			"passes: name two runs (list them with \"crawlbench list runs\")")
	}
	list, err = a.between(runs[0], runs[1])
	return runs[0], runs[1], list, err
}

// between compares two runs cell by cell, and says what differs and whom not to believe.
func (a *app) between(old, new *store.Run) ([]diagnose.Change, error) {
	a.differences(old, new)
	list, err := diagnose.CompareRuns(old, new)
	if errors.Is(err, diagnose.ErrNotComparable) {
		err = exitError{exitNotComparable, err}
	}
	if err != nil {
		return nil, err
	}
	for i, run := range []*store.Run{old, new} {
		if why := report.Warning(diagnose.Compare(run)); why != "" && (i == 0 || run.Dir() != old.Dir()) {
			fmt.Fprintf(a.err, "warning: %s is untrusted: %s\n", run.Dir(), why)
		}
	}
	return list, nil
}

// filter returns benchstat's flags that select the unit, and the cells without a rate if there are any: those with one
// are equal by construction, and would only show noise.
func filter(run *store.Run, unit string) []string {
	var parts []string
	switch unit {
	case "all":
	case "":
		parts = append(parts, comparedUnit(run))
	default:
		parts = append(parts, ".unit:"+unit)
	}
	if unlimited(run) {
		parts = append(parts, "/rate:inf")
	}
	if parts == nil {
		return nil
	}
	return []string{"-filter", strings.Join(parts, " ")}
}

// comparedUnit returns the filter of the unit by which the crawlers of a run are compared, which depends on how pages
// come.
func comparedUnit(run *store.Run) string {
	unit := func(t plan.Transport) string { return ".unit:" + store.TimeUnit(t) }
	http := func(c plan.Cell) bool { return c.Transport == plan.HTTP }
	memory := func(c plan.Cell) bool { return !http(c) }
	switch cells := run.Plan().Cells; {
	case !slices.ContainsFunc(cells, http):
		return unit(plan.Memory)
	case !slices.ContainsFunc(cells, memory):
		return unit(plan.HTTP)
	}
	return fmt.Sprintf("(%s -/transport:http OR %s /transport:http)", unit(plan.Memory), unit(plan.HTTP))
}

// unlimited reports whether a run has cells without a rate.
func unlimited(run *store.Run) bool {
	return slices.ContainsFunc(run.Plan().Cells, func(c plan.Cell) bool { return c.Rate == 0 })
}

// oneRun returns a run, and the arguments for benchstat to compare its crawlers, the baseline first.
func (a *app) oneRun(results, name, baseline string, temp *scratch) (*store.Run, []string, error) {
	run, err := a.openRun(results, name)
	if err != nil {
		return nil, nil, err
	}
	file, err := a.benchFile(run, temp)
	if err != nil {
		return nil, nil, err
	}
	columns := crawlersOf(run)
	if baseline != "" {
		i := slices.Index(columns, baseline)
		if i < 0 {
			return nil, nil, usagef("compare: unknown -baseline %q: want one of %s", baseline,
				strings.Join(columns, ", "))
		}
		columns = slices.Insert(slices.Delete(columns, i, i+1), 0, baseline)
	}
	table, row := axes(run)
	return run, []string{"-table", table, "-row", row, "-col", "/impl@(" + strings.Join(columns, " ") + ")",
		labelled("run", file)}, nil
}

// crawlersOf returns the crawlers of a run without the A/A control: its noise floor is among our verdicts.
func crawlersOf(run *store.Run) []string {
	return slices.DeleteFunc(slices.Clone(run.Plan().Crawlers), func(name string) bool {
		return plan.CrawlerOf(name) != name
	})
}

// twoFiles returns the arguments for benchstat to compare two runs cell by cell.
func (a *app) twoFiles(old, new *store.Run, temp *scratch) ([]string, error) {
	var files []string
	for i, run := range []*store.Run{old, new} {
		file, err := a.benchFile(run, temp)
		if err != nil {
			return nil, err
		}
		files = append(files, []string{"old=", "new="}[i]+file)
	}
	table, row := axes(new)
	crawlers := "/impl@(" + strings.Join(crawlersOf(new), " ") + ")"
	return append([]string{"-table", table, "-row", crawlers + "," + row, "-col", ".file"}, files...), nil
}

// axes returns benchstat's projections on the axes of a run except the crawler: a table for each graph, with a row for
// each number of workers.
func axes(run *store.Run) (table, row string) {
	cells := run.Plan().Cells
	varies := func(axis func(plan.Cell) any) bool {
		return slices.ContainsFunc(cells, func(c plan.Cell) bool { return axis(c) != axis(cells[0]) })
	}
	table, row = "/graph,/keys", "/workers@num"
	if !unlimited(run) {
		row += ",/rate@num"
		if varies(func(c plan.Cell) any { return c.Burst }) {
			row += ",/burst@num"
		}
		if varies(func(c plan.Cell) any { return c.Limiter }) {
			row += ",/limiter"
		}
	}
	if varies(func(c plan.Cell) any { return c.Cost }) {
		row += ",/latency,/cpu"
	}
	if varies(func(c plan.Cell) any { return c.Procs }) {
		table += ",/gomaxprocs@num"
	}
	return table, row
}

// differences prints the differences of runs that can still be compared.
func (a *app) differences(old, new *store.Run) {
	for _, d := range store.Differences(old, new) {
		switch {
		case d.Matters:
		case d.Unknown():
			fmt.Fprintf(a.err, "note: the runs may differ in %v\n", d)
		default:
			fmt.Fprintf(a.err, "note: the runs differ in %v\n", d)
		}
	}
}

// benchFile returns a file with the samples of a run: its bench.txt, or a new file if that is
// missing or differs from the journal.
func (a *app) benchFile(run *store.Run, temp *scratch) (string, error) {
	if len(run.Samples()) == 0 {
		return "", fmt.Errorf("compare %s: no cell has samples: see \"crawlbench report\" for the failures", run.Dir())
	}
	text, err := run.Bench()
	if err != nil {
		return "", err
	}
	file := filepath.Join(run.Dir(), "bench.txt")
	found, err := run.ReadFile("bench.txt")
	if err == nil && bytes.Equal(found, text) {
		return file, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		fmt.Fprintf(a.err, "note: %s differs from the journal; the samples of the journal are used\n", file)
	}
	return temp.write(text)
}

// labelled returns the argument of a file for benchstat, which parses text before = as a label and
// a leading - as a flag.
func labelled(label, file string) string {
	if strings.ContainsRune(file, '=') || strings.HasPrefix(file, "-") {
		return label + "=" + file
	}
	return file
}

// scratch is a directory for files that another program reads. The first file creates it.
type scratch struct {
	dir   string
	files int
}

func (s *scratch) write(text []byte) (path string, err error) {
	if s.dir == "" {
		if s.dir, err = host.TempDir("crawlbench-"); err != nil {
			return "", err
		}
	}
	s.files++
	path = filepath.Join(s.dir, fmt.Sprintf("bench%d.txt", s.files))
	return path, os.WriteFile(path, text, 0o666)
}

func (s *scratch) remove() {
	if s.dir != "" {
		os.RemoveAll(s.dir)
	}
}
