package diagnose

import (
	"cmp"
	"slices"

	"crawlbench/internal/looks"
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

// choose fills in the choices. As best and rivals are chosen by their medians, their comparisons are corrected for all
// pairs of cells of different crawlers that a table has: a family of its own, besides those that the plan declares.
func (a *Analysis) choose() {
	tables := slices.DeleteFunc(slices.Clone(a.Tables), func(t *Table) bool { return t.Rate > 0 })
	if len(tables) == 0 {
		tables = a.Tables
	}
	f := looks.Family{Family: stat.Family{Alpha: looks.Alpha, Margin: a.Margin, Uneven: true}}
	var list []looks.Pair
	var rivals []*Rival
	for _, t := range tables {
		var best []*Cell
		seen := 0
		for _, r := range t.Rows {
			cells := slices.DeleteFunc(slices.Clone(r.Cells), func(c *Cell) bool { return !c.Sound() })
			if len(cells) == 0 {
				continue
			}
			best = append(best, slices.MaxFunc(cells, bySpeed))
			f.Size += seen * len(cells)
			seen += len(cells)
		}
		if len(best) == 0 {
			continue
		}
		slices.SortStableFunc(best, func(x, y *Cell) int { return bySpeed(y, x) })
		choice := Choice{Table: t, Best: best[0], Others: make([]Rival, len(best)-1)}
		for i, c := range best[1:] {
			choice.Others[i] = Rival{c, Comparison{Other: best[0].Impl, Against: c.Impl}}
			list = append(list, looks.Pair{Base: c.times, Other: best[0].times})
			rivals = append(rivals, &choice.Others[i])
		}
		a.Choices = append(a.Choices, choice)
	}
	for i, d := range f.Decide(list) {
		rivals[i].Decision = d
	}
}

func bySpeed(x, y *Cell) int { return cmp.Compare(x.Summary.Center, y.Summary.Center) }
