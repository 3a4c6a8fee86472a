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
	a.Choices = a.chosen(chooser{
		share: a.share,
		sound: (*Cell).Sound,
		speed: func(c *Cell) float64 { return c.Summary.Center },
		pair: func(best, other *Cell) *Comparison {
			x, _ := best.Compared(other)
			return x
		},
		apart: func(f *plan.Family, list [][2]*Cell) []stat.Decision {
			var pairs []plan.Pair
			for _, x := range list {
				pairs = append(pairs, plan.Pair{Base: x[1].times, Other: x[0].times})
			}
			return f.Decide(pairs)
		},
	})
}

// chooser says how cells are compared: on one machine, or over several.
type chooser struct {
	share float64 // of alpha; 0 means all
	sound func(*Cell) bool
	speed func(*Cell) float64
	// pair compares cells with the same number of workers, as the plan declares it, and apart decides others.
	pair  func(best, other *Cell) *Comparison
	apart func(f *plan.Family, list [][2]*Cell) []stat.Decision
}

// chosen returns the choices of a chooser.
func (a *Analysis) chosen(by chooser) (choices []Choice) {
	tables := slices.DeleteFunc(slices.Clone(a.Tables), func(t *Table) bool { return !t.Plain() })
	if len(tables) == 0 {
		tables = a.Tables
	}
	bySpeed := func(x, y *Cell) int { return cmp.Compare(by.speed(x), by.speed(y)) }
	f := plan.Family{Family: stat.Family{Alpha: plan.Alpha, Margin: a.Margin, Uneven: true}}
	if by.share > 0 {
		f.Alpha *= by.share
	}
	var list [][2]*Cell
	var rivals []*Rival
	for _, t := range tables {
		var best []*Cell
		var seen []int // workers of the cells of earlier crawlers
		for _, r := range t.Rows {
			cells := slices.DeleteFunc(slices.Clone(r.Cells), func(c *Cell) bool { return !by.sound(c) || c.unranked })
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
				choice.Others[i].Comparison = *by.pair(best[0], c)
				continue
			}
			list = append(list, [2]*Cell{best[0], c})
			rivals = append(rivals, &choice.Others[i])
		}
		choices = append(choices, choice)
	}
	for i, d := range by.apart(&f, list) {
		rivals[i].Decision = d
	}
	return choices
}
