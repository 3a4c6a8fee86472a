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

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
	"crawlbench/internal/store"
)

// Plan renders what is about to be measured, and how long that takes.
func Plan(p *plan.Plan, graphs []store.GraphInfo, total time.Duration) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s x %s = %s", p.Scenario, Plural(len(p.Cells), "cell"), Plural(p.Rounds, "round"), Plural(len(p.Schedule), "sample"))
	if len(p.Passes) > 0 {
		fmt.Fprintf(&b, ", then %s", Plural(len(p.Passes), "profile pass"))
	}
	fmt.Fprintf(&b, ": about %s\n", duration(total))
	row := func(key string, values ...string) {
		if n := len(values); n > mostValues {
			values = append(slices.Clone(values[:mostValues-2]), "...", fmt.Sprintf("%s (%s in all)", values[n-1], Count(n)))
		}
		fmt.Fprintf(&b, "  %-11s %s\n", key, strings.Join(values, "  "))
	}
	row("contenders", p.Contenders...)
	for i, line := range strings.Split(strings.TrimSpace(graphTable(graphs)), "\n") {
		row([]string{"graphs", ""}[min(i, 1)], strings.TrimRight(line, " "))
	}
	row("keys", axis(p.Cells, func(c plan.Cell) string { return c.Keys })...)
	row("workers", axis(p.Cells, func(c plan.Cell) string { return fmt.Sprint(c.Workers) })...)
	row("rate", axis(p.Cells, func(c plan.Cell) string { return c.Rate.String() })...)
	if limiters := axis(p.Cells, func(c plan.Cell) string { return c.Limiter }); !slices.Equal(limiters, []string{""}) {
		row("limiter", slices.DeleteFunc(limiters, func(l string) bool { return l == "" })...)
	}
	row("gomaxprocs", axis(p.Cells, func(c plan.Cell) string { return fmt.Sprint(c.Procs) })...)
	row("seed", fmt.Sprint(p.Seed))
	row("verdicts", preflight(p))
	return b.String()
}

// mostValues is how many values of an axis a plan shows.
const mostValues = 24

// preflight says what the plan can and cannot conclude.
func preflight(p *plan.Plan) string {
	family := diagnose.Family(p)
	if family == 0 {
		return "none: there is nothing to compare"
	}
	r := stat.Reach(p.Rounds, family, diagnose.Alpha)
	if !r.Reachable {
		return fmt.Sprintf("none: %s with %s cannot prove a difference, %d can", Plural(family, "comparison"), Plural(p.Rounds, "round"), r.Rounds)
	}
	return fmt.Sprintf("%s; of two designs whose ratio varies by 3 %% a round a difference of %.0f %% is found four times out of five",
		Plural(family, "comparison"), 100*(stat.Detectable(p.Rounds, family, diagnose.Alpha, 0.03)-1))
}

// graphTable renders a line for each graph.
func graphTable(graphs []store.GraphInfo) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, g := range graphs {
		reached := fmt.Sprintf("%s reached in %s", Count(g.Reachable), Plural(g.Depth+1, "level"))
		if g.Failed > 0 {
			reached += fmt.Sprintf(", %s of them fail", Count(g.Failed))
		}
		fmt.Fprintf(w, "%s\t%s pages\t%s links\t%s\t%s\n", g.Name, Count(g.Pages), Count(g.Links), reached, g.Spec)
	}
	w.Flush()
	return b.String()
}

// axis returns the distinct values of the cells, in the order of the plan.
func axis(cells []plan.Cell, of func(plan.Cell) string) []string {
	var values []string
	seen := map[string]bool{}
	for _, c := range cells {
		if v := of(c); !seen[v] {
			seen[v] = true
			values = append(values, v)
		}
	}
	return values
}

// Text renders the result of a run: a table for every graph, kind of key, rate and GOMAXPROCS, contenders down and
// workers across; then the verdicts, and whether they can be believed.
func Text(a *diagnose.Analysis) string {
	var b strings.Builder
	m := a.Run.Manifest()
	for _, t := range a.Tables {
		fmt.Fprintf(&b, "\n%s: pages/s, median and its 95 %% interval\n", title(t))
		render(&b, t)
	}
	if failed := failures(a); len(failed) > 0 {
		b.WriteString("\nfailed, and left out above:\n")
		for _, f := range failed {
			fmt.Fprintf(&b, "  %s\n", f)
		}
	}
	b.WriteString(Verdicts(a))
	if len(a.Findings) > 0 {
		b.WriteString("\nwhy:\n")
		for _, f := range a.Findings {
			fmt.Fprintf(&b, "  %s\n", f.Text)
		}
	}
	b.WriteByte('\n')
	for _, s := range trust(a) {
		b.WriteString(s + "\n")
	}
	fmt.Fprintf(&b, "%s  %s, %s of %d samples", a.Run.Dir(), m.State, Count(len(a.Run.Samples())), len(a.Run.Plan().Schedule))
	if m.Measured > 0 {
		fmt.Fprintf(&b, "; %.0f %% of the timing pass was measured crawl", 100*m.Measured)
	}
	b.WriteByte('\n')
	if len(m.Harness) > 0 {
		b.WriteString("site and judge cost " + harness(m.Harness) + " of each page fetched, in every design alike\n")
	}
	return b.String()
}

// Verdicts renders how each contender compares with the baseline, paired by round.
func Verdicts(a *diagnose.Analysis) string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, t := range a.Tables {
		if len(t.Rows) < 2 {
			continue
		}
		fmt.Fprintf(w, "\n%s: times %s's pages/s, paired by round\n", title(t), a.Baseline)
		fmt.Fprint(w, "  workers")
		for _, n := range t.Workers {
			fmt.Fprintf(w, "\t%d", n)
		}
		fmt.Fprintln(w)
		for _, r := range t.Rows {
			if r.Impl == a.Baseline {
				continue
			}
			fmt.Fprintf(w, "  %s", r.Impl)
			for _, n := range t.Workers {
				entry := ""
				if c := t.Cell(r.Impl, n); c != nil && c.Versus != nil {
					entry = fmt.Sprintf("%.2f %s", c.Versus.Times().Value, mark(c.Versus.Verdict))
				}
				fmt.Fprintf(w, "\t%s", entry)
			}
			fmt.Fprintln(w)
		}
		if slices.ContainsFunc(t.Groups, func(g *diagnose.Group) bool { return g.Control != nil }) {
			fmt.Fprint(w, "  noise floor")
			for _, g := range t.Groups {
				entry := ""
				if g.Control != nil {
					entry = fmt.Sprintf("%.2f to %.2f", 1/g.Control.Hi, 1/g.Control.Lo)
				}
				fmt.Fprintf(w, "\t%s", entry)
			}
			fmt.Fprintln(w)
		}
	}
	w.Flush()
	var b strings.Builder
	for line := range strings.Lines(text.String()) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return b.String()
}

// failures lists the cells that failed.
func failures(a *diagnose.Analysis) []string {
	var list []string
	failed := a.Run.Failed()
	for _, c := range a.Run.Plan().Cells {
		if rec, ok := failed[c.ID()]; ok {
			list = append(list, fmt.Sprintf("%s: %s: %s", c.ID(), rec.Failure.Class, rec.Failure.Message))
		}
	}
	return list
}

// harness lists what the harness costs a page.
func harness(costs map[string]float64) string {
	var list []string
	for _, key := range slices.Sorted(maps.Keys(costs)) {
		list = append(list, fmt.Sprintf("%.0f ns (%s)", costs[key]*1e9, key))
	}
	return strings.Join(list, ", ")
}

func title(t *diagnose.Table) string {
	return fmt.Sprintf("%s, keys %s, rate %s, GOMAXPROCS %d", t.Graph, t.Keys, dial(t), t.Procs)
}

// render prints a table: where no rate binds, contenders by their best median, the fastest first.
func render(b *strings.Builder, t *diagnose.Table) {
	rows := slices.Clone(t.Rows)
	if t.Rate == 0 {
		best := func(r *diagnose.Row) (x float64) {
			for _, c := range r.Cells {
				x = max(x, c.Summary.Center)
			}
			return x
		}
		slices.SortStableFunc(rows, func(x, y *diagnose.Row) int { return cmp.Compare(best(y), best(x)) })
	}
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "  workers\t")
	for _, n := range t.Workers {
		fmt.Fprintf(w, "%d\t\t", n)
	}
	fmt.Fprintln(w)
	worst := 0.0
	for _, r := range rows {
		fmt.Fprintf(w, "  %s\t", r.Impl)
		for _, n := range t.Workers {
			c := t.Cell(r.Impl, n)
			fmt.Fprint(w, columns(c))
			if c != nil && c.Pace != nil {
				worst = max(worst, c.Pace.Worst)
			}
		}
		fmt.Fprintln(w)
	}
	w.Flush()
	for line := range strings.Lines(text.String()) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	if worst > 0 {
		fmt.Fprintf(b, "  in no window of 1 ms or more did the limiter let through more than %.0f %% of what rate and burst allow\n", 100*worst)
	}
}

// columns are the two of one cell: the median, and how far its interval reaches.
func columns(c *diagnose.Cell) string {
	switch {
	case c == nil:
		return "\t\t"
	case c.Failure != nil:
		return c.Failure.Class + "!\t\t"
	case len(c.Measured()) == 0:
		return "-\t\t"
	}
	m := c.Summary
	reach := max(m.Hi-m.Center, m.Center-m.Lo) / m.Center
	spread := "±  ?"
	if !math.IsInf(reach, 0) && !math.IsNaN(reach) {
		spread = fmt.Sprintf("±%2.0f%%", 100*reach)
	}
	return SI(m.Center) + "\t" + spread + "\t"
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
