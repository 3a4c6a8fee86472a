package diagnose

import (
	"cmp"
	"slices"

	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
)

// Comparison compares the times per page of two cells; Ratio is that of Other over Against, below 1 is faster.
type Comparison struct {
	stat.Decision
	Other   string // compared with Against
	Against string
	// Transport is the transport of both cells. It says what their times are.
	Transport plan.Transport
}

// Times returns how many times as many pages per second Other makes, with its interval.
func (c *Comparison) Times() stat.Interval { return inverse(c.Ratio) }

// Floor returns the noise floor that an A/A control shows: the 95 % interval of its throughputs, of this control alone.
func (c *Comparison) Floor() stat.Interval { return inverse(c.Alone) }

// inverse returns the interval of 1/x.
func inverse(x stat.Interval) stat.Interval {
	return stat.Interval{Value: 1 / x.Value, Lo: 1 / x.Hi, Hi: 1 / x.Lo}
}

// turned returns the same comparison with its sides swapped.
func (c *Comparison) turned() *Comparison {
	d := *c
	d.Other, d.Against = c.Against, c.Other
	d.Ratio, d.Alone = inverse(c.Ratio), inverse(c.Alone)
	switch c.Verdict {
	case stat.Faster:
		d.Verdict = stat.Slower
	case stat.Slower:
		d.Verdict = stat.Faster
	}
	return &d
}

// Group is the cells of a table with the same number of workers.
type Group struct {
	Workers int
	Cells   []*Cell // sound cells, in the order of the plan
	// Best has the highest median; Ties are the crawlers not proven slower, best first. Both are
	// empty if nothing was measured.
	Best string
	Ties []string
	// Second compares the best with the next; nil if there is none.
	Second *Comparison
	// Control compares the baseline with its A/A control; nil if there is none.
	Control *Comparison
	pairs   map[[2]string]*Comparison // by Against and Other
}

// Comparison returns the adjusted comparison of two crawlers of the group; nil if there is none.
func (g *Group) Comparison(other, against string) *Comparison {
	if c := g.pairs[[2]string{against, other}]; c != nil {
		return c
	}
	if c := g.pairs[[2]string{other, against}]; c != nil {
		return c.turned()
	}
	return nil
}

// Equivalent reports whether all pairs of crawlers of the group are proven equivalent.
func (g *Group) Equivalent() bool {
	for _, c := range g.pairs {
		if c.Verdict != stat.Equivalent {
			return false
		}
	}
	return len(g.pairs) > 0
}

// measured returns the data of the comparisons, and how much of alpha is spent on them.
func (a *Analysis) measured() plan.Measured {
	m := a.Run.Measured()
	m.Share = a.share
	return m
}

// compare decides the comparisons that the plan declares, as far as their cells are sound.
func (a *Analysis) compare(all cells) {
	p := a.Run.Plan()
	for _, t := range a.Tables {
		for _, w := range t.Workers {
			g := &Group{Workers: w, pairs: map[[2]string]*Comparison{}}
			t.Groups = append(t.Groups, g)
			for _, r := range t.Rows {
				if c := t.Cell(r.Impl, w); c != nil && c.Sound() {
					g.Cells = append(g.Cells, c)
				}
			}
		}
	}
	decide := func(q plan.Question, others map[plan.Cell]*Cell, set func(g *Group, c *Comparison)) *plan.Families {
		families, decisions := a.measured().Decide(q)
		i := 0
		for base, other := range p.Pairs(q) {
			b, o := all.own[base], others[other]
			if b.Sound() && o.Sound() {
				set(b.Table.Group(b.Workers), &Comparison{Other: o.Impl, Against: b.Impl, Decision: decisions[i],
					Transport: b.Transport})
			}
			i++
		}
		return families
	}
	a.Families = decide(plan.Crawlers, all.own,
		func(g *Group, c *Comparison) { g.pairs[[2]string{c.Against, c.Other}] = c })
	a.Controls = decide(plan.Controls, all.controls, func(g *Group, c *Comparison) { g.Control = c })
	for _, t := range a.Tables {
		for _, g := range t.Groups {
			for _, c := range g.Cells {
				c.Versus = g.Comparison(c.Impl, a.Baseline)
			}
			g.rank()
		}
	}
}

// rank finds the best crawler and those that tie with it.
func (g *Group) rank() {
	if len(g.Cells) == 0 {
		return
	}
	by := slices.DeleteFunc(slices.Clone(g.Cells), func(c *Cell) bool { return c.unranked })
	if len(by) == 0 {
		return
	}
	slices.SortStableFunc(by, func(x, y *Cell) int { return cmp.Compare(y.Summary.Center, x.Summary.Center) })
	g.Best = by[0].Impl
	g.Ties = []string{g.Best}
	for _, c := range by[1:] {
		if g.Comparison(c.Impl, g.Best).Verdict != stat.Slower {
			g.Ties = append(g.Ties, c.Impl)
		}
	}
	if len(by) > 1 {
		g.Second = g.Comparison(g.Best, by[1].Impl)
	}
}
