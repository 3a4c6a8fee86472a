package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plan"
	"crawlbench/internal/report"
	"crawlbench/internal/store"
)

// compare runs benchstat over the contenders of one run, or over two runs.
func (a *app) compare(ctx context.Context, fs *flag.FlagSet, args []string) error {
	results := fs.String("results", "results", "directory of the runs")
	baseline := fs.String("baseline", "", "`contender` of the first column; the run's baseline if not given")
	unit := fs.String("unit", "sec/op", "`unit` to compare: "+strings.Join(store.Units(), ", ")+", or all")
	var gate gateFlags
	gate.add(fs)
	only := fs.Bool("print", false, "print the benchstat command and do not run it")
	positional, err := parse(fs, args, 0, 2)
	if err != nil {
		return err
	}
	if *unit != "all" && !slices.Contains(store.Units(), *unit) {
		return usagef("compare: -unit %s: must be one of %s, or all", *unit, strings.Join(store.Units(), ", "))
	}
	filter := []string{}
	if *unit != "all" {
		filter = []string{"-filter", ".unit:" + *unit}
	}
	if _, err := gate.share(); err != nil {
		return err
	}
	if gate.gate != "" || gate.format != "text" {
		if len(positional) != 2 {
			return usagef("compare: -gate and -format go with two runs, OLD NEW; of two programs in one run the gate is that of run -against")
		}
		return a.between(*results, positional, gate)
	}
	var argv []string
	if len(positional) == 2 {
		argv, err = a.twoRuns(*results, positional, *baseline)
	} else {
		argv, err = a.oneRun(*results, append(positional, "")[0], *baseline)
	}
	if err != nil {
		return err
	}
	return a.benchstat(ctx, append(filter, argv...), *only)
}

// between compares two runs cell by cell, without benchstat.
func (a *app) between(results string, names []string, gate gateFlags) error {
	var runs []*store.Run
	for _, name := range names {
		run, err := a.openRun(results, name)
		if err != nil {
			return err
		}
		runs = append(runs, run)
	}
	list, err := diagnose.Between(runs[0], runs[1])
	if errors.Is(err, diagnose.ErrNotComparable) {
		return exitError{exitNotComparable, err}
	}
	if err != nil {
		return err
	}
	return a.changes(list, gate)
}

// oneRun compares the contenders of a run, the baseline's column first.
func (a *app) oneRun(results, name, baseline string) ([]string, error) {
	run, err := a.openRun(results, name)
	if err != nil {
		return nil, err
	}
	file, err := benchFile(run)
	if err != nil {
		return nil, err
	}
	analysis, err := diagnose.Analyse(run)
	if err != nil {
		return nil, err
	}
	fmt.Fprintln(a.out, strings.TrimSpace(report.Verdicts(analysis))+"\n")
	columns := slices.Clone(run.Plan().Contenders)
	if baseline != "" {
		i := slices.Index(columns, baseline)
		if i < 0 {
			return nil, usagef("compare: -baseline %s: the run has %s", baseline, strings.Join(columns, ", "))
		}
		columns = slices.Insert(slices.Delete(columns, i, i+1), 0, baseline)
	}
	return []string{"-row", rows(run), "-col", "/impl@(" + strings.Join(columns, " ") + ")", file}, nil
}

// twoRuns compares two runs cell by cell.
func (a *app) twoRuns(results string, names []string, baseline string) ([]string, error) {
	if baseline != "" {
		return nil, usagef("compare: -baseline goes with one run; of two runs the first is the baseline")
	}
	var files []string
	var runs []*store.Run
	for i, name := range names {
		run, err := a.openRun(results, name)
		if err != nil {
			return nil, err
		}
		file, err := benchFile(run)
		if err != nil {
			return nil, err
		}
		runs = append(runs, run)
		files = append(files, []string{"old=", "new="}[i]+file)
	}
	if err := comparable(runs[0], runs[1]); err != nil {
		return nil, exitError{exitNotComparable, err}
	}
	return append([]string{"-row", "/impl," + rows(runs[1]), "-col", ".file"}, files...), nil
}

// rows is the projection of a run's axes but the contenders.
func rows(run *store.Run) string {
	row := "/graph,/keys,/workers@num,/rate@num"
	cells := run.Plan().Cells
	if slices.ContainsFunc(cells, func(c plan.Cell) bool { return c.Burst != 0 }) {
		row += ",/burst@num"
	}
	if slices.ContainsFunc(cells, func(c plan.Cell) bool { return c.Limiter != "" }) {
		row += ",/limiter"
	}
	if slices.ContainsFunc(cells, func(c plan.Cell) bool { return c.Procs != cells[0].Procs }) {
		row += ",/gomaxprocs@num"
	}
	return row
}

// comparable refuses runs whose difference would not be that of the programs.
func comparable(old, new *store.Run) error {
	if err := diagnose.Alike(old, new); err != nil {
		return fmt.Errorf("compare %s and %s: %w", old.Dir(), new.Dir(), err)
	}
	names := map[string]bool{}
	for _, rec := range old.Samples() {
		names[rec.Cell] = true
	}
	if !slices.ContainsFunc(new.Samples(), func(rec store.Record) bool { return names[rec.Cell] }) {
		return fmt.Errorf("compare %s and %s: they have no cell in common: run the same scenario twice", old.Dir(), new.Dir())
	}
	return nil
}

// benchFile returns the bench.txt of a run.
func benchFile(run *store.Run) (string, error) {
	file := filepath.Join(run.Dir(), "bench.txt")
	if _, err := os.Stat(file); err != nil {
		return "", fmt.Errorf("compare %s: it has no bench.txt yet: let the run end, or go on with it by %q", run.Dir(), "crawlbench run -resume "+run.Dir())
	}
	if len(run.Samples()) == 0 {
		return "", fmt.Errorf("compare %s: it has no samples of cells that did not fail", run.Dir())
	}
	return file, nil
}

// benchstat prints the command and runs it.
func (a *app) benchstat(ctx context.Context, args []string, only bool) error {
	tool, err := findBenchstat(ctx)
	if only {
		tool, err = []string{"benchstat"}, nil
	}
	if err != nil {
		return err
	}
	argv := append(tool, args...)
	fmt.Fprintln(a.err, "$", quote(argv))
	if only {
		return nil
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = a.out, a.err
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("compare: benchstat: %w", err)
	}
	return nil
}

// findBenchstat returns the command that runs benchstat: that of the module in whose directory we are, which is pinned,
// or the one that is installed.
func findBenchstat(ctx context.Context) ([]string, error) {
	if _, err := exec.LookPath("go"); err == nil {
		if exec.CommandContext(ctx, "go", "tool", "-n", "benchstat").Run() == nil {
			return []string{"go", "tool", "benchstat"}, nil
		}
	}
	if path, err := exec.LookPath("benchstat"); err == nil {
		return []string{path}, nil
	}
	return nil, errors.New("compare: there is no benchstat: install it with \"go install golang.org/x/perf/cmd/benchstat@latest\", or run this in a checkout of crawlbench")
}

// quote writes a command line as a shell takes it.
func quote(argv []string) string {
	words := make([]string, len(argv))
	for i, w := range argv {
		if strings.ContainsAny(w, " ()@*?&|;<>$'\"\\") || w == "" {
			w = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
		words[i] = w
	}
	return strings.Join(words, " ")
}
