package ui

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plan"
	"crawlbench/internal/profile/breakdown"
	"crawlbench/internal/report"
)

// Measure is the value by which a matrix colours its cells.
type Measure struct {
	ID, Text, About string
	of              func(c *diagnose.Cell) float64 // NaN if unknown
	write           func(float64) string
	// colours follow the logarithm between the extremes of a block; otherwise the value from 0 to 1
	log bool
}

// Measures returns the measures of a run: throughput, the share of the bound, and the states of the time breakdown.
func Measures(a *diagnose.Analysis) []Measure {
	list := []Measure{
		{ID: "throughput", Text: "throughput", About: "Pages/s, the median of the rounds.",
			of: func(c *diagnose.Cell) float64 { return c.Summary.Center }, write: report.SI, log: true},
		{ID: "bound", Text: "share of the upper bound",
			About: "Throughput as a share of the most that the rate, the latency, the depth of the graph or the cores allow.", of: func(c *diagnose.Cell) float64 {
				if c.Bound.By == "" {
					return math.NaN()
				}
				return c.Bound.Share
			}, write: report.Share},
	}
	traced := func(c *diagnose.Cell) bool { return c.Traces != nil }
	if !slices.ContainsFunc(slices.Collect(a.Cells()), traced) {
		return list
	}
	for _, class := range breakdown.States() {
		list = append(list, Measure{ID: slug(string(class)), Text: string(class),
			About: fmt.Sprintf("Share of the workers' time in the state %s, as in the time breakdown. Cells without a trace are empty.", class),
			of: func(c *diagnose.Cell) float64 {
				if c.Traces == nil {
					return math.NaN()
				}
				return c.Traces.Scaled(class)
			}, write: report.Share})
	}
	return list
}

// slug returns a name as a URL segment.
func slug(name string) string {
	return strings.NewReplacer(": ", "-", " ", "-").Replace(strings.ToLower(name))
}

type matrixPage struct {
	About    string
	Measures []anchor
	Blocks   []block
}

// block is the part of a matrix with the same graph, kind of key and GOMAXPROCS: rows are crawlers,
// columns are rates and workers.
type block struct {
	Title   string
	Rates   []span
	Workers []int
	Rows    []heatRow
	Lo, Hi  string // the values at the ends of the scale
	tables  []*diagnose.Table
	of      diagnose.Key
}

type span struct {
	Text    string
	Columns int
}

type heatRow struct {
	Crawler string
	Heats   []heat
}

// heat is an entry of a matrix. Class is one of q0 to q9, or failed; "" if the value is unknown.
type heat struct {
	Text, Class, Href, About string
}

// MatrixPage makes the matrix of a run by a measure; ok is false if the measure does not exist.
func (s *Site) MatrixPage(a *diagnose.Analysis, run, by string) (page []byte, ok bool, err error) {
	path := s.Matrix(run, by)
	var p matrixPage
	var m Measure
	for _, x := range Measures(a) {
		if x.ID == by {
			m = x
		}
		p.Measures = append(p.Measures, anchor{x.Text, s.Link(path, s.Matrix(run, x.ID)), x.ID == by})
	}
	if m.ID == "" {
		return nil, false, nil
	}
	p.About = m.About
	for _, b := range blocks(a) {
		s.fill(&b, m, path, run)
		p.Blocks = append(p.Blocks, b)
	}
	f := frame{Title: "Matrix by " + m.Text, Subtitle: subtitle(a),
		Crumbs: s.crumbs(path, run, anchor{Text: "matrix"}), Tabs: s.tabs(a, path, run, "matrix")}
	page, err = s.render("matrix.html", path, f, p)
	return page, true, err
}

// blocks groups tables that differ only in rate, burst or limiter.
func blocks(a *diagnose.Analysis) []block {
	var list []block
	for _, t := range a.Tables {
		k := t.Key
		k.Rate, k.Burst, k.Limiter, k.Cost = 0, 0, "", plan.Cost{}
		i := slices.IndexFunc(list, func(b block) bool { return b.of == k })
		if i < 0 {
			i = len(list)
			list = append(list, block{Title: report.Part(k), of: k})
		}
		list[i].tables = append(list[i].tables, t)
	}
	return list
}

// known returns the tables in which a measure is known of any cell, or all tables if it is known nowhere.
func known(tables []*diagnose.Table, m Measure) []*diagnose.Table {
	list := slices.DeleteFunc(slices.Clone(tables), func(t *diagnose.Table) bool {
		for c := range t.Cells() {
			if c.Failure != nil || c.Sound() && !math.IsNaN(m.of(c)) {
				return false
			}
		}
		return true
	})
	if len(list) == 0 {
		return tables
	}
	return list
}

// fill makes the rows of a block, from the rates at which the measure is known.
func (s *Site) fill(b *block, m Measure, path, run string) {
	b.tables = known(b.tables, m)
	lo, hi := math.Inf(1), math.Inf(-1)
	var crawlers []string
	for _, t := range b.tables {
		b.Rates = append(b.Rates, span{"rate " + report.RateName(t.Key), len(t.Workers)})
		b.Workers = append(b.Workers, t.Workers...)
		for _, r := range t.Rows {
			if !slices.Contains(crawlers, r.Impl) {
				crawlers = append(crawlers, r.Impl)
			}
		}
		for c := range t.Cells() {
			if x := m.of(c); c.Sound() && !math.IsNaN(x) && x > 0 {
				lo, hi = min(lo, x), max(hi, x)
			}
		}
	}
	if !m.log {
		lo, hi = 0, 1
	}
	if lo <= hi {
		b.Lo, b.Hi = m.write(lo), m.write(hi)
	}
	for _, name := range crawlers {
		row := heatRow{Crawler: name}
		for _, t := range b.tables {
			for _, w := range t.Workers {
				row.Heats = append(row.Heats, s.heat(t.Cell(name, w), m, lo, hi, path, run))
			}
		}
		b.Rows = append(b.Rows, row)
	}
}

func (s *Site) heat(c *diagnose.Cell, m Measure, lo, hi float64, path, run string) heat {
	if c == nil {
		return heat{}
	}
	h := heat{Href: s.Link(path, s.Cell(run, c.ID())), About: report.CellName(c)}
	x := m.of(c)
	switch {
	case c.Failure != nil:
		h.Text, h.Class = "failed", "failed"
		return h
	case !c.Sound() || math.IsNaN(x):
		h.Text = "·"
		return h
	}
	h.Text = m.write(x)
	at := (x - lo) / (hi - lo)
	if m.log {
		at = math.Log(x/lo) / math.Log(hi/lo)
	}
	if math.IsNaN(at) {
		at = 1
	}
	h.Class = fmt.Sprintf("q%d", int(math.Round(9*min(1, max(0, at)))))
	return h
}

// subtitle names the machine of a page that shows single cells.
func subtitle(a *diagnose.Analysis) string {
	text := report.MachineOf(a.Run.Manifest())
	if name := report.MachineName(a); name != "" {
		text += ", " + name + " alone"
	}
	return text
}
