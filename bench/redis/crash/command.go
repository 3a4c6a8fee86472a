package crash

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"crawlbench/bench/redis/fleet"
	"crawlbench/internal/plain"
	"crawlbench/internal/plain/screen"
)

// Exit codes, the same as those of crawlbench.
const (
	exitOK, exitFailure, exitUsage, exitCrawlFailed, exitInterrupted = 0, 1, 2, 4, 130
)

// Command is the command "crawlbench crash".
type Command struct {
	Frontiers []Frontier
	// Serve starts a server. lasting says that its data must survive when it is killed.
	Serve func(ctx context.Context, lasting bool) (Server, error)
}

// Main runs the command "crawlbench crash" on the crawlers of package frontier, with the arguments after its name, and
// returns the exit code. It starts processes of this program, which must call fleet.Main with these crawlers.
func Main(args []string, out, errw io.Writer) int {
	return Command{Frontiers: Frontiers(), Serve: Serve}.Main(args, out, errw)
}

// flags are the flags of the command.
type flags struct {
	Config
	kills, server, power int
	names, format, out   string
}

// Main runs the command with the arguments after its name, and returns the exit code.
func (c Command) Main(args []string, out, errw io.Writer) int {
	var f flags
	fs := c.flags(&f)
	fs.SetOutput(errw)
	if slices.ContainsFunc(args, func(arg string) bool { return strings.TrimLeft(arg, "-") == "help" }) {
		fs.SetOutput(out)
	}
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return exitOK
		}
		return exitUsage
	}
	fail := func(code int, err error) int {
		fmt.Fprintln(errw, "crawlbench: crash:", plain.Line(err.Error()))
		return code
	}
	frontiers, err := c.check(fs, f)
	if err != nil {
		return fail(exitUsage, err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	rounds, version, err := c.run(ctx, f, frontiers, errw)
	rows := Rows(rounds, frontiers)
	if len(rows) > 0 {
		fmt.Fprint(out, c.text(f, rows, version, screen.Of(out)))
	}
	switch {
	case ctx.Err() != nil:
		return fail(exitInterrupted, errors.New("interrupted: the table has the rounds that ended before"))
	case err != nil:
		return fail(exitFailure, err)
	case slices.ContainsFunc(rows, func(row Row) bool { return !row.Kept() }):
		return fail(exitCrawlFailed, errors.New("a frontier broke its promise: see the table"))
	}
	return exitOK
}

// flags returns the flags of the command.
func (c Command) flags(f *flags) *flag.FlagSet {
	f.Config = Defaults()
	fs := flag.NewFlagSet("crash", flag.ContinueOnError)
	fs.IntVar(&f.kills, "kills", 100, "crawls per frontier in which one process is killed")
	fs.IntVar(&f.server, "server", 20, "crawls per frontier in which the server is killed")
	fs.IntVar(&f.power, "power", 0, "crawls per frontier in which the server loses the last second of what it wrote")
	fs.StringVar(&f.names, "frontier", "",
		"frontiers, separated by commas: "+strings.Join(c.names(), ", ")+" (default all)")
	fs.IntVar(&f.Processes, "processes", f.Processes, "processes of a crawl")
	fs.IntVar(&f.Workers, "workers", f.Workers, "workers of a process")
	fs.IntVar(&f.Graph.Pages, "pages", f.Graph.Pages, "pages of the graph")
	fs.DurationVar(&f.Latency, "latency", f.Latency, "how long a fetch takes")
	fs.DurationVar(&f.Down, "down", f.Down, "how long a killed server stays down")
	fs.DurationVar(&f.Stall, "stall", f.Stall, "time without a fetch after which a crawl is given up")
	fs.Uint64Var(&f.Seed, "seed", f.Seed, "seed of the moments of death")
	fs.StringVar(&f.format, "format", "text", "text or markdown")
	fs.StringVar(&f.out, "o", "", "file for a line of JSON per round")
	return fs
}

func (c Command) names() (list []string) {
	for _, f := range c.Frontiers {
		list = append(list, f.Crawler.Name)
	}
	return list
}

// check returns the frontiers that were asked for, or what is wrong with the flags.
func (c Command) check(fs *flag.FlagSet, f flags) (list []Frontier, err error) {
	switch {
	case fs.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q: want flags only", fs.Arg(0))
	case f.kills < 0 || f.server < 0 || f.power < 0:
		return nil, errors.New("negative number of crawls: want 0 or more")
	case f.kills+f.server+f.power == 0:
		return nil, errors.New("nothing to kill: want -kills, -server or -power above 0")
	case f.Processes < 2 || f.Processes > 64:
		return nil, fmt.Errorf("invalid -processes %d: want 2 to 64, so that some remain when one dies", f.Processes)
	case f.Workers < 1 || f.Workers > 1000:
		return nil, fmt.Errorf("invalid -workers %d: want 1 to 1000", f.Workers)
	case f.Stall <= 0 || f.Latency < 0 || f.Down < 0:
		return nil, errors.New("negative time: want -stall above 0, and -latency and -down of at least 0")
	case f.format != "text" && f.format != "markdown":
		return nil, fmt.Errorf("invalid -format %q: want text or markdown", f.format)
	}
	for _, p := range f.Graph.Check() {
		return nil, fmt.Errorf("-%s %s", p.Field, p.Msg)
	}
	list, err = c.chosen(f.names)
	for _, frontier := range list {
		if least := 3 * frontier.Lease; f.Stall < least {
			return nil, fmt.Errorf("invalid -stall %v: want at least %v, three leases of %s, so that a crawl can continue",
				f.Stall, least, frontier.Crawler.Name)
		}
	}
	return list, err
}

// chosen returns the frontiers with some names, all for "".
func (c Command) chosen(names string) (list []Frontier, err error) {
	if names == "" {
		return c.Frontiers, nil
	}
	for name := range strings.SplitSeq(names, ",") {
		i := slices.Index(c.names(), strings.TrimSpace(name))
		if i < 0 {
			return nil, fmt.Errorf("no frontier %q: want one of %s", name, strings.Join(c.names(), ", "))
		}
		list = append(list, c.Frontiers[i])
	}
	return list, nil
}

// run runs all rounds in a temporary directory and removes it.
func (c Command) run(ctx context.Context, f flags, frontiers []Frontier, errw io.Writer) (
	rounds []Round, version string, err error) {
	if f.Dir, err = os.MkdirTemp("", "crawlbench-crash"); err != nil {
		return nil, "", err
	}
	defer os.RemoveAll(f.Dir)
	command, err := fleet.Program()
	if err != nil {
		return nil, "", err
	}
	t, err := newTester(ctx, f.Config, command)
	if err != nil {
		return nil, "", err
	}
	var journal io.WriteCloser
	if f.out != "" {
		if journal, err = os.Create(f.out); err != nil {
			return nil, "", err
		}
		defer func() { err = errors.Join(err, journal.Close()) }()
	}
	note := func(r Round, total int) error {
		rounds = append(rounds, r)
		fmt.Fprintf(errw, "%s, death of a %s, crawl %d of %d: %s\n", r.Frontier, r.Kind, r.Number+1, total, r.summary())
		if journal == nil {
			return nil
		}
		return json.NewEncoder(journal).Encode(r)
	}
	for _, frontier := range frontiers {
		for _, part := range []struct {
			kind Kind
			n    int
		}{{Process, f.kills}, {Killed, f.server}, {Power, f.power}} {
			err := c.series(ctx, t, frontier, part.kind, part.n, func(r Round, v string) error {
				version = v
				return note(r, part.n)
			})
			if err != nil {
				return rounds, version, err
			}
		}
	}
	return rounds, version, nil
}

// series runs the rounds of one frontier and kind. A server that is killed is used for one round only.
func (c Command) series(ctx context.Context, t *tester, f Frontier, kind Kind, n int, done func(Round, string) error) (
	err error) {
	var server Server
	end := func() {
		if server != nil {
			err = errors.Join(err, server.Close())
			server = nil
		}
	}
	defer end()
	for i := range n {
		if server == nil {
			if server, err = c.Serve(ctx, kind != Process); err != nil {
				server = nil
				return err
			}
		}
		r, err := t.round(ctx, f, kind, i, server)
		if err != nil {
			return err
		}
		if err := done(r, server.Version()); err != nil {
			return err
		}
		if kind != Process {
			end()
		}
	}
	return err
}

// summary says what happened in a round.
func (r Round) summary() string {
	text := "right"
	if !r.Right() {
		text = fmt.Sprintf("%d lost, %d beyond what was held, %d after the end", r.Lost, r.Beyond, r.Early)
	}
	if !r.Ended {
		text += ", did not end"
	}
	return fmt.Sprintf("%s, %d again, %v", text, r.Twice, r.Took.Round(time.Millisecond))
}

// text returns the result.
func (c Command) text(f flags, rows []Row, version string, s screen.Screen) string {
	var b strings.Builder
	said := fmt.Sprintf("%d processes of %d workers crawl %s pages, which take %v each, over %s; seed %d.", f.Processes,
		f.Workers, plain.Number(f.Graph.Pages), f.Latency, version, f.Seed)
	if f.server+f.power > 0 {
		said += fmt.Sprintf(" A killed server is back after %v.", f.Down)
	}
	if f.format == "markdown" {
		b.WriteString(said + "\n\n")
		Markdown(&b, rows)
		return b.String()
	}
	s.Paragraph(&b, "", said)
	b.WriteByte('\n')
	Text(&b, s, rows)
	return b.String()
}
