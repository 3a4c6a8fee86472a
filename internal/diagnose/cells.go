package diagnose

import (
	"iter"
	"slices"

	"crawlbench/internal/stat"
)

// Cells yields the cells of all tables, in order.
func (a *Analysis) Cells() iter.Seq[*Cell] {
	return func(yield func(*Cell) bool) {
		for _, t := range a.Tables {
			for c := range t.Cells() {
				if !yield(c) {
					return
				}
			}
		}
	}
}

// Cell returns the cell with the given plan.Cell.ID, nil if it is not in a table. Tables do not
// contain the control or another program's cells.
func (a *Analysis) Cell(id string) *Cell { return a.byID[id] }

// Cells yields the cells of the table by crawler, then by workers.
func (t *Table) Cells() iter.Seq[*Cell] {
	return func(yield func(*Cell) bool) {
		for _, r := range t.Rows {
			for _, c := range r.Cells {
				if !yield(c) {
					return
				}
			}
		}
	}
}

// Cell returns the cell of a crawler with the given number of workers, nil if there is none.
func (t *Table) Cell(impl string, workers int) *Cell {
	for _, r := range t.Rows {
		if i := slices.IndexFunc(r.Cells,
			func(c *Cell) bool { return c.Impl == impl && c.Workers == workers }); i >= 0 {
			return r.Cells[i]
		}
	}
	return nil
}

// Group returns the group with the given number of workers, or an empty group.
func (t *Table) Group(workers int) *Group {
	if i := slices.IndexFunc(t.Groups, func(g *Group) bool { return g.Workers == workers }); i >= 0 {
		return t.Groups[i]
	}
	return &Group{Workers: workers}
}

// Fastest returns the cell with the highest median of those that are ranked, nil if nothing was measured.
func (t *Table) Fastest() (best *Cell) {
	for c := range t.Cells() {
		if c.Sound() && !c.unranked && (best == nil || c.Summary.Center > best.Summary.Center) {
			best = c
		}
	}
	return best
}

// Measured returns the speeds of the rounds with a sample, in order.
func (c *Cell) Measured() []float64 { return c.sampled }

// Sound reports whether the cell has samples and did not fail.
func (c *Cell) Sound() bool { return c.Failure == nil && len(c.sampled) > 0 }

// Valid reports whether the cell is sound and at most half of its samples are flagged. Only valid
// cells have causes in findings.
func (c *Cell) Valid() bool { return c.Sound() && 2*c.Flagged <= len(c.sampled) }

// Compared returns the comparison of c with base, a cell of the same run, and whether it is one of
// the run's adjusted comparisons. Cells that differ in more than the crawler are compared without
// adjustment and without a verdict.
func (c *Cell) Compared(base *Cell) (x *Comparison, adjusted bool) {
	if c.Table != nil && c.Table == base.Table && c.Workers == base.Workers {
		if x := c.Table.Group(c.Workers).Comparison(c.Impl, base.Impl); x != nil {
			return x, true
		}
	}
	p := stat.Pair(base.times, c.times)
	return &Comparison{Other: c.Impl, Against: base.Impl, Transport: c.Transport, Decision: stat.Decision{
		Ratio: stat.Interval{Value: p.Ratio, Lo: p.Lo, Hi: p.Hi}, Confidence: p.Confidence, P: 1, Blocks: p.N}}, false
}
