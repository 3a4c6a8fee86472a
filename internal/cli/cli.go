// Package cli is the command line: it parses arguments, calls the other packages in the order of the data flow, and
// turns what came of it into output and an exit code.
//
// Results go to standard output; progress, warnings and errors to standard error.
package cli

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"crawlbench/internal/cell"
	"crawlbench/internal/conform"
	"crawlbench/internal/crawl"
	"crawlbench/internal/mutant"
	"crawlbench/internal/plain"
	"crawlbench/internal/plan"
	"crawlbench/internal/runner"
	"crawlbench/internal/scenario"
)

// Exit codes.
const (
	exitFine          = 0
	exitCould         = 1 // it could not
	exitUsage         = 2
	exitRegression    = 3
	exitFailed        = 4 // some cell failed or was judged wrong
	exitNotComparable = 5
	exitInterrupted   = 130
)

// app is what every command needs.
type app struct {
	out, err   io.Writer // show control characters and do not obey them
	screen     io.Writer // standard error as it is, for what is repainted
	contenders []crawl.Contender
}

// command is one verb.
type command struct {
	name, args, doc string
	run             func(a *app, ctx context.Context, fs *flag.FlagSet, args []string) error
}

// commands is the table of verbs.
func commands() []command {
	return []command{
		{"run", "[SCENARIO]", "measure a scenario: an embedded one by name, or a .toml file", (*app).run},
		{"compare", "[RUN | OLD NEW]", "compare the contenders of a run, or two runs, with benchstat", (*app).compare},
		{"report", "[RUN]", "show the result of a run", (*app).report},
		{"serve", "[RUN]", "show all runs, their cells and flame graphs in a browser", (*app).serve},
		{"export", "RUN DIR", "write the same pages as files that need no server", (*app).export},
		{"conform", "[NAME...]", "check that contenders keep the contract", (*app).conform},
		{"doctor", "", "measure what this machine can tell apart: noise, timers, the cost of profilers", (*app).doctor},
		{"list", "[WHAT]", "list contenders, scenarios, graphs, limiters, runs, or the cells of a run", (*app).list},
		{"graph", "SCENARIO NAME FILE", "write a scenario's graph to a file (.el, .el.gz or .sg) for other programs", (*app).graph},
	}
}

// usageError is a mistake on the command line.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// exitError carries an exit code other than exitCould.
type exitError struct {
	code int
	error
}

// Main runs the program with args, args[0] being its name, and returns the exit code.
func Main(args []string, in io.Reader, out, errw io.Writer, contenders []crawl.Contender) int {
	stdout := &output{w: out}
	shown, errs := plain.NewWriter(stdout), plain.NewWriter(errw)
	a := &app{out: shown, err: errs, screen: errw, contenders: contenders}
	code := a.main(args, in)
	shown.Flush()
	errs.Flush()
	return cmp.Or(code, stdout.failed(errw))
}

func (a *app) main(args []string, in io.Reader) int {
	if len(args) == 2 && args[1] == runner.ChildVerb {
		if err := cell.Child(context.Background(), in, a.contenders); err != nil {
			fmt.Fprintln(a.err, "crawlbench: child process:", err)
			return exitCould
		}
		return exitFine
	}
	if len(args) == 5 && args[1] == conform.ChildVerb {
		conform.Child(args[2:], append(slices.Clone(a.contenders), mutant.Contenders()...))
	}
	ctx, stop := interruptible(context.Background())
	defer stop()
	return a.code(a.dispatch(ctx, args))
}

// code prints err and returns the exit code that goes with it.
func (a *app) code(err error) int {
	var usage usageError
	var exit exitError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitFine
	case errors.As(err, &exit):
		if exit.error != nil {
			fmt.Fprintln(a.err, "crawlbench:", exit.error)
		}
		return exit.code
	case errors.As(err, &usage):
		fmt.Fprintln(a.err, "crawlbench:", err)
		return exitUsage
	}
	fmt.Fprintln(a.err, "crawlbench:", err)
	return exitCould
}

// dispatch finds the verb and runs it.
func (a *app) dispatch(ctx context.Context, args []string) error {
	if err := duplicates(a.contenders); err != nil {
		return err
	}
	if len(args) < 2 {
		a.usage(a.err)
		return exitError{code: exitUsage}
	}
	verb := args[1]
	if slices.Contains([]string{"help", "-h", "-help", "--help"}, verb) {
		a.usage(a.out)
		return nil
	}
	var verbs []string
	for _, c := range commands() {
		if c.name == verb {
			fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
			fs.SetOutput(a.err)
			fs.Usage = func() {
				fmt.Fprintf(a.err, "usage: crawlbench %s [flags] %s\n\n%s\n\nflags:\n", c.name, c.args, c.doc)
				fs.PrintDefaults()
			}
			return c.run(a, ctx, fs, args[2:])
		}
		verbs = append(verbs, c.name)
	}
	return usagef("no command %q%s; there are %s, and help", verb, scenario.Nearest(verb, verbs), strings.Join(verbs, ", "))
}

// usage prints the table of verbs.
func (a *app) usage(w io.Writer) {
	fmt.Fprint(w, "crawlbench measures, profiles and compares designs of concurrent crawlers.\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  crawlbench %-7s %-19s %s\n", c.name, c.args, c.doc)
	}
	fmt.Fprint(w, "\n\"crawlbench COMMAND -help\" lists the flags of a command.\n"+
		"Exit codes: 0 fine, 1 could not, 2 usage, 3 regression, 4 some cell failed or was judged wrong,\n"+
		"5 runs not comparable, 130 interrupted.\n")
}

// parse parses flags that may stand before, between and after the arguments, of which there may be so many.
func parse(fs *flag.FlagSet, args []string, least, most int) ([]string, error) {
	var positional []string
	for {
		if err := fs.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, err
			}
			return nil, exitError{code: exitUsage} // flag has printed what is wrong, and the flags there are
		}
		if args = fs.Args(); len(args) == 0 {
			break
		}
		positional = append(positional, args[0])
		args = args[1:]
	}
	if len(positional) < least || len(positional) > most {
		return nil, usagef("%s: %d arguments given; see crawlbench %s -help", fs.Name(), len(positional), fs.Name())
	}
	return positional, nil
}

// duplicates refuses contenders that a result could not tell apart, or that nobody could crawl with.
func duplicates(contenders []crawl.Contender) error {
	seen := map[string]bool{}
	for _, c := range contenders {
		switch {
		case !scenario.ValidName(c.Name):
			return fmt.Errorf("contender %q: a name is made of letters, digits and . _ +, since it becomes part of a benchmark's name", c.Name)
		case plan.Design(c.Name) != c.Name:
			return fmt.Errorf("contender %q: the end of its name is kept for the baseline's control: rename it", c.Name)
		case seen[c.Name]:
			return fmt.Errorf("two contenders are called %q: rename one", c.Name)
		case c.ByID == nil && c.ByURL == nil:
			return fmt.Errorf("contender %q has neither ByID nor ByURL: set one of them", c.Name)
		}
		seen[c.Name] = true
	}
	return nil
}
