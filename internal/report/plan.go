package report

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"crawlbench/internal/plan"
	"crawlbench/internal/store"
)

// Plan renders what is about to be measured, and how long that takes.
func Plan(p *plan.Plan, graphs []store.GraphInfo, total time.Duration) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s x %s = %s", p.Scenario, Plural(len(p.Cells), "cell"), Plural(p.Rounds, "round"),
		Plural(len(p.Schedule), "sample"))
	if len(p.Passes) > 0 {
		fmt.Fprintf(&b, ", then %s", Plural(len(p.Passes), "profile pass"))
	}
	fmt.Fprintf(&b, ": about %s\n", duration(total))
	row := func(key string, values ...string) {
		if n := len(values); n > mostValues {
			values = append(slices.Clone(values[:mostValues-2]), "...",
				fmt.Sprintf("%s (%s in all)", values[n-1], Count(n)))
		}
		fmt.Fprintf(&b, "  %-11s %s\n", key, strings.Join(values, "  "))
	}
	row("crawlers", p.Crawlers...)
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

// MeasuredShare returns which share of the timing pass was spent in measured crawls: the crawls'
// time over the time from the start of
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
