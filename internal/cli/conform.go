package cli

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"text/tabwriter"

	"crawlbench/internal/conform"
	"crawlbench/internal/crawl"
	"crawlbench/internal/mutant"
	"crawlbench/internal/scenario"
)

// conform takes contenders, or the mutants, through the conformance suite.
func (a *app) conform(ctx context.Context, fs *flag.FlagSet, args []string) error {
	mutants := fs.Bool("mutants", false, "show which broken crawlers each check finds")
	positional, err := parse(fs, args, 0, len(a.contenders))
	if err != nil {
		return err
	}
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	command := func(contender, keys, check string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, exe, conform.ChildVerb, contender, keys, check)
		cmd.Args[0] = os.Args[0]
		cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
		return cmd
	}
	if *mutants {
		list := []crawl.Contender{mutant.Right()}
		for _, m := range mutant.All() {
			list = append(list, m.Contender)
		}
		verdicts := conform.Run(ctx, list, []string{"id"}, command, nil)
		fmt.Fprint(a.out, conform.Matrix(verdicts))
		if alive := conform.Survivors(verdicts); !slices.Equal(alive, []string{mutant.Right().Name}) {
			return exitError{exitFailed, fmt.Errorf("the suite does not tell right from wrong: it passes %s", strings.Join(alive, ", "))}
		}
		return ctx.Err()
	}
	list, err := a.named(positional)
	if err != nil {
		return err
	}
	failed := false
	verdicts := conform.Run(ctx, list, nil, command, nil)
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, c := range list {
		for _, keys := range []string{"id", "url"} {
			passed, all := 0, 0
			for _, v := range verdicts {
				if v.Contender == c.Name && v.Keys == keys {
					all++
					if v.Kind == conform.Pass {
						passed++
					}
				}
			}
			if all > 0 {
				fmt.Fprintf(w, "  %s\t%s\t%d of %d checks passed\n", c.Name, keys, passed, all)
			}
		}
	}
	w.Flush()
	for _, v := range verdicts {
		if v.Kind != conform.Pass {
			failed = true
			fmt.Fprintf(a.out, "%s by %s, %s: %s: %s\n", v.Contender, v.Keys, v.Check, v.Kind, v.Text)
		}
	}
	if err := ctx.Err(); err != nil {
		return exitError{code: exitInterrupted}
	}
	if failed {
		return exitError{code: exitFailed}
	}
	return nil
}

// named returns the contenders of those names, all if there are none.
func (a *app) named(names []string) ([]crawl.Contender, error) {
	if len(names) == 0 {
		return a.contenders, nil
	}
	var list []crawl.Contender
	var all []string
	for _, c := range a.contenders {
		all = append(all, c.Name)
		if slices.Contains(names, c.Name) {
			list = append(list, c)
		}
	}
	for _, n := range names {
		if !slices.Contains(all, n) {
			return nil, usagef("no contender %q%s; there are %s", n, scenario.Nearest(n, all), strings.Join(all, ", "))
		}
	}
	return list, nil
}

// subjects returns everything that a child may be asked to check.
func subjects(contenders []crawl.Contender) []crawl.Contender {
	list := append(slices.Clone(contenders), mutant.Right())
	for _, m := range mutant.All() {
		list = append(list, m.Contender)
	}
	return list
}
