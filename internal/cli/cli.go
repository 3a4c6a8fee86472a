// Package cli is the command line: it parses arguments, calls the other packages in the order of the data flow, and
// turns the results into output and an exit code.
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

	"crawlbench/internal/conform"
	"crawlbench/internal/conform/mutant"
	"crawlbench/internal/conform/rude"
	"crawlbench/internal/crawl"
	"crawlbench/internal/measure"
	"crawlbench/internal/plain"
	"crawlbench/internal/plain/screen"
	"crawlbench/internal/plan"
	"crawlbench/internal/report"
	"crawlbench/internal/simulate"
)

// app has what every command needs.
type app struct {
	out, err       io.Writer     // escape control characters
	raw, rawErr    io.Writer     // the same unescaped: for what a screen laid out, and for repainted lines
	screen, side   screen.Screen // where output goes, and where errors go
	quiet, verbose bool
	in             io.Reader
	crawlers       []crawl.Crawler
	limiters       []crawl.LimiterKind // of the program, beside the built-in ones
	startServer    crawl.Serve         // starts the server of fleets; nil if the program has none
	more           []crawl.Command     // of the program
}

// command is a command of the program.
type command struct {
	name, args, doc string
	run             func(a *app, ctx context.Context, fs *flag.FlagSet, args []string) error
}

// commands returns the table of commands.
func commands() []command {
	return []command{
		{"run", "[SCENARIO]", "measure a scenario, given by name or as a .toml file", (*app).run},
		{"merge", "DIR...", "put together the shards of a run, measured with \"run -shard\"", (*app).merge},
		{"compare", "[RUN | OLD NEW]", "compare the crawlers of a run, or two runs, with benchstat", (*app).compare},
		{"report", "[RUN]", "print the result of a run and write its report", (*app).report},
		{"serve", "[RUN]", "show runs, cells and flame graphs in a browser", (*app).serve},
		{"export", "RUN TO", "write the pages of a run as static files: TO is a directory, a .zip or an .html file",
			(*app).export},
		{"conform", "[NAME...]", "check that crawlers keep the contract", (*app).conform},
		{"explain", "[RUN]", "test the findings of a run by experiments that could refute them", (*app).explain},
		{"causal", "[RUN]", "find which line of a crawler limits it, by delaying lines", (*app).causal},
		{"lesson", "[NUMBER]", "learn about concurrent crawlers: guess, measure, see why", (*app).lesson},
		{"doctor", "", "measure this machine's noise, timers and profiling overhead", (*app).doctor},
		{"new", "DIR", "write a module with a crawler of your own, its tests and a Makefile", (*app).startModule},
		{"list", "[WHAT]", "list crawlers, scenarios, graphs, limiters, runs or cells", (*app).list},
		{"scenario", "[NAME]", "print a reference of all scenario keys, or the text of a scenario", (*app).scenario},
		{"graph", "SCENARIO NAME FILE", "write a scenario's graph as .el, .el.gz or .sg", (*app).graph},
		{"import", "FILE...", "make a graph from a recorded crawl: JSON lines, WARC, or Heritrix's crawl.log",
			(*app).importCrawl},
		{"site", "[SCENARIO [GRAPH]] [-- COMMAND]", "serve a graph as web sites, and verify how any program crawls them",
			(*app).site},
		{"completion", "SHELL", "print a completion script for bash, zsh or fish", (*app).completion},
		{"version", "", "print the version, commit, Go version and build flags", (*app).version},
	}
}

// Program is what a program measures: its crawlers, further limiters, and the server that fleets share, if it has one.
// It may have further commands.
type Program struct {
	Crawlers []crawl.Crawler
	Limiters []crawl.LimiterKind
	Serve    crawl.Serve
	Commands []crawl.Command
}

// Main runs the program with args, args[0] being its name, and returns the exit code.
func Main(args []string, in io.Reader, out, errw io.Writer, p Program) int {
	stdout := &output{w: out}
	shown, errs := plain.NewWriter(stdout), plain.NewWriter(errw)
	a := &app{out: shown, err: errs, raw: stdout, rawErr: errw, screen: screen.Of(out), side: screen.Of(errw),
		in: in, crawlers: p.Crawlers, limiters: p.Limiters, startServer: p.Serve, more: p.Commands}
	code := a.main(args)
	shown.Flush()
	errs.Flush()
	return cmp.Or(code, stdout.failed(errw))
}

func (a *app) main(args []string) int {
	if len(args) == 2 && args[1] == measure.ChildVerb {
		if err := measure.Child(context.Background(), a.in, a.withLessons(), a.limiters...); err != nil {
			fmt.Fprintln(a.err, "crawlbench: child process:", err)
			return exitFailure
		}
		return exitOK
	}
	if len(args) == 5 && args[1] == conform.ChildVerb {
		list := slices.Concat(a.withLessons(), mutant.Crawlers(), rude.Crawlers())
		if c, err := plan.Find(list, args[2]); err == nil { // it may have parameters
			list = append(list, c)
		}
		conform.Child(args[2:], list)
	}
	if len(args) == 2 && args[1] == simulate.ChildVerb {
		simulate.Child(a.in, a.crawlers)
	}
	ctx, stop := interruptible(context.Background())
	defer stop()
	return a.code(interrupted(ctx, a.dispatch(ctx, args)))
}

// dispatch finds the command and runs it.
func (a *app) dispatch(ctx context.Context, args []string) error {
	if err := errors.Join(checkCrawlers(a.crawlers), a.checkLimiters()); err != nil {
		return err
	}
	if len(args) < 2 {
		fmt.Fprint(a.rawErr, a.usage())
		return exitError{code: exitUsage}
	}
	verb := args[1]
	switch verb {
	case "help", "-h", "-help", "--help":
		if verb == "help" && len(args) == 3 && !strings.HasPrefix(args[2], "-") && args[2] != "help" {
			return a.dispatch(ctx, []string{args[0], args[2], "-help"})
		}
		fmt.Fprint(a.raw, a.usage())
		return nil
	case "-version", "--version":
		verb = "version"
	case completeVerb:
		return a.complete(ctx, args[2:])
	}
	var verbs []string
	for _, c := range commands() {
		if c.name == verb {
			return a.call(ctx, c, args[2:])
		}
		verbs = append(verbs, c.name)
	}
	for _, c := range a.more {
		if c.Name == verb {
			if code := c.Run(args[2:]); code != exitOK {
				return exitError{code: code}
			}
			return nil
		}
		if c.Doc != "" {
			verbs = append(verbs, c.Name)
		}
	}
	return usagef("unknown command %q%s: want %s or help", verb, plan.Nearest(verb, verbs),
		strings.Join(verbs, ", "))
}

// call runs a command.
func (a *app) call(ctx context.Context, c command, args []string) error {
	fs := newFlags(c)
	a.addCommon(fs)
	err := c.run(a, ctx, fs, args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(a.raw, a.help(c, fs))
		return nil
	}
	if wrong := (flagError{}); errors.As(err, &wrong) {
		fmt.Fprintf(a.err, "usage: %s (\"crawlbench %s -help\" lists the flags)\n", usageLine(c, fs), c.name)
	}
	return err
}

// newFlags returns the empty set of flags of a command. It prints nothing itself.
func newFlags(c command) *flag.FlagSet {
	fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	return fs
}

// detail returns how much a result shows.
func (a *app) detail() report.Detail {
	switch {
	case a.quiet:
		return report.Quiet
	case a.verbose:
		return report.Verbose
	}
	return report.Normal
}

// checkCrawlers returns an error for invalid or duplicate names, and for crawlers that cannot crawl.
func checkCrawlers(crawlers []crawl.Crawler) error {
	seen := map[string]bool{}
	for _, c := range crawlers {
		switch {
		case !plan.ValidName(c.Name):
			return fmt.Errorf("invalid name of crawler %q: want letters, digits and . _ +, as it becomes part of a benchmark name", c.Name)
		case plan.CrawlerOf(c.Name) != c.Name:
			return fmt.Errorf("invalid name of crawler %q: its ending is reserved for the A/A control: rename it",
				c.Name)
		case seen[c.Name]:
			return fmt.Errorf("duplicate crawler %q: rename one of the two", c.Name)
		case len(c.Params) > 0 && c.With == nil:
			return fmt.Errorf("crawler %q has parameters and no With: set it", c.Name)
		case slices.ContainsFunc(c.Params, func(p crawl.Param) bool {
			return !plan.ValidName(p.Name) || strings.Contains(p.Name, ".") || p.Default < p.Min || p.Default > p.Max
		}):
			return fmt.Errorf("crawler %q has an invalid parameter: want a name of letters, digits and _ +, "+
				"and a default within the bounds", c.Name)
		case c.ByID == nil && c.ByURL == nil:
			return fmt.Errorf("crawler %q has neither ByID nor ByURL: set one of them", c.Name)
		}
		seen[c.Name] = true
	}
	return nil
}
