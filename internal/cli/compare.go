package cli

import (
	"bytes"
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

// compare runs benchstat on the crawlers of one run, or on two runs.
func (a *app) compare(ctx context.Context, fs *flag.FlagSet, args []string) error {
	results := fs.String("results", "results", "`directory` that holds the runs")
	baseline := fs.String("baseline", "", "`crawler` in the first column (default: the run's baseline)")
	unit := fs.String("unit", "sec/op", "`unit` to compare: "+strings.Join(store.Units(), ", ")+", or all")
	var gate gateFlags
	gate.add(fs)
	only := fs.Bool("print", false, "print the benchstat command instead of running it")
	positional, err := parse(fs, args, 0, 2)
	if err != nil {
		return err
	}
	if *unit != "all" && !slices.Contains(store.Units(), *unit) {
		return usagef("compare: invalid -unit %q: want %s or all", *unit, strings.Join(store.Units(), ", "))
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
			return usagef("compare: -gate and -format need two runs, OLD and NEW; to gate on two programs in one run, use \"run -against PROGRAM -gate\"")
		}
		return a.compareRuns(*results, positional, gate)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	// Finding and running benchstat takes as long as reading and comparing a large run, so it runs in the background.
	scratch := scratch{}
	if !*only { // the command is only printed
		defer scratch.remove()
	}
	table := benchstat{find: func() (tool, error) { return tool{shown: []string{"benchstat"}}, nil }}
	if !*only {
		table.find = begin(func() (tool, error) { return findBenchstat(ctx) })
	}
	if len(positional) == 2 {
		args, err := a.twoRuns(*results, positional, *baseline, &scratch)
		if err != nil {
			return err
		}
		table.start(ctx, append(filter, args...))
		return table.print(a)
	}
	run, args, err := a.oneRun(*results, append(positional, "")[0], *baseline, &scratch)
	if err != nil {
		return err
	}
	table.start(ctx, append(filter, args...))
	fmt.Fprintln(a.out, strings.TrimSpace(report.Verdicts(diagnose.Compare(run)))+"\n")
	return table.print(a)
}

// compareRuns compares two runs cell by cell, without benchstat.
func (a *app) compareRuns(results string, names []string, gate gateFlags) error {
	var runs []*store.Run
	for _, name := range names {
		run, err := a.openRun(results, name)
		if err != nil {
			return err
		}
		runs = append(runs, run)
	}
	a.differences(runs[0], runs[1])
	list, err := diagnose.Between(runs[0], runs[1])
	if errors.Is(err, diagnose.ErrNotComparable) {
		return exitError{exitNotComparable, err}
	}
	if err != nil {
		return err
	}
	return a.changes(list, gate)
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
	columns := slices.Clone(run.Plan().Crawlers)
	if baseline != "" {
		i := slices.Index(columns, baseline)
		if i < 0 {
			return nil, nil, usagef("compare: unknown -baseline %q: want one of %s", baseline,
				strings.Join(columns, ", "))
		}
		columns = slices.Insert(slices.Delete(columns, i, i+1), 0, baseline)
	}
	return run, []string{"-row", rows(run), "-col", "/impl@(" + strings.Join(columns, " ") + ")",
		labelled("run", file)}, nil
}

// twoRuns returns the arguments for benchstat to compare two runs cell by cell.
func (a *app) twoRuns(results string, names []string, baseline string, temp *scratch) ([]string, error) {
	if baseline != "" {
		return nil, usagef("compare: -baseline needs a single run: with two runs, OLD is the baseline")
	}
	var files []string
	var runs []*store.Run
	for i, name := range names {
		run, err := a.openRun(results, name)
		if err != nil {
			return nil, err
		}
		file, err := a.benchFile(run, temp)
		if err != nil {
			return nil, err
		}
		runs = append(runs, run)
		files = append(files, []string{"old=", "new="}[i]+file)
	}
	a.differences(runs[0], runs[1])
	if err := comparable(runs[0], runs[1]); err != nil {
		return nil, exitError{exitNotComparable, err}
	}
	return append([]string{"-row", "/impl," + rows(runs[1]), "-col", ".file"}, files...), nil
}

// rows returns benchstat's projection on all axes of a run except the crawler.
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

// comparable returns an error for runs that differ in more than their programs.
func comparable(old, new *store.Run) error {
	if err := diagnose.CheckComparable(old, new); err != nil {
		return fmt.Errorf("compare %s and %s: %w", old.Dir(), new.Dir(), err)
	}
	names := map[string]bool{}
	for _, rec := range old.Samples() {
		names[rec.Cell] = true
	}
	if !slices.ContainsFunc(new.Samples(), func(rec store.Record) bool { return names[rec.Cell] }) {
		return fmt.Errorf("compare %s and %s: they have no cell in common: want two runs of the same scenario",
			old.Dir(), new.Dir())
	}
	return nil
}

// differences prints the differences of runs that can still be compared.
func (a *app) differences(old, new *store.Run) {
	for _, d := range store.Differences(old, new) {
		if !d.Matters {
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
		if s.dir, err = os.MkdirTemp("", "crawlbench-"); err != nil {
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

// tool is a program: its path, and the command as the user would type it. An empty path means that it is not run.
type tool struct {
	shown []string
	path  string
}

// benchstat is a call of benchstat in the background.
type benchstat struct {
	find     func() (tool, error)
	done     func() (tool, error)
	args     []string
	out, err bytes.Buffer
}

func (b *benchstat) start(ctx context.Context, args []string) {
	b.args = args
	b.done = begin(func() (tool, error) {
		t, err := b.find()
		if err != nil || t.path == "" {
			return t, err
		}
		cmd := exec.CommandContext(ctx, t.path, args...)
		cmd.Stdout, cmd.Stderr = &b.out, &b.err
		if err := cmd.Run(); err != nil {
			return t, fmt.Errorf("compare: benchstat: %w", err)
		}
		return t, nil
	})
}

// print waits for benchstat to end, and prints the command and its output.
func (b *benchstat) print(a *app) error {
	t, err := b.done()
	if len(t.shown) > 0 {
		fmt.Fprintln(a.err, "$", quote(slices.Concat(t.shown, b.args)))
	}
	b.err.WriteTo(a.err)
	b.out.WriteTo(a.out)
	return err
}

// begin calls f in the background, and returns a function that waits for its result.
func begin[T any](f func() (T, error)) (wait func() (T, error)) {
	var value T
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		value, err = f()
	}()
	return func() (T, error) {
		<-done
		return value, err
	}
}

// findBenchstat returns the pinned benchstat of the module in the working directory, or the one
// that is installed.
func findBenchstat(ctx context.Context) (tool, error) {
	if _, err := exec.LookPath("go"); err == nil {
		if path, err := exec.CommandContext(ctx, "go", "tool", "-n", "benchstat").Output(); err == nil {
			return tool{[]string{"go", "tool", "benchstat"}, strings.TrimSpace(string(path))}, nil
		}
	}
	if path, err := exec.LookPath("benchstat"); err == nil {
		return tool{[]string{path}, path}, nil
	}
	return tool{}, errors.New("compare: benchstat not found: install it with \"go install golang.org/x/perf/cmd/benchstat@latest\", or run this in a checkout of crawlbench")
}
