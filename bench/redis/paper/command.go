package paper

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"crawlbench/bench/redis/fleet"
	"crawlbench/bench/redis/server"
	"crawlbench/internal/graph"
	"crawlbench/internal/parallel"
	"crawlbench/internal/plain"
	"crawlbench/internal/plain/screen"
)

// Exit codes, the same as those of crawlbench.
const (
	exitOK, exitFailure, exitUsage, exitInterrupted = 0, 1, 2, 130
)

// settings are the flags of the command.
type settings struct {
	Model
	processes, frontiers, format string
	measure, compare             bool
	pages, shards                int
}

// Main runs the command "crawlbench paper" with the arguments after its name, and returns the exit code. With -measure
// and -compare it starts processes of this program, which must call fleet.Main with the crawlers of package frontier.
func Main(args []string, out, errw io.Writer) int {
	var s settings
	fs := flag.NewFlagSet("paper", flag.ContinueOnError)
	fs.SetOutput(errw)
	s.flags(fs)
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
		fmt.Fprintln(errw, "crawlbench: paper:", plain.Line(err.Error()))
		return code
	}
	sheets, processes, err := s.sheets(fs)
	if err != nil {
		return fail(exitUsage, err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	err = s.run(ctx, sheets, processes, errw)
	if err == nil {
		err = s.write(out, sheets)
	}
	switch {
	case ctx.Err() != nil:
		return fail(exitInterrupted, errors.New("interrupted"))
	case err != nil:
		return fail(exitFailure, err)
	}
	return exitOK
}

// flags adds the flags, whose defaults are a crawl of many hosts.
func (s *settings) flags(fs *flag.FlagSet) {
	fs.StringVar(&s.processes, "processes", "1,2,4,8,16,32,64,128,256,512,1000", "numbers of processes")
	fs.StringVar(&s.frontiers, "frontier", "",
		"frontiers, separated by commas: "+strings.Join(names(), ", ")+" (default all)")
	fs.IntVar(&s.Workers, "workers", 256, "workers of a process")
	fs.IntVar(&s.Hosts, "hosts", 1_000_000, "hosts")
	fs.DurationVar(&s.Median, "latency", 60*time.Millisecond, "median time of a fetch")
	fs.Float64Var(&s.Sigma, "sigma", 0.87, "standard deviation of the logarithm of that time")
	fs.DurationVar(&s.Gap, "gap", time.Second, "time for which a host rests after a fetch")
	fs.DurationVar(&s.RoundTrip, "roundtrip", 200*time.Microsecond, "time of a call to the server without the server's own")
	fs.DurationVar(&s.WarmUp, "warmup", 3*time.Second, "virtual time before the measurement")
	fs.DurationVar(&s.Window, "window", 3*time.Second, "virtual time of the measurement")
	fs.Uint64Var(&s.Seed, "seed", 1, "seed")
	fs.StringVar(&s.format, "format", "text", "text, markdown or csv")
	fs.BoolVar(&s.measure, "measure", false, "measure the costs anew, on this machine")
	fs.IntVar(&s.shards, "shards", 0, "number of shards, for frontiers with shards (default: that of the frontier)")
	fs.IntVar(&s.pages, "pages", 50_000, "pages of the real crawls of -measure and -compare")
	fs.BoolVar(&s.compare, "compare", false, "compare predictions with real crawls by 1, 2 and 4 processes on this machine")
}

func names() (list []string) {
	for _, c := range Recorded() {
		list = append(list, c.Frontier)
	}
	return list
}

// sheets returns the empty sheets and the numbers of processes that were asked for, or what is wrong with the flags.
func (s *settings) sheets(fs *flag.FlagSet) (list []*sheet, processes []int, err error) {
	if fs.NArg() > 0 {
		return nil, nil, fmt.Errorf("unexpected argument %q: want flags only", fs.Arg(0))
	}
	for _, p := range s.graph().Check() {
		return nil, nil, fmt.Errorf("-%s %s", p.Field, p.Msg)
	}
	if !slices.Contains([]string{"text", "markdown", "csv"}, s.format) {
		return nil, nil, fmt.Errorf("invalid -format %q: want text, markdown or csv", s.format)
	}
	for text := range strings.SplitSeq(s.processes, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < 1 || n > 100_000 {
			return nil, nil, fmt.Errorf("invalid number %q in -processes: want 1 to 100000, separated by commas", text)
		}
		processes = append(processes, n)
	}
	wanted := names()
	if s.frontiers != "" {
		wanted = strings.Split(s.frontiers, ",")
	}
	for _, name := range wanted {
		i := slices.Index(names(), strings.TrimSpace(name))
		if i < 0 {
			return nil, nil, fmt.Errorf("no frontier %q: want one of %s", name, strings.Join(names(), ", "))
		}
		m := s.Model
		m.Costs = Recorded()[i]
		if m.Sharded {
			m.Shards = cmp.Or(s.shards, m.Shards)
		}
		for _, m.Processes = range processes {
			if err := m.Check(); err != nil {
				return nil, nil, err
			}
		}
		list = append(list, &sheet{model: m})
	}
	return list, processes, nil
}

// run fills the sheets.
func (s *settings) run(ctx context.Context, sheets []*sheet, processes []int, errw io.Writer) error {
	if s.measure || s.compare {
		if err := s.experiment(ctx, sheets, errw); err != nil {
			return err
		}
	}
	for _, sheet := range sheets {
		fmt.Fprintf(errw, "simulating %s\n", sheet.title())
		sheet.results = make([]Result, len(processes))
		errs := make([]error, len(processes))
		parallel.Workers(len(processes), func(numbers iter.Seq[int]) {
			for i := range numbers {
				m := sheet.model
				m.Processes = processes[i]
				if errs[i] = ctx.Err(); errs[i] == nil {
					sheet.results[i], errs[i] = Simulate(m)
				}
			}
		})
		if err := errors.Join(errs...); err != nil {
			return err
		}
	}
	return nil
}

// graph returns what real crawls crawl: 85 % of the further links of a page stay in its host.
func (s *settings) graph() graph.Spec { return graph.Spec{Kind: "hosts", Pages: s.pages, Seed: 1} }

// setting is a crawl that predictions are compared with.
type setting struct {
	workers int
	latency time.Duration
	pages   int
}

// compared returns fetches that take a while, so that the workers or the time between calls bind, and more of them that
// take no time, so that the processors or the server do.
func (s *settings) compared() []setting {
	return []setting{{patient, pause, max(1, s.pages/10)}, {crowd, 0, s.pages}}
}

// experiment measures costs and makes real crawls.
func (s *settings) experiment(ctx context.Context, sheets []*sheet, errw io.Writer) (err error) {
	command, err := fleet.Program()
	if err != nil {
		return err
	}
	running, err := server.Start(ctx, server.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, running.Close()) }()
	l := &lab{command: command, server: running, graph: s.graph()}
	processes := []int{1, 2, 4}
	for _, sheet := range sheets {
		m := &sheet.model
		if s.measure {
			fmt.Fprintf(errw, "measuring %s\n", sheet.title())
			if m.Costs, err = l.measure(ctx, m.Costs, s.pages); err != nil {
				return err
			}
			m.Costs.Processes = 0
		}
		if !s.compare {
			continue
		}
		fmt.Fprintf(errw, "comparing %s with real crawls\n", sheet.title())
		for _, c := range s.compared() {
			l.graph.Pages = c.pages
			list, err := l.compare(ctx, m.Costs, processes, c.workers, c.latency)
			if err != nil {
				return err
			}
			sheet.checks = append(sheet.checks, list...)
		}
		m.Costs.Processes = slices.Max(processes)
	}
	return nil
}

// write writes the sheets.
func (s *settings) write(out io.Writer, sheets []*sheet) error {
	var b strings.Builder
	var all []sheet
	for i, sheet := range sheets {
		all = append(all, *sheet)
		if i > 0 {
			b.WriteByte('\n')
		}
		switch s.format {
		case "text":
			sheet.text(&b, screen.Of(out))
		case "markdown":
			sheet.markdown(&b)
		}
	}
	if s.format == "csv" {
		return writeCSV(out, all)
	}
	_, err := io.WriteString(out, b.String())
	return err
}
