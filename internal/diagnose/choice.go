package diagnose

import (
	"cmp"
	"slices"

	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
)

// Choice says what to use under the conditions of a table: best against best, each crawler with the number of workers
// that suits it.
type Choice struct {
	*Table
	Best *Cell
	// Others compare the best with each other crawler at its best, the fastest first.
	Others []Rival
}

// Rival is another crawler at its best, and how the best compares with it.
type Rival struct {
	*Cell
	Comparison // of the best cell with this one
}

// Own reports whether the comparison is none of the table's, because the two have different numbers of workers.
func (r *Rival) Own(best *Cell) bool { return r.Workers != best.Workers }

// Plain reports whether nothing but the crawlers limits the throughput of a table: no rate, and no cost of a fetch
// besides the scenario's.
func (t *Table) Plain() bool { return t.Rate == 0 && t.Cost == plan.Cost{} }

// choose fills in the choices. Cells with the same number of workers are compared in the table, corrected for all its
// pairs, whoever is the best: that is their comparison here too. The others are corrected for all pairs of cells that
// differ in crawler and workers: a family of its own, besides those that the plan declares.
func (a *Analysis) choose() {
	tables := slices.DeleteFunc(slices.Clone(a.Tables), func(t *Table) bool { return !t.Plain() })
	if len(tables) == 0 {
		tables = a.Tables
	}
	f := plan.Family{Family: stat.Family{Alpha: plan.Alpha, Margin: a.Margin, Uneven: true}}
	var list []plan.Pair
	var rivals []*Rival
	for _, t := range tables {
		var best []*Cell
		var seen []int // workers of the cells of earlier crawlers
		for _, r := range t.Rows {
			cells := slices.DeleteFunc(slices.Clone(r.Cells), func(c *Cell) bool { return !c.Sound() || c.unranked })
			if len(cells) == 0 {
				continue
			}
			best = append(best, slices.MaxFunc(cells, bySpeed))
			for _, c := range cells {
				f.Size += len(seen)
				for _, other := range seen {
					if other == c.Workers {
						f.Size--
					}
				}
			}
			for _, c := range cells {
				seen = append(seen, c.Workers)
			}
		}
		if len(best) == 0 {
			continue
		}
		slices.SortStableFunc(best, func(x, y *Cell) int { return bySpeed(y, x) })
		choice := Choice{Table: t, Best: best[0], Others: make([]Rival, len(best)-1)}
		for i, c := range best[1:] {
			choice.Others[i] = Rival{c, Comparison{Other: best[0].Impl, Against: c.Impl, Transport: t.Transport}}
			if !choice.Others[i].Own(best[0]) {
				x, _ := best[0].Compared(c)
				choice.Others[i].Comparison = *x
				continue
			}
			list = append(list, plan.Pair{Base: c.times, Other: best[0].times})
			rivals = append(rivals, &choice.Others[i])
		}
		a.Choices = append(a.Choices, choice)
	}
	for i, d := range f.Decide(list) {
		rivals[i].Decision = d
	}
}

func bySpeed(x, y *Cell) int { return cmp.Compare(x.Summary.Center, y.Summary.Center) }
