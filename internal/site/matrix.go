package site

import (
	"fmt"
	"math"
	"strings"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/ledger"
	"crawlbench/internal/report"
)

// Measure is what a matrix colours cells by.
type Measure struct {
	ID, Text, About string
	of              func(c *diagnose.Cell) float64 // NaN: not known
	write           func(float64) string
	log             bool // colours are by the logarithm, between the extremes of a block; else from 0 to 1
}

// Measures returns those that there are of a run: throughput, the share of the bound, and those of the ledger.
func Measures(a *diagnose.Analysis) []Measure {
	list := []Measure{
		{ID: "throughput", Text: "throughput", About: "Pages a second, the median of the rounds.", of: func(c *diagnose.Cell) float64 { return c.Summary.Center }, write: report.SI, log: true},
		{ID: "bound", Text: "share of the bound", About: "What is reached of the most that rate, latency, depth of the graph or cores allow.", of: func(c *diagnose.Cell) float64 {
			if c.Bound.By == "" {
				return math.NaN()
			}
			return c.Bound.Share
		}, write: percent},
	}
	traced := false
	for _, t := range a.Tables {
		for _, r := range t.Rows {
			for _, c := range r.Cells {
				traced = traced || c.Traced != nil
			}
		}
	}
	if !traced {
		return list
	}
	for _, class := range ledger.Classes() {
		list = append(list, Measure{ID: string(class), Text: string(class), About: fmt.Sprintf("The share of the workers' time that is %s, the median of the traces. Cells without a trace are empty.", class),
			of: func(c *diagnose.Cell) float64 {
				if c.Traced == nil {
					return math.NaN()
				}
				return c.Traced.Share(class)
			}, write: percent})
	}
	return list
}

func percent(x float64) string { return fmt.Sprintf("%.0f %%", 100*x) }

type matrixPage struct {
	About    string
	Measures []anchor
	Blocks   []block
}

// block is the part of a matrix with the same graph, kind of key and GOMAXPROCS: contenders down, rates and workers across.
type block struct {
	Title   string
	Rates   []span
	Workers []int
	Rows    []heatRow
	Lo, Hi  string // what the ends of the scale stand for
	tables  []*diagnose.Table
	of      diagnose.Key
}

type span struct {
	Text    string
	Columns int
}

type heatRow struct {
	Impl  string
	Heats []heat
}

// heat is an entry of a matrix. Class is one of q0 to q9, or failed; "" if nothing is known.
type heat struct {
	Text, Class, Href, About string
}

// MatrixPage makes the matrix of a run by a measure; ok is false if there is no such measure.
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
	f := frame{Title: "Matrix by " + m.Text, Subtitle: report.Machine(a.Run.Manifest().Host), Crumbs: s.crumbs(path, run, anchor{Text: "matrix"}), Tabs: s.tabs(a, path, run, "matrix")}
	page, err = s.render("matrix.html", path, f, p)
	return page, true, err
}

// blocks groups tables that differ in what limits their rate only.
func blocks(a *diagnose.Analysis) []block {
	var list []block
	for _, t := range a.Tables {
		k := t.Key
		k.Rate, k.Burst, k.Limiter = 0, 0, ""
		i := 0
		for i < len(list) && list[i].of != k {
			i++
		}
		if i == len(list) {
			list = append(list, block{Title: fmt.Sprintf("%s, keys %s, GOMAXPROCS %d", t.Graph, t.Keys, t.Procs), of: k})
		}
		list[i].tables = append(list[i].tables, t)
	}
	return list
}

// fill makes the rows of a block.
func (s *Site) fill(b *block, m Measure, path, run string) {
	lo, hi := math.Inf(1), math.Inf(-1)
	var impls []string
	for _, t := range b.tables {
		b.Rates = append(b.Rates, span{"rate " + rate(t.Key), len(t.Workers)})
		b.Workers = append(b.Workers, t.Workers...)
		for _, r := range t.Rows {
			if !strings.Contains("\x00"+strings.Join(impls, "\x00")+"\x00", "\x00"+r.Impl+"\x00") {
				impls = append(impls, r.Impl)
			}
			for _, c := range r.Cells {
				if x := m.of(c); sound(c) && !math.IsNaN(x) && x > 0 {
					lo, hi = min(lo, x), max(hi, x)
				}
			}
		}
	}
	if !m.log {
		lo, hi = 0, 1
	}
	if lo <= hi {
		b.Lo, b.Hi = m.write(lo), m.write(hi)
	}
	for _, impl := range impls {
		row := heatRow{Impl: impl}
		for _, t := range b.tables {
			for _, w := range t.Workers {
				row.Heats = append(row.Heats, s.heat(t.Cell(impl, w), m, lo, hi, path, run))
			}
		}
		b.Rows = append(b.Rows, row)
	}
}

func sound(c *diagnose.Cell) bool { return c.Failure == nil && len(c.Measured()) > 0 }

func (s *Site) heat(c *diagnose.Cell, m Measure, lo, hi float64, path, run string) heat {
	if c == nil {
		return heat{}
	}
	h := heat{Href: s.Link(path, s.Cell(run, c.ID())), About: fmt.Sprintf("%s, %s, rate %s", c.Impl, report.Plural(c.Workers, "worker"), c.Rate)}
	x := m.of(c)
	switch {
	case c.Failure != nil:
		h.Text, h.Class = "failed", "failed"
		return h
	case !sound(c) || math.IsNaN(x):
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
