package cli

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/hostlog"
	"crawlbench/internal/plan"
	"crawlbench/internal/screen"
	"crawlbench/internal/simulate"
)

// polite is the scenario that is simulated, and politeDoc its description.
const (
	polite    = plan.Simulated
	politeDoc = "what politeness costs: five shapes of hosts, a gap of 1 s, simulated in virtual time (exact, takes seconds)"
)

// simulate runs the scenario polite and prints its table.
func (a *app) simulate(ctx context.Context, fs *flag.FlagSet, f runFlags) error {
	var err error
	fs.Visit(func(given *flag.Flag) {
		if given.Name != "crawlers" {
			err = usagef("run: -%s cannot be used with the scenario %s, which is simulated: use -crawlers or nothing",
				given.Name, polite)
		}
	})
	if err != nil {
		return err
	}
	list := a.crawlers
	if f.crawlers != "" {
		names, err := plan.ParseNames(f.crawlers)
		if err != nil {
			return usagef("run: -crawlers: %w", err)
		}
		if list, err = plan.Choose(names, a.crawlers); err != nil {
			return usagef("run: -crawlers: %w", err)
		}
	}
	rows, err := simulated(ctx, list)
	if ctx.Err() != nil {
		return exitError{code: exitInterrupted}
	}
	if err != nil {
		return err
	}
	return a.printSimulated(rows)
}

// simulated simulates crawlers in child processes of this program.
func simulated(ctx context.Context, list []crawl.Crawler) ([]simulate.Row, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return simulate.Run(ctx, list, func(crawler string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, exe, simulate.ChildVerb, crawler)
		cmd.Args[0] = os.Args[0]
		return cmd
	})
}

// printSimulated prints the results of a simulation.
func (a *app) printSimulated(rows []simulate.Row) error {
	a.prose("Simulated in virtual time: times are exact and no machine is measured. A gap of 1 s from the end of a fetch, one " +
		"fetch per host at a time, latencies lognormal. Only the order of what happens at the same instant varies.")
	situation, failed := "", []string{}
	var table [][]screen.Entry
	head := []string{"", "makespan", "of bound", "unforced idle", "90 % of other hosts"}
	end := func() {
		if len(table) > 0 {
			a.table(head, table)
		}
		table = nil
	}
	for _, r := range rows {
		if r.Failed != "" || r.Polite && len(r.Faults) > 0 {
			failed = append(failed, fmt.Sprintf("%s, %s: %s", r.Crawler, r.Situation,
				strings.Join(append(r.Faults, r.Failed), "; ")))
			continue
		}
		if !r.Polite {
			continue
		}
		if r.Situation != situation {
			end()
			situation = r.Situation
			head[0] = fmt.Sprintf("%s, %d workers", situation, r.Workers)
		}
		table = append(table, entries(r.Crawler, seconds(r.Makespan),
			fmt.Sprintf("%.2f", r.Makespan.Seconds()/r.Bound.Seconds()), seconds(r.Idle), seconds(r.Others)))
	}
	end()
	a.impolite(rows)
	a.strips(rows)
	if situation != "" {
		fmt.Fprintln(a.out)
		a.prose("of bound: makespan divided by a proven lower bound. The bound of \"even\" is not tight: " +
			"when a page is found depends on the order of the fetches.")
		a.prose("unforced idle: the time, summed over workers, in which a worker was idle although a host was ready. " +
			"The best schedulers have none.")
		a.prose("90 % of other hosts: when 90 % of the pages of all hosts but the largest had been fetched.")
		for _, s := range simulate.Situations() {
			a.prose(s.Name + ": " + s.Doc + ".")
		}
	}
	if len(failed) > 0 {
		return exitError{exitCrawlFailed, fmt.Errorf("run: %s", strings.Join(failed, "\n"))}
	}
	return nil
}

// prose prints a paragraph as wide as the screen.
func (a *app) prose(text string) {
	var b strings.Builder
	a.screen.Paragraph(&b, "", text)
	fmt.Fprint(a.raw, b.String())
}

// table prints a table below an empty line.
func (a *app) table(head []string, rows [][]screen.Entry) {
	var b strings.Builder
	b.WriteByte('\n')
	a.screen.Table(&b, head, rows)
	fmt.Fprint(a.raw, b.String())
}

// entries returns a row of a table.
func entries(texts ...string) (row []screen.Entry) {
	for _, text := range texts {
		row = append(row, screen.Entry{Text: text})
	}
	return row
}

// mostStrips is the largest number of crawlers whose strips are printed.
const mostStrips = 3

// strips prints what hosts were doing.
func (a *app) strips(rows []simulate.Row) {
	list := slices.DeleteFunc(slices.Clone(rows), func(r simulate.Row) bool { return r.Strip == nil || !r.Polite })
	if len(list) == 0 {
		return
	}
	if len(list) > mostStrips {
		fmt.Fprintln(a.out)
		a.prose(fmt.Sprintf("Name up to %d crawlers with -crawlers to see what their hosts do in the first %s.", mostStrips,
			seconds(simulate.StripTime)))
		return
	}
	fmt.Fprintln(a.out)
	const frame = 4 // columns
	each := hostlog.Share(len(list[0].Strip[0]), a.screen.Width-frame)
	a.prose(fmt.Sprintf("The first %s of %s, some hosts, one a line, %s a column: # a fetch, . the gap, ! ready but no "+
		"worker fetches, blank: no page.", seconds(simulate.StripTime), list[0].Situation,
		seconds(time.Duration(each)*simulate.StripTime/time.Duration(len(list[0].Strip[0])))))
	for _, r := range list {
		fmt.Fprintf(a.out, "%s\n", r.Crawler)
		for _, line := range r.Strip {
			fmt.Fprintf(a.out, "  |%s|\n", hostlog.Narrow(line, each))
		}
	}
}

// impolite prints how the crawlers that know no hosts look to a site.
func (a *app) impolite(rows []simulate.Row) {
	var list []simulate.Row
	for _, r := range rows {
		if !r.Polite && r.Failed == "" && r.Situation == rows[0].Situation {
			list = append(list, r)
		}
	}
	if len(list) == 0 {
		return
	}
	fmt.Fprintln(a.out)
	a.prose(fmt.Sprintf("Crawlers that know no hosts, as the hosts of %s see them:", list[0].Situation))
	var lines [][]screen.Entry
	for _, r := range list {
		lines = append(lines, entries(r.Crawler, fmt.Sprintf("%d of %d", r.Broken, r.Gaps), seconds(max(0, r.Least)),
			fmt.Sprint(r.Peak)))
	}
	a.table([]string{"crawler", "gaps broken", "shortest gap", "in flight at one host"}, lines)
}

// seconds formats a time as seconds.
func seconds(d time.Duration) string {
	if d == 0 {
		return "0"
	}
	if d < 100*time.Millisecond {
		return fmt.Sprintf("%.3g s", d.Seconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
