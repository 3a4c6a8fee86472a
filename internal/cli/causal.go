package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"crawlbench/internal/conform/yield"
	"crawlbench/internal/diagnose"
	"crawlbench/internal/explain/causal"
	"crawlbench/internal/host"
	"crawlbench/internal/measure"
	"crawlbench/internal/module"
	"crawlbench/internal/plain"
	"crawlbench/internal/plain/screen"
	"crawlbench/internal/plan"
	"crawlbench/internal/profile"
	"crawlbench/internal/profile/breakdown"
	"crawlbench/internal/report"
	"crawlbench/internal/stat"
	"crawlbench/internal/web/delay"
)

// mostLines is the number of lines that are delayed unless they are given, of waits and of processor time each.
const mostLines = 3

// causal delays lines of a crawler and shows which of them limit it.
func (a *app) causal(ctx context.Context, fs *flag.FlagSet, args []string) error {
	results := fs.String("results", "results", "`directory` that holds the runs")
	selector := fs.String("cell", "", "`words` that select the cell (default: the cell of the first finding about a crawler)")
	given := fs.String("lines", "", "`lines` to delay, such as mutexmap.go:40,engine/pool.go:90 (default: the hottest of the cell's profiles)")
	packages := fs.String("packages", "", "`packages` with the lines, such as ./mine (default: the crawlers)")
	rounds := fs.Int("rounds", 12, "`number` of rounds")
	wait := fs.Duration("delay", 0, "`time` of each delay (default: one that adds half of the time of a page)")
	positional, err := parse(fs, args, 0, 1)
	if err != nil {
		return err
	}
	if *rounds < plan.MinRounds || *rounds > plan.MaxRounds {
		return usagef("causal: invalid -rounds %d: want %d to %d", *rounds, plan.MinRounds, plan.MaxRounds)
	}
	if *wait < 0 || *wait > time.Second {
		return usagef("causal: invalid -delay %v: want up to 1s, or 0 to choose one", *wait)
	}
	run, err := a.openRun(*results, append(positional, "")[0])
	if err != nil {
		return err
	}
	if err := measured(run, "causal"); err != nil {
		return err
	}
	analysis, err := diagnose.Analyse(run)
	if err != nil {
		return err
	}
	c, err := causalCell(analysis, *selector)
	if err != nil {
		return err
	}
	sites, err := causalSites(analysis, c, *given)
	if err != nil {
		return err
	}
	dir, err := host.TempDir("crawlbench-causal-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	rewriter := causal.NewRewriter(sites)
	exe, err := a.rebuild(ctx, "causal", dir, causalPackages(*packages),
		func(dir string, packages []yield.Package) (string, error) {
			return yield.Lay(dir, packages, rewriter.Source, causal.Hook())
		})
	if err != nil {
		return err
	}
	for i, found := range rewriter.Found {
		if !found && *given != "" {
			return fmt.Errorf("causal: no statement at %v: want a line of code in %s; choose others with -packages",
				sites[i], strings.Join(causalPackages(*packages), ", "))
		}
	}
	fmt.Fprintf(a.err, "delaying lines of %s ...\n", report.Who(c))
	x := causal.Experiment{Plan: run.Plan(), Cell: c, Sites: sites, Found: rewriter.Found, Rounds: *rounds,
		Delay: *wait,
		Trial: measure.Trial{Crawlers: a.crawlers, Child: []string{exe, measure.ChildVerb}, Dir: dir}}
	lines, err := x.Run(ctx)
	if ctx.Err() != nil {
		return exitError{code: exitInterrupted}
	}
	if err != nil {
		return err
	}
	a.causalTable(c, lines, *rounds)
	return nil
}

// causalCell returns the cell that the selector names, or the cell of the first finding.
func causalCell(a *diagnose.Analysis, selector string) (plan.Cell, error) {
	own := slices.DeleteFunc(slices.Clone(a.Run.Plan().Cells),
		func(c plan.Cell) bool { return c.IsControl() || c.IsAgainst() || c.Processes > 0 })
	if len(own) == 0 {
		return plan.Cell{}, errors.New("causal: all cells of the run are fleets, and lines of one process do not limit them: " +
			"measure a scenario without processes")
	}
	if selector != "" {
		// a cell without a rate is meant unless the words say otherwise: no line limits one that waits for its limiter
		unlimited := slices.DeleteFunc(slices.Clone(own), func(c plan.Cell) bool { return c.Rate > 0 })
		if c, err := selectCell(unlimited, selector); err == nil {
			return c, nil
		}
		return selectCell(own, selector)
	}
	for _, f := range a.Findings {
		if f.Rule.Per == diagnose.PerCell {
			return f.Cell.Cell, nil
		}
	}
	c := own[len(own)-1]
	return plan.Cell{}, fmt.Errorf("causal: the run has no finding about a crawler: name a cell with -cell, such as %q",
		fmt.Sprintf("%s %s w%d", c.Impl, c.Graph, c.Workers))
}

// causalPackages returns the patterns of the packages to rewrite.
func causalPackages(given string) []string {
	if given != "" {
		return strings.Split(given, ",")
	}
	list := crawlerLibraries()
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Path != "crawlbench" {
		return append(list, "./...")
	}
	return append(list, module.Package("internal/crawler/..."))
}

// crawlerLibraries returns the packages that crawlers share.
func crawlerLibraries() []string {
	return []string{module.Package("internal/crawl/engine"), module.Package("internal/crawl/polite"),
		module.Package("internal/crawl/visited")}
}

// causalSites returns the given lines, or the hottest of the time breakdown and of the CPU profile of a cell.
func causalSites(a *diagnose.Analysis, cell plan.Cell, given string) (list []causal.Site, err error) {
	if given != "" {
		for _, text := range strings.Split(given, ",") {
			s, err := causal.ParseSite(text)
			if err != nil {
				return nil, usagef("causal: -lines: %w", err)
			}
			list = append(list, s)
		}
		return list, nil
	}
	add := func(s causal.Site, most int) {
		if len(list) < most && !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	for c := range a.Cells() {
		if c.Cell != cell {
			continue
		}
		if c.Traces != nil {
			for _, s := range c.Traces.Sites() {
				if at, ok := causal.At(s.Where); ok && (s.State == breakdown.Lock || s.State == breakdown.Channel) {
					add(at, mostLines)
				}
			}
		}
		if file := c.Files["cpu"]; file != "" {
			text, err := a.Run.ReadFile(file)
			if err != nil {
				return nil, err
			}
			p, err := profile.ReadFrom(bytes.NewReader(text), file)
			if err != nil {
				return nil, err
			}
			for _, s := range hottest(p) {
				add(s, len(list)+mostLines)
			}
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("causal: %s has no profile that shows lines: give them with -lines, or measure a scenario with [profiles]", report.Who(cell))
	}
	return list[:min(len(list), 2*mostLines)], nil
}

// hottest returns the lines of crawlers with the most processor time: of each sample, the innermost frame outside of
// the runtime, the standard library and the harness.
func hottest(p *profile.Profile) []causal.Site {
	times := map[causal.Site]int64{}
	for _, s := range p.Sample {
		for _, at := range s.Location {
			if len(at.Line) == 0 {
				continue
			}
			line := at.Line[0]
			if site, ok := crawlerLine(line.Function.Name, line.Function.Filename, int(line.Line)); ok {
				times[site] += s.Value[len(s.Value)-1]
				break
			}
		}
	}
	return slices.SortedFunc(maps.Keys(times), func(x, y causal.Site) int {
		return cmp.Or(cmp.Compare(times[y], times[x]), cmp.Compare(x.String(), y.String()))
	})
}

// crawlerLine returns the line of a frame if it may be in a crawler: the path of its package begins with a domain, or
// it is main or of this module, and it is not part of the harness.
func crawlerLine(function, file string, line int) (causal.Site, bool) {
	crawlers := append(crawlerLibraries(), module.Package("internal/crawler/"))
	in := func(prefix string) bool { return strings.HasPrefix(function, prefix) }
	if in("golang.org/") || in(module.Path()+"/internal/") && !slices.ContainsFunc(crawlers, in) {
		return causal.Site{}, false
	}
	path, _, _ := strings.Cut(function, "[") // of type arguments
	slash := strings.LastIndexByte(path, '/') + 1
	name, _, _ := strings.Cut(path[slash:], ".")
	first, _, _ := strings.Cut(path[:slash]+name, "/")
	if !in(module.Path()+"/") && !in("main.") && !strings.Contains(first, ".") {
		return causal.Site{}, false
	}
	parts := strings.Split(file, "/")
	if len(parts) < 2 {
		return causal.Site{}, false
	}
	return causal.Site{Dir: parts[len(parts)-2], File: parts[len(parts)-1], Line: line}, true
}

// causalTable prints what the delays show.
func (a *app) causalTable(c plan.Cell, lines []causal.Line, rounds int) {
	a.screen.Title(a.raw, fmt.Sprintf("%s: what a delay at a line costs, %s", report.Who(c),
		plain.Count(rounds, "round")))
	rows := make([][]screen.Entry, len(lines))
	for i, l := range lines {
		cells := []string{l.Site.String(), string(l.Kind), "", "0", "", ""}
		if l.Hits > 0 {
			cells = append(cells[:2], interval2(l.Slope), fmt.Sprintf("%.3g", l.Hits), "unknown", "unknown")
			if g, known := l.Gain(0.1); known {
				cells[4] = nanos(l.Cost)
				cells[5] = fmt.Sprintf("%.1f %% [%.1f, %.1f]", 100*g.Value, 100*g.Lo, 100*g.Hi)
			}
		}
		rows[i] = screen.Row(cells...)
	}
	a.screen.Table(a.raw, []string{"line", "", "slope", "visits/page", "time/page", "gain"}, rows)
	if len(lines) > 0 {
		l := lines[0]
		a.screen.Paragraph(a.raw, "", fmt.Sprintf("A page takes %s. Slope: seconds that it takes longer for each second of delay a page; "+
			"1 is serial, %.2g is shared by the workers, 0 is hidden. Gain: of throughput, if the line took 10 %% less time.",
			nanos(l.Page), l.Parallel))
		a.screen.Paragraph(a.raw, "", fmt.Sprintf("The time of a line is measured in an unlimited crawl. Delays from %v on sleep, shorter ones keep a processor busy.",
			delay.SleepFrom))
	}
}

func interval2(x stat.Interval) string { return fmt.Sprintf("%.2f [%.2f, %.2f]", x.Value, x.Lo, x.Hi) }

// nanos formats seconds.
func nanos(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(10 * time.Nanosecond).String()
}
