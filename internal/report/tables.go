package report

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/ledger"
	"crawlbench/internal/plot"
	"crawlbench/internal/profile"
	"crawlbench/internal/stat"
)

// winners is the map of who wins where, ties included.
func winners(t *topic) Table {
	w := Table{About: "The fastest by the median; beside it those that are not proven slower.", Head: []string{"rate"}}
	for _, n := range t.tables[0].Workers {
		w.Head = append(w.Head, Plural(n, "worker"))
	}
	for _, table := range t.tables {
		row := []string{dial(table)}
		for _, n := range t.tables[0].Workers {
			entry := ""
			for _, g := range table.Groups {
				switch {
				case g.Workers != n || g.Best == "":
				case len(g.Ties) == g.Size && g.Size > 2:
					entry = "all alike"
				default:
					entry = strings.Join(g.Ties, " = ")
				}
			}
			row = append(row, entry)
		}
		w.Rows = append(w.Rows, row)
	}
	return w
}

// versus is the table of verdicts against the baseline, for each rate.
func versus(a *diagnose.Analysis, t *topic) Table {
	v := Table{About: fmt.Sprintf("Pages a second as a multiple of %s's with as many workers, with the 95 %% interval and the verdict.", a.Baseline), Head: []string{"contender", "rate"}}
	for _, n := range t.tables[0].Workers {
		v.Head = append(v.Head, Plural(n, "worker"))
	}
	for _, table := range t.tables {
		for _, r := range table.Rows {
			if r.Impl == a.Baseline {
				continue
			}
			row, classes := []string{r.Impl, dial(table)}, []string{"", ""}
			for _, n := range t.tables[0].Workers {
				text, class := "", ""
				if c := table.Cell(r.Impl, n); c != nil && c.Versus != nil {
					x := c.Versus.Times()
					text, class = fmt.Sprintf("%.2f [%.2f, %.2f] %s", x.Value, x.Lo, x.Hi, c.Versus.Verdict), c.Versus.Verdict.String()
				}
				row, classes = append(row, text), append(classes, class)
			}
			v.Rows, v.Colors = append(v.Rows, row), append(v.Colors, classes)
		}
		row := []string{"noise floor", dial(table)}
		for _, n := range t.tables[0].Workers {
			text := ""
			for _, g := range table.Groups {
				if g.Workers == n && g.Control != nil {
					text = fmt.Sprintf("%.2f [%.2f, %.2f]", 1/g.Control.Ratio, 1/g.Control.Hi, 1/g.Control.Lo)
				}
			}
			row = append(row, text)
		}
		v.Rows, v.Colors = append(v.Rows, row), append(v.Colors, nil)
	}
	return v
}

// bounds is the table of what binds each cell and how much of it is reached.
func bounds(t *topic) Table {
	b := Table{About: "What bounds the throughput, whatever the design does, and the share of it that is reached: the rate, the workers' waiting for pages (latency), the depth of the graph, or the cores at the processor time a page that the contender takes with one worker.", Head: []string{"contender", "rate"}}
	for _, n := range t.tables[0].Workers {
		b.Head = append(b.Head, Plural(n, "worker"))
	}
	for _, table := range t.tables {
		for _, r := range table.Rows {
			row := []string{r.Impl, dial(table)}
			for _, n := range t.tables[0].Workers {
				text := ""
				if c := table.Cell(r.Impl, n); c != nil && c.Failure == nil && c.Bound.By != "" && len(c.Measured()) > 0 {
					text = fmt.Sprintf("%.0f %% of %s", 100*c.Bound.Share, c.Bound.By)
				}
				row = append(row, text)
			}
			b.Rows = append(b.Rows, row)
		}
	}
	return b
}

// memory is the table of what each contender holds and allocates, without rows if that was not measured.
func memory(t *diagnose.Table) Table {
	m := Table{About: "Bytes of the heap for each page: held while the last page is fetched, when the visited set is full and the frontier empty; and allocated in all. What the site itself holds is taken off, stacks are not counted.", Head: []string{"contender"}}
	for _, n := range t.Workers {
		m.Head = append(m.Head, Plural(n, "worker"))
	}
	for _, r := range t.Rows {
		row, measured := []string{r.Impl}, false
		for _, n := range t.Workers {
			text := ""
			if c := t.Cell(r.Impl, n); c != nil && c.Held > 0 {
				text, measured = fmt.Sprintf("%.1f held, %.1f allocated", c.Held, c.Bytes), true
			}
			row = append(row, text)
		}
		if measured {
			m.Rows = append(m.Rows, row)
		}
	}
	return m
}

// flameLeast is the share below which a frame is left out of a flame graph in a report.
const flameLeast = 0.02

// files opens a file by its name in a run.
type files func(name string) (*os.File, error)

// flame draws the wall profile in a file, "" if it cannot be read.
func flame(open files, file, name string) string {
	f, err := open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	p, err := profile.ReadFrom(f, file)
	if err != nil {
		return ""
	}
	return draw(p, name)
}

// draw draws a wall profile, "" if there is nothing in it.
func draw(p *profile.Profile, name string) string {
	root := &plot.Frame{Name: "workers' time"}
	for _, s := range p.Sample {
		value := float64(s.Value[0])
		if value <= 0 {
			continue
		}
		at := root
		at.Value += value
		for _, l := range slices.Backward(s.Location) {
			for _, line := range slices.Backward(l.Line) {
				at = at.Child(line.Function.Name)
				at.Value += value
			}
		}
	}
	if root.Value == 0 {
		return ""
	}
	classes := map[string]string{}
	for _, c := range ledger.Classes() {
		classes[c.Frame()] = string(c)
	}
	return plot.Flame("where the workers' time went, "+name, "a flame graph whose first row are the states of workers", root, flameLeast,
		func(ns float64) string { return Seconds(ns / 1e9) },
		func(name string) string { return classes[name] })
}

// mark is a verdict in a terminal.
func mark(v stat.Verdict) string {
	if v == stat.Unresolved {
		return "?"
	}
	return v.String()
}
