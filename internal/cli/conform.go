package cli

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"crawlbench/internal/conform"
	"crawlbench/internal/conform/mutant"
	"crawlbench/internal/conform/rude"
	"crawlbench/internal/crawl"
	"crawlbench/internal/host/child"
	"crawlbench/internal/plain"
	"crawlbench/internal/plan"
)

// conform runs the conformance suite on crawlers or mutants.
func (a *app) conform(ctx context.Context, fs *flag.FlagSet, args []string) error {
	mutants := fs.Bool("mutants", false,
		"run the suite on deliberately broken crawlers, and show which of them each check finds")
	checks := fs.String("checks", "", "`names` of the checks to run, such as storm,cancel (default: all)")
	yields := fs.String("yield", "", "rebuild the program with random yields in these `packages`, such as ./mine,./internal/..., and run the suite on it")
	patience := fs.Duration("patience", conform.Patience, "`time` after which a check counts as hanging")
	count := fs.Int("count", 1, "with -mutants, run the suite this `number` of times and show how often it finds the mutants that some runs miss")
	seeds := fs.Int("seeds", 20, "with -yield, the `number` of schedules to try")
	transport := fs.String("transport", "memory", "`transport` over which pages come: memory, or http for crawlers by URL")
	positional, err := parse(fs, args, 0, 1000)
	if err != nil {
		return err
	}
	table := a.crawlers
	if *mutants {
		table = append(mutant.Crawlers(), rude.Crawlers()...)
	}
	if *count < 1 || *count > 1 && !*mutants {
		return usagef("conform: invalid -count %d: want at least 1, and 1 without -mutants", *count)
	}
	if *transport != "memory" && *transport != "http" {
		return usagef("conform: invalid -transport %q: want memory or http", *transport)
	}
	if *transport == "http" && (*mutants || *checks != "" || *yields != "") {
		return usagef("conform: -transport http has a check of its own: leave out -mutants, -checks and -yield")
	}
	if *patience <= 0 {
		return usagef("conform: invalid -patience %v: want more than 0", *patience)
	}
	if err := child.Supported(); err != nil {
		return err
	}
	s := conform.Suite{Patience: *patience, OverHTTP: *transport == "http"}
	if s.Crawlers, err = alone(positional, table); err != nil {
		return err
	}
	if s.Checks, err = checksOf(*checks); err != nil {
		return err
	}
	if *mutants {
		s.Keys = []string{"id"}
	}
	if *yields != "" {
		err = a.stress(ctx, s, strings.Split(*yields, ","), *seeds, *mutants)
	} else if err = ownProgram(ctx, &s); err == nil {
		runs := make([][]conform.Result, *count)
		for i := range runs {
			runs[i] = s.Run(ctx)
		}
		list := slices.Concat(runs...)
		if ctx.Err() != nil {
			return a.unfinished(list, *mutants)
		}
		err = a.verdicts(list, *mutants)
		if *count > 1 {
			fmt.Fprint(a.out, "\n", conform.Rates(runs))
		}
	}
	if ctx.Err() != nil {
		return exitError{code: exitInterrupted}
	}
	return err
}

// unfinished prints what an interrupted suite has found, and returns an error that says how far it came. Of mutants it
// prints nothing: a mutant that no check has found yet is not one that none finds.
func (a *app) unfinished(list []conform.Result, mutants bool) error {
	if !mutants {
		a.verdicts(list, false) // the interrupt is the error
	}
	ended := 0
	for _, v := range list {
		if v.Kind != conform.Unfinished {
			ended++
		}
	}
	return exitError{exitInterrupted, fmt.Errorf("conform: interrupted after %d of %d checks: the others say nothing",
		ended, len(list))}
}

// ownProgram configures the suite to run checks in child processes of this program.
func ownProgram(ctx context.Context, s *conform.Suite) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	s.Command = func(crawler, keys, check string) *exec.Cmd {
		return checkCommand(ctx, exe, crawler, keys, check)
	}
	return nil
}

// checkCommand returns the command for the process of a check.
func checkCommand(ctx context.Context, exe, crawler, keys, check string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, exe, conform.ChildVerb, crawler, keys, check)
	cmd.Args[0] = os.Args[0]
	return cmd
}

// verdicts prints the results of the suite; for mutants as a matrix.
func (a *app) verdicts(list []conform.Result, mutants bool) error {
	if mutants {
		fmt.Fprint(a.out, conform.Matrix(list))
		alive := conform.Survivors(list)
		for _, v := range list {
			if isRight(v.Crawler) && !v.Kind.OK() {
				return exitError{exitCrawlFailed,
					fmt.Errorf("check %s fails the correct crawler %s: %s: %s", v.Check, v.Crawler, v.Kind, v.Text)}
			}
		}
		if alive = slices.DeleteFunc(alive, isRight); len(alive) > 0 {
			return exitError{exitCrawlFailed, fmt.Errorf("no check finds %s", strings.Join(alive, ", "))}
		}
		return nil
	}
	passed, all := map[string]int{}, map[string]int{}
	var subjects []string
	for _, v := range list {
		subject := v.Crawler + "\t" + v.Keys
		if all[subject]++; all[subject] == 1 {
			subjects = append(subjects, subject)
		}
		if v.Kind.OK() {
			passed[subject]++
		}
	}
	var rows [][]string
	for _, s := range subjects {
		if !a.quiet || passed[s] < all[s] {
			rows = append(rows,
				append(strings.Split(s, "\t"), fmt.Sprintf("%d of %d checks passed", passed[s], all[s])))
		}
	}
	a.screen.List(a.raw, rows)
	if !a.quiet {
		if !conform.Raced() {
			a.prose("Built without the race detector: data races are found only by chance. Check a program built with go " +
				"build -race too.")
		}
		a.prose("Some races show only on some schedules: conform -yield PACKAGES tries more of them.")
	}
	failed := false
	for _, v := range list {
		if v.Kind != conform.Unfinished && (v.Kind != conform.Pass || a.verbose) {
			failed = failed || !v.Kind.OK()
			first, more, _ := strings.Cut(v.Text, "\n")
			a.screen.Line(a.raw, fmt.Sprintf("%s by %s, %s: %s: %s", v.Crawler, v.Keys, v.Check, v.Kind, first))
			for line := range strings.Lines(more) { // a list or a stack
				fmt.Fprintf(a.raw, "    %s\n", plain.Text(strings.TrimSuffix(line, "\n")))
			}
		}
	}
	if failed {
		return exitError{code: exitCrawlFailed}
	}
	return nil
}

// isRight reports whether name is one of the correct crawlers among the mutants.
func isRight(name string) bool {
	return name == rude.Right().Name ||
		slices.ContainsFunc(mutant.Controls(), func(c crawl.Crawler) bool { return c.Name == name })
}

// checksOf parses a list of checks; nil means all.
func checksOf(text string) ([]string, error) {
	if text == "" {
		return nil, nil
	}
	var all []string
	for _, c := range append(conform.Checks(), conform.PoliteChecks()...) {
		all = append(all, c.Name)
	}
	list := strings.Split(text, ",")
	for _, name := range list {
		if !slices.Contains(all, name) {
			return nil, usagef("conform: unknown check %q%s: want some of %s", name, plan.Nearest(name, all),
				strings.Join(all, ", "))
		}
	}
	return list, nil
}

// alone returns the crawlers with the given names, or all that are not made for fleets if names is empty: the suite
// checks crawls of one process.
func alone(names []string, table []crawl.Crawler) ([]crawl.Crawler, error) {
	made := func(c crawl.Crawler) bool { return c.Fleet }
	list, err := named(names, table)
	if i := slices.IndexFunc(list, made); err == nil && i >= 0 && len(names) > 0 {
		return nil, usagef("conform: crawler %s is made for fleets, and the suite checks crawls of one process: the module "+
			"of the crawler has its own checks", list[i].Name)
	}
	return slices.DeleteFunc(slices.Clone(list), made), err
}

// named returns the crawlers with the given names, or all if names is empty.
func named(names []string, table []crawl.Crawler) ([]crawl.Crawler, error) {
	if len(names) == 0 {
		return table, nil
	}
	var list []crawl.Crawler
	var all []string
	for _, c := range table {
		all = append(all, c.Name)
		if slices.Contains(names, c.Name) {
			list = append(list, c)
		}
	}
	for _, n := range names {
		if strings.Contains(n, "=") {
			c, err := plan.Find(table, n)
			if err != nil {
				return nil, usagef("conform: %w", err)
			}
			list = append(list, c)
			continue
		}
		if !slices.Contains(all, n) {
			return nil, usagef("conform: unknown crawler %q%s: want some of %s", n, plan.Nearest(n, all),
				strings.Join(all, ", "))
		}
	}
	return list, nil
}
