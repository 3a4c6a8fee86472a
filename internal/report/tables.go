package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain"
	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
)

// heads returns a table whose columns are numbers of workers.
func heads(about string, workers []int, first ...string) Table {
	t := Table{About: about, Head: first}
	for _, n := range workers {
		t.Head = append(t.Head, plain.Count(n, "worker"))
	}
	return t
}

// across adds a row with an entry for each number of workers.
func (t *Table) across(workers []int, of func(n int) Entry, first ...string) {
	t.add(first...)
	row := &t.Rows[len(t.Rows)-1]
	for _, n := range workers {
		*row = append(*row, of(n))
	}
}

// throughputs returns the table of medians with their intervals; without a rate limit, that with the highest is first.
func throughputs(t *diagnose.Table) Table {
	about := ": pages/s, median with 95 % interval"
	if t.Transport == plan.HTTP {
		about = ": processor time a page, median with 95 % interval, and that in the site"
	}
	out := heads(Condition(t.Key)+about, t.Workers, "crawler")
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
	for _, r := range rows {
		out.across(t.Workers, func(n int) Entry { return speed(t.Cell(r.Impl, n)) }, r.Impl)
	}
	if lo, hi, n := intervalsOf(t); t.Rate > 0 && n > 1 && hi <= lo*(1+2*stat.DefaultMargin) {
		out.OneLine = fmt.Sprintf("%s: all %d cells between %s and %s pages/s (95 %% intervals)", Condition(t.Key), n,
			SI(lo), SI(hi))
	}
	return out
}

// intervalsOf returns the ends of the intervals of all n cells of t together; hi is infinite if a cell has none.
func intervalsOf(t *diagnose.Table) (lo, hi float64, n int) {
	lo = math.Inf(1)
	for c := range t.Cells() {
		if !c.Sound() {
			return lo, math.Inf(1), n
		}
		lo, hi, n = min(lo, c.Summary.Lo), max(hi, c.Summary.Hi), n+1
	}
	return lo, hi, n
}

// mostReach is how far an interval may reach and still be written as a percentage: a speed of 5 ±159 % could be
// negative.
const mostReach = 0.5

// speed returns the median of a cell with its interval; in a terminal, with the half-width in percent if that is small.
func speed(c *diagnose.Cell) Entry {
	switch {
	case c == nil:
		return Entry{}
	case c.Failure != nil:
		return Entry{Text: "failed: " + c.Failure.Class, Short: c.Failure.Class + "!", Class: "slower"}
	case !c.Sound():
		return Entry{Text: "-"}
	}
	m := c.Summary
	reach := max(m.Hi-m.Center, m.Center-m.Lo) / m.Center
	text := interval(m.Center, m.Lo, m.Hi, SI)
	switch {
	case c.Transport == plan.HTTP:
		text = interval(1/m.Center, 1/m.Hi, 1/m.Lo, plain.Seconds)
		return Entry{Text: fmt.Sprintf("%s; site %s", text, plain.Seconds(c.SiteCPU)),
			Short: fmt.Sprintf("%s + %s", plain.Seconds(1/m.Center), plain.Seconds(c.SiteCPU))}
	case math.IsInf(reach, 0) || math.IsNaN(reach):
		return Entry{Text: text, Short: SI(m.Center) + " ± ?"}
	case reach > mostReach:
		return Entry{Text: text}
	}
	return Entry{Text: text, Short: fmt.Sprintf("%s ±%.0f %%", SI(m.Center), 100*reach)}
}

// winners returns the table of the crawlers with the highest medians, and those not proven slower.
func winners(t *topic) Table {
	w := heads(winnersAbout, t.workers, "rate")
	w.Brief = Part(t.Key) + ": the highest median, and those not proven slower"
	if t.Transport == plan.HTTP {
		w.About = "The crawler with the lowest median of processor time a page, and those that are not proven to need more."
		w.Brief = Part(t.Key) + ": the lowest median, and those not proven to need more"
	}
	for _, table := range t.tables {
		w.across(t.workers, func(n int) Entry {
			g := table.Group(n)
			if len(g.Ties) == len(g.Cells) && len(g.Cells) > 2 {
				if g.Equivalent() {
					return Entry{Text: "all equivalent"}
				}
				return Entry{Text: "no difference proven"}
			}
			return Entry{Text: strings.Join(g.Ties, ", ")}
		}, RateName(table.Key))
	}
	return w
}

// versus returns the table of comparisons with the baseline; without another crawler it has no rows.
func versus(a *diagnose.Analysis, t *diagnose.Table) Table {
	v := heads(fmt.Sprintf("%s: times %s's %s, paired by round", Condition(t.Key), a.Baseline,
		perSecondOf(t.Transport)), t.Workers, "crawler")
	v.Brief = fmt.Sprintf("%s (? inconclusive, = equivalent within %.0f %%)", v.About, 100*a.Margin)
	if len(t.Rows) < 2 {
		return v
	}
	compared, equivalent := 0, 0
	for _, r := range t.Rows {
		if r.Impl == a.Baseline {
			continue
		}
		v.across(t.Workers, func(n int) Entry {
			c := t.Cell(r.Impl, n)
			if c == nil || c.Versus == nil {
				return Entry{}
			}
			if compared++; c.Versus.Verdict == stat.Equivalent {
				equivalent++
			}
			x, word := c.Versus.Times(), c.Versus.Verdict.String()
			return Entry{Text: times(x) + " " + word,
				Short: fmt.Sprintf("%.2fx %s", x.Value, verdictMark(c.Versus.Verdict)), Class: word}
		}, r.Impl)
	}
	lo, hi := math.Inf(1), 0.0
	v.across(t.Workers, func(n int) Entry {
		c := t.Group(n).Control
		if c == nil {
			return Entry{}
		}
		x := c.Floor()
		lo, hi = min(lo, x.Lo), max(hi, x.Hi)
		if unbounded(x) {
			return Entry{Text: times(x), Short: "unbounded"}
		}
		return Entry{Text: times(x), Short: fmt.Sprintf("%.2fx to %.2fx", x.Lo, x.Hi)}
	}, "noise floor")
	if equivalent == compared && compared > 1 {
		v.OneLine = fmt.Sprintf("%s: all %d comparisons equivalent within %.0f %%", v.About, compared, 100*a.Margin)
		if lo <= hi {
			v.OneLine += fmt.Sprintf("; noise floor %.2fx to %.2fx", lo, hi)
		}
	}
	return v
}

// bounds returns the table of the upper bound of each cell and the share that it reaches.
func bounds(t *topic) Table {
	b := heads(boundsAbout, t.workers, "crawler", "rate")
	for _, table := range t.tables {
		for _, r := range table.Rows {
			b.across(t.workers, func(n int) Entry {
				if c := table.Cell(r.Impl, n); c != nil && c.Sound() && c.Bound.By != "" {
					return Entry{Text: boundShare(c) + " of " + c.Bound.By}
				}
				return Entry{}
			}, r.Impl, RateName(table.Key))
		}
	}
	return b
}

// boundShare formats the share of its bound that a cell reaches. How close it comes to a rate is a matter of tenths.
func boundShare(c *diagnose.Cell) string {
	if c.Bound.By == "rate" {
		return fmt.Sprintf("%.1f %%", 100*c.Bound.Share)
	}
	return Share(c.Bound.Share)
}

// memory returns the table of retained and allocated memory, without rows if no crawler's could be measured.
func memory(t *diagnose.Table) Table {
	m := heads(memoryAbout, t.Workers, "crawler")
	measured := func(c *diagnose.Cell) bool { return c.Retained > 0 }
	if !slices.ContainsFunc(t.Rows, func(r *diagnose.Row) bool { return slices.ContainsFunc(r.Cells, measured) }) {
		return m
	}
	for _, r := range t.Rows {
		m.across(t.Workers, func(n int) Entry {
			switch c := t.Cell(r.Impl, n); {
			case c == nil || !c.Sound():
				return Entry{}
			case measured(c):
				return Entry{Text: fmt.Sprintf("%.1f retained, %.1f allocated", c.Retained, c.Bytes)}
			default:
				return Entry{Text: fmt.Sprintf("too little retained to measure, %.1f allocated", c.Bytes)}
			}
		}, r.Impl)
	}
	return m
}
