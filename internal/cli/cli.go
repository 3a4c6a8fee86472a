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
	"strconv"
	"strings"

	"crawlbench/internal/conform"
	"crawlbench/internal/conform/mutant"
	"crawlbench/internal/crawl"
	"crawlbench/internal/measure"
	"crawlbench/internal/plain"
	"crawlbench/internal/plan"
	"crawlbench/internal/simulate"
)

// app has what every command needs.
type app struct {
	out, err io.Writer // escape control characters
	screen   io.Writer // standard error unescaped, for repainted lines
	in       io.Reader
	crawlers []crawl.Crawler
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
		{"compare", "[RUN | OLD NEW]", "compare the crawlers of a run, or two runs, with benchstat", (*app).compare},
		{"report", "[RUN]", "print the result of a run and write its report", (*app).report},
		{"serve", "[RUN]", "show runs, cells and flame graphs in a browser", (*app).serve},
		{"export", "RUN DIR", "write the pages of a run as static files", (*app).export},
		{"conform", "[NAME...]", "check that crawlers keep the contract", (*app).conform},
		{"lesson", "[NUMBER]", "learn about concurrent crawlers: guess, measure, see why", (*app).lesson},
		{"doctor", "", "measure this machine's noise, timers and profiling overhead", (*app).doctor},
		{"new", "DIR", "write a module with a crawler of your own, its tests and a Makefile", (*app).startModule},
		{"list", "[WHAT]", "list crawlers, scenarios, graphs, limiters, runs or cells", (*app).list},
		{"graph", "SCENARIO NAME FILE", "write a scenario's graph as .el, .el.gz or .sg", (*app).graph},
		{"version", "", "print the version, commit, Go version and build flags", (*app).version},
	}
}

// Main runs the program with args, args[0] being its name, and returns the exit code.
func Main(args []string, in io.Reader, out, errw io.Writer, crawlers []crawl.Crawler) int {
	stdout := &output{w: out}
	shown, errs := plain.NewWriter(stdout), plain.NewWriter(errw)
	a := &app{out: shown, err: errs, screen: errw, in: in, crawlers: crawlers}
	code := a.main(args)
	shown.Flush()
	errs.Flush()
	return cmp.Or(code, stdout.failed(errw))
}

func (a *app) main(args []string) int {
	if len(args) == 2 && args[1] == measure.ChildVerb {
		if err := measure.Child(context.Background(), a.in, a.withLessons()); err != nil {
			fmt.Fprintln(a.err, "crawlbench: child process:", err)
			return exitFailure
		}
		return exitOK
	}
	if len(args) == 5 && args[1] == conform.ChildVerb {
		conform.Child(args[2:], append(a.withLessons(), mutant.Crawlers()...))
	}
	if len(args) == 3 && args[1] == simulate.ChildVerb {
		simulate.Child(args[2:], a.crawlers)
	}
	ctx, stop := interruptible(context.Background())
	defer stop()
	return a.code(a.dispatch(ctx, args))
}

// dispatch finds the command and runs it.
func (a *app) dispatch(ctx context.Context, args []string) error {
	if err := checkCrawlers(a.crawlers); err != nil {
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
	if verb == "-version" || verb == "--version" {
		verb = "version"
	}
	var verbs []string
	for _, c := range commands() {
		if c.name == verb {
			fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
			fs.SetOutput(a.err)
			fs.Usage = func() {
				flags := 0
				fs.VisitAll(func(*flag.Flag) { flags++ })
				usage := "usage: crawlbench " + c.name
				if flags > 0 {
					usage += " [flags]"
				}
				fmt.Fprintf(a.err, "%s\n\n%s\n", strings.TrimSpace(usage+" "+c.args), c.doc)
				if flags > 0 {
					fmt.Fprint(a.err, "\nflags:\n")
					fs.PrintDefaults()
				}
			}
			return c.run(a, ctx, fs, args[2:])
		}
		verbs = append(verbs, c.name)
	}
	return usagef("unknown command %q%s: want %s or help", verb, plan.Nearest(verb, verbs),
		strings.Join(verbs, ", "))
}

// usage prints the table of commands.
func (a *app) usage(w io.Writer) {
	fmt.Fprint(w, "crawlbench measures, profiles and compares concurrent crawlers.\n\nusage:\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  crawlbench %-7s  %-18s  %s\n", c.name, c.args, c.doc)
	}
	fmt.Fprint(w, "\n\"crawlbench COMMAND -help\" lists the flags of a command.\n\n")
	printExitCodes(w)
}

// parse parses flags, which may precede, separate or follow the arguments, and returns the
// arguments: at least least and at most most.
func parse(fs *flag.FlagSet, args []string, least, most int) ([]string, error) {
	var positional []string
	args = slices.Clone(args)
	for i, arg := range args {
		// the earlier name of -crawlers
		if name, _, _ := strings.Cut(arg, "="); name == "-contenders" || name == "--contenders" {
			args[i] = strings.Replace(arg, "contenders", "crawlers", 1)
		}
	}
	for {
		if err := fs.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, err
			}
			return nil, exitError{code: exitUsage} // flag has printed the error and the usage
		}
		if args = fs.Args(); len(args) == 0 {
			break
		}
		positional = append(positional, args[0])
		args = args[1:]
	}
	if len(positional) < least || len(positional) > most {
		return nil, usagef("%s: got %s: want %s; see \"crawlbench %s -help\"", fs.Name(),
			plain.Count(len(positional), "argument"), howMany(least, most), fs.Name())
	}
	return positional, nil
}

// howMany returns the words for a number between least and most.
func howMany(least, most int) string {
	switch {
	case most == 0:
		return "none"
	case least == most:
		return strconv.Itoa(least)
	}
	return fmt.Sprintf("%d to %d", least, most)
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
		case c.ByID == nil && c.ByURL == nil:
			return fmt.Errorf("crawler %q has neither ByID nor ByURL: set one of them", c.Name)
		}
		seen[c.Name] = true
	}
	return nil
}
