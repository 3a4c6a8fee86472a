package diagnose

import (
	"cmp"
	"math"
	"slices"

	"crawlbench/internal/parallel"
	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
)

// pair compares the times of two cells round by round.
func pair(base, other *Cell) stat.Paired {
	return stat.Pair(times(base), times(other))
}

// times returns seconds a page by round.
func times(c *Cell) []float64 {
	list := make([]float64, len(c.Speed))
	for i, s := range c.Speed {
		list[i] = 1 / s // NaN stays
	}
	return list
}

// compare compares all pairs of contenders within each group. All of them are one family: the pair of best and second is
// chosen after the fact, and no correction that counts only it would be honest.
func (a *Analysis) compare(controls map[plan.Cell]*Cell) {
	type key struct {
		group       *Group
		base, other string
	}
	all := map[key]*Comparison{}
	var order []*Comparison
	var cells [][2]*Cell // of order
	rounds := 0
	for _, t := range a.Tables {
		for _, w := range t.Workers {
			g := &Group{Workers: w}
			t.Groups = append(t.Groups, g)
			measured := t.measured(w)
			for i, base := range measured {
				rounds = max(rounds, len(base.Measured()))
				for _, other := range measured[i+1:] {
					c := &Comparison{Other: other.Impl, Against: base.Impl}
					all[key{g, base.Impl, other.Impl}] = c
					order, cells = append(order, c), append(cells, [2]*Cell{base, other})
				}
			}
		}
	}
	parallel.Each(len(order), func(i int) { order[i].Paired = pair(cells[i][0], cells[i][1]) })
	a.Family = len(order)
	a.Preflight = stat.Reach(rounds, max(1, a.Family), Alpha)
	ps := make([]float64, len(order))
	for i, c := range order {
		ps[i] = c.P
	}
	for i, p := range stat.Holm(ps) {
		order[i].Adjusted = p
		order[i].Verdict = stat.Judge(order[i].Paired, p, Alpha, a.Margin)
	}
	find := func(g *Group, other, against string) *Comparison {
		if c := all[key{g, against, other}]; c != nil {
			return c
		}
		if c := all[key{g, other, against}]; c != nil {
			return c.turned()
		}
		return nil
	}
	for _, t := range a.Tables {
		for _, g := range t.Groups {
			g.Control = control(t.Cell(a.Baseline, g.Workers), controls)
			cells := t.measured(g.Workers)
			for _, c := range cells {
				c.Versus = find(g, c.Impl, a.Baseline)
			}
			g.rank(cells, func(other, against string) *Comparison { return find(g, other, against) })
		}
	}
}

// Family returns the number of comparisons between contenders that a run of p makes.
func Family(p *plan.Plan) int {
	type group struct {
		Key
		workers int
	}
	sizes := map[group]int{}
	pairs := 0
	for _, c := range p.Cells {
		if !c.IsControl() && !c.IsAgainst() {
			g := group{keyOf(c), c.Workers}
			pairs += sizes[g]
			sizes[g]++
		}
	}
	return pairs
}

// turned is the same comparison the other way round.
func (c *Comparison) turned() *Comparison {
	d := *c
	d.Other, d.Against = c.Against, c.Other
	d.Ratio, d.Lo, d.Hi = 1/c.Ratio, 1/c.Hi, 1/c.Lo
	switch c.Verdict {
	case stat.Faster:
		d.Verdict = stat.Slower
	case stat.Slower:
		d.Verdict = stat.Faster
	}
	return &d
}

// measured returns the sound cells with so many workers.
func (t *Table) measured(workers int) []*Cell {
	var list []*Cell
	for _, r := range t.Rows {
		if c := t.Cell(r.Impl, workers); c != nil && c.Failure == nil && len(c.Measured()) > 0 {
			list = append(list, c)
		}
	}
	return list
}

// rank finds the best and who ties with it.
func (g *Group) rank(cells []*Cell, find func(other, against string) *Comparison) {
	if len(cells) == 0 {
		return
	}
	g.Size = len(cells)
	by := slices.Clone(cells)
	slices.SortStableFunc(by, func(x, y *Cell) int { return cmp.Compare(y.Summary.Center, x.Summary.Center) })
	g.Best = by[0].Impl
	g.Ties = []string{g.Best}
	for _, c := range by[1:] {
		versus := find(c.Impl, g.Best)
		if versus.Verdict != stat.Slower {
			g.Ties = append(g.Ties, c.Impl)
		}
	}
	if len(by) > 1 {
		g.Second = find(g.Best, by[1].Impl)
	}
}

// control compares the baseline with its second entry.
func control(base *Cell, controls map[plan.Cell]*Cell) *stat.Paired {
	if base == nil || base.Failure != nil {
		return nil
	}
	c := base.Cell
	c.Impl = plan.Control(c.Impl)
	again := controls[c]
	if again == nil || again.Failure != nil || len(again.Measured()) == 0 || len(base.Measured()) == 0 {
		return nil
	}
	p := pair(base, again)
	return &p
}

// Trust says whether a run can be believed.
type Trust struct {
	Controls int // comparisons of the baseline with itself
	// Rejected are those that claim a difference, in a family of their own: something else than the contenders differed.
	Rejected int
	// Floor is the relative difference that chance alone reaches: the median over the controls of how far their intervals
	// reach. NaN without a control.
	Floor float64
	// Detectable is the ratio of times that the rounds find with 80 % power as the first of the family.
	Detectable float64
	Samples    int            // that were taken
	Repeated   int            // of them a second time
	Doubts     map[string]int // flags that stayed
	Bimodal    int            // cells
}

// Untrusted reports whether the control rejects.
func (t Trust) Untrusted() bool { return t.Rejected > 0 }

// trust judges the run by its controls and its doubtful samples.
func (a *Analysis) trust(controls map[plan.Cell]*Cell) {
	tr := Trust{Floor: math.NaN(), Detectable: math.Inf(1), Doubts: map[string]int{}}
	var ps, reach, sds []float64
	for _, t := range a.Tables {
		for _, g := range t.Groups {
			if g.Control != nil {
				ps = append(ps, g.Control.P)
				reach = append(reach, max(math.Log(g.Control.Hi), -math.Log(g.Control.Lo)))
				sds = append(sds, g.Control.SD)
			}
		}
		for _, r := range t.Rows {
			for _, c := range r.Cells {
				tr.Samples += len(c.Measured())
				tr.Repeated += c.Repeated
				for f, n := range c.Doubts {
					tr.Doubts[f] += n
				}
				if c.Bimodal {
					tr.Bimodal++
				}
			}
		}
	}
	tr.Controls = len(ps)
	for _, p := range stat.Holm(ps) {
		if p < Alpha {
			tr.Rejected++
		}
	}
	if len(ps) > 0 {
		tr.Floor = math.Exp(middle(reach)) - 1
		rounds := 0
		for _, c := range controls {
			rounds = max(rounds, len(c.Measured()))
		}
		tr.Detectable = stat.Detectable(rounds, max(1, a.Family), Alpha, middle(sds))
	}
	a.Trust = tr
}

func middle(list []float64) float64 {
	s := slices.Sorted(slices.Values(list))
	return s[len(s)/2]
}
