// Package report renders a run for people. It takes a plan or the files of a run and gives text; it never measures.
package report

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"crawlbench/internal/plan"
	"crawlbench/internal/scenario"
	"crawlbench/internal/stat"
	"crawlbench/internal/store"
)

// Plan renders what is about to be measured, and how long that takes.
func Plan(p *plan.Plan, graphs []store.GraphInfo, total time.Duration) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s x %s = %s", p.Scenario, plural(len(p.Cells), "cell"), plural(p.Rounds, "round"), plural(len(p.Schedule), "sample"))
	if len(p.Passes) > 0 {
		fmt.Fprintf(&b, ", then %s", plural(len(p.Passes), "profile pass"))
	}
	fmt.Fprintf(&b, ": about %s\n", duration(total))
	row := func(key string, values ...string) { fmt.Fprintf(&b, "  %-11s %s\n", key, strings.Join(values, "  ")) }
	row("contenders", p.Contenders...)
	for i, line := range strings.Split(strings.TrimSpace(graphTable(graphs)), "\n") {
		row([]string{"graphs", ""}[min(i, 1)], strings.TrimRight(line, " "))
	}
	row("keys", axis(p.Cells, func(c plan.Cell) string { return c.Keys })...)
	row("workers", axis(p.Cells, func(c plan.Cell) string { return fmt.Sprint(c.Workers) })...)
	row("rate", axis(p.Cells, func(c plan.Cell) string { return c.Rate.String() })...)
	row("gomaxprocs", axis(p.Cells, func(c plan.Cell) string { return fmt.Sprint(c.Procs) })...)
	row("seed", fmt.Sprint(p.Seed))
	return b.String()
}

// graphTable renders a line for each graph.
func graphTable(graphs []store.GraphInfo) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, g := range graphs {
		reached := fmt.Sprintf("%s reached in %s", count(g.Reachable), plural(g.Depth+1, "level"))
		if g.Failed > 0 {
			reached += fmt.Sprintf(", %s of them fail", count(g.Failed))
		}
		fmt.Fprintf(w, "%s\t%s pages\t%s links\t%s\t%s\n", g.Name, count(g.Pages), count(g.Links), reached, g.Spec)
	}
	w.Flush()
	return b.String()
}

// axis returns the distinct values of the cells, in the order of the plan.
func axis(cells []plan.Cell, of func(plan.Cell) string) []string {
	var values []string
	for _, c := range cells {
		if v := of(c); !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	return values
}

// Text renders the result of a run: a table for every graph, kind of key, rate and GOMAXPROCS, contenders down and
// workers across.
func Text(run *store.Run) string {
	var b strings.Builder
	p, m := run.Plan(), run.Manifest()
	failed := run.Failed()
	values := collect(run.Samples())
	for _, t := range tables(p.Cells) {
		fmt.Fprintf(&b, "\n%s\n", t.title())
		t.render(&b, p, values, failed)
	}
	if len(failed) > 0 {
		b.WriteString("\nfailed, and left out above:\n")
		for _, c := range p.Cells {
			if rec, ok := failed[c.ID()]; ok {
				fmt.Fprintf(&b, "  %s: %s: %s\n", c.ID(), rec.Failure.Class, rec.Failure.Message)
			}
		}
	}
	b.WriteByte('\n')
	fmt.Fprintf(&b, "%s  %s, %s of %d samples", run.Dir(), m.State, count(len(run.Samples())), len(p.Schedule))
	if m.Measured > 0 {
		fmt.Fprintf(&b, "; %.0f %% of the timing pass was measured crawl", 100*m.Measured)
	}
	b.WriteByte('\n')
	if len(m.Harness) > 0 {
		b.WriteString("site and judge cost " + harness(m.Harness) + " of each page fetched, in every design alike\n")
	}
	return b.String()
}

// harness lists what the harness costs a page.
func harness(costs map[string]float64) string {
	var list []string
	for _, key := range slices.Sorted(maps.Keys(costs)) {
		list = append(list, fmt.Sprintf("%.0f ns (%s)", costs[key]*1e9, key))
	}
	return strings.Join(list, ", ")
}

// series is what the samples of a cell say.
type series struct {
	speed []float64 // pages a second
	worst float64   // store.Pace.Worst, of all samples
}

// collect gathers samples by cell.
func collect(samples []store.Record) map[string]*series {
	all := map[string]*series{}
	for _, rec := range samples {
		s := all[rec.Cell]
		if s == nil {
			s = &series{}
			all[rec.Cell] = s
		}
		v := rec.Sample.Values
		s.speed = append(s.speed, v["pages/op"]/v["sec/op"])
		if pace := rec.Sample.Pace; pace != nil {
			s.worst = max(s.worst, pace.Worst)
		}
	}
	return all
}

// table is the part of a run that one table shows.
type table struct {
	graph, keys string
	rate        scenario.Rate
	burst       int
	procs       int
}

func tables(cells []plan.Cell) []table {
	var list []table
	for _, c := range cells {
		t := table{c.Graph, c.Keys, c.Rate, c.Burst, c.Procs}
		if !slices.Contains(list, t) {
			list = append(list, t)
		}
	}
	return list
}

func (t table) title() string {
	s := fmt.Sprintf("%s, keys %s, rate %s", t.graph, t.keys, t.rate)
	if t.burst > 0 {
		s += fmt.Sprintf(", burst %d", t.burst)
	}
	return fmt.Sprintf("%s, GOMAXPROCS %d: pages/s, median and its 95 %% interval", s, t.procs)
}

// render prints the table: contenders by their best median, the fastest first.
func (t table) render(b *strings.Builder, p *plan.Plan, values map[string]*series, failed map[string]store.Record) {
	type row struct {
		impl  string
		cells map[int]plan.Cell // by workers
		best  float64
	}
	var rows []row
	var workers []int
	for _, impl := range p.Contenders {
		r := row{impl: impl, cells: map[int]plan.Cell{}}
		for _, c := range p.Cells {
			if c.Impl != impl || (table{c.Graph, c.Keys, c.Rate, c.Burst, c.Procs}) != t {
				continue
			}
			r.cells[c.Workers] = c
			if !slices.Contains(workers, c.Workers) {
				workers = append(workers, c.Workers)
			}
			if s := values[c.ID()]; s != nil {
				r.best = max(r.best, stat.Median(s.speed).Center)
			}
		}
		if len(r.cells) > 0 {
			rows = append(rows, r)
		}
	}
	slices.Sort(workers)
	if t.rate == 0 {
		slices.SortStableFunc(rows, func(x, y row) int { return cmp.Compare(y.best, x.best) })
	}
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "  workers\t")
	for _, n := range workers {
		fmt.Fprintf(w, "%d\t\t", n)
	}
	fmt.Fprintln(w)
	for _, r := range rows {
		fmt.Fprintf(w, "  %s\t", r.impl)
		for _, n := range workers {
			c, there := r.cells[n]
			fmt.Fprint(w, t.entry(c, there, values, failed))
		}
		fmt.Fprintln(w)
	}
	w.Flush()
	for line := range strings.Lines(text.String()) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	b.WriteString(t.paced(p, values))
}

// entry is the two columns of one cell: the median, and how far its interval reaches.
func (t table) entry(c plan.Cell, there bool, values map[string]*series, failed map[string]store.Record) string {
	if !there {
		return "\t\t"
	}
	if rec, ok := failed[c.ID()]; ok {
		return rec.Failure.Class + "!\t\t"
	}
	s := values[c.ID()]
	if s == nil {
		return "-\t\t"
	}
	m := stat.Median(s.speed)
	reach := max(m.Hi-m.Center, m.Center-m.Lo) / m.Center
	spread := "±  ?"
	if !math.IsInf(reach, 0) && !math.IsNaN(reach) {
		spread = fmt.Sprintf("±%2.0f%%", 100*reach)
	}
	return si(m.Center) + "\t" + spread + "\t"
}

// paced says how closely the limiter bounded the cells of the table, "" if there is none.
func (t table) paced(p *plan.Plan, values map[string]*series) string {
	worst := 0.0
	for _, c := range p.Cells {
		if s := values[c.ID()]; (table{c.Graph, c.Keys, c.Rate, c.Burst, c.Procs}) == t && s != nil {
			worst = max(worst, s.worst)
		}
	}
	if worst == 0 {
		return ""
	}
	return fmt.Sprintf("  in no 10 ms did the limiter let through more than %.0f %% of what rate and burst allow\n", 100*worst)
}

// MeasuredShare returns how much of the timing pass was measured crawl: the crawls' time over the time from the start of
// the first sample to the end of the last, as far as records says. Time between two sessions of a resumed run, which no
// child filled, counts only up to a second.
func MeasuredShare(records []store.Record) float64 {
	var crawled, wall float64
	var end time.Time
	for _, rec := range records {
		if rec.Sample == nil {
			continue
		}
		for _, s := range rec.Sample.Seconds {
			crawled += s
		}
		if !end.IsZero() {
			wall += min(max(0, rec.Start.Sub(end).Seconds()), 1)
		}
		wall += rec.Wall
		end = rec.Start.Add(time.Duration(rec.Wall * float64(time.Second)))
	}
	if wall == 0 {
		return 0
	}
	return crawled / wall
}
