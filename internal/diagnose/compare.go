package diagnose

import (
	"cmp"
	"math"
	"slices"

	"crawlbench/internal/parallel"
	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
)

// Comparison compares the times per page of two cells.
type Comparison struct {
	stat.Paired
	Other    string  // what was compared, Against what
	Against  string  // ratios are Other over Against, below 1 is faster
	Adjusted float64 // P, adjusted for all comparisons of its family
	Verdict  stat.Verdict
}

// Times returns how many times as many pages per second Other makes, with its interval.
func (c *Comparison) Times() stat.Interval {
	return stat.Interval{Value: 1 / c.Ratio, Lo: 1 / c.Hi, Hi: 1 / c.Lo}
}

// turned returns the same comparison the other way round.
func (c *Comparison) turned() *Comparison {
	d, times := *c, c.Times()
	d.Other, d.Against = c.Against, c.Other
	d.Ratio, d.Lo, d.Hi = times.Value, times.Lo, times.Hi
	switch c.Verdict {
	case stat.Faster:
		d.Verdict = stat.Slower
	case stat.Slower:
		d.Verdict = stat.Faster
	}
	return &d
}

// pair compares the times of two cells round by round.
func pair(base, other *Cell) stat.Paired { return stat.Pair(base.times, other.times) }

// adjust sets the adjusted P and the verdict of each comparison of a family.
func adjust(family []*Comparison, margin float64) {
	ps := make([]float64, len(family))
	for i, c := range family {
		ps[i] = c.P
	}
	for i, p := range stat.Holm(ps) {
		family[i].Adjusted = p
		family[i].Verdict = stat.Decide(family[i].Paired, p, Alpha, margin)
	}
}

// Group is the cells of a table with the same number of workers.
type Group struct {
	Workers int
	Cells   []*Cell // those that are sound, in the order of the plan
	// Best has the highest median; Ties are those that are not proven slower, best first. Empty if
	// nothing was measured.
	Best string
	Ties []string
	// Second compares the best with the next; nil if there is none.
	Second *Comparison
	// Control compares the baseline with itself; nil if there is no control.
	Control *Comparison
	pairs   map[[2]string]*Comparison // by Against and Other
}

// Comparison returns the comparison of two crawlers of the group, as it was adjusted; nil if there is none.
func (g *Group) Comparison(other, against string) *Comparison {
	if c := g.pairs[[2]string{against, other}]; c != nil {
		return c
	}
	if c := g.pairs[[2]string{other, against}]; c != nil {
		return c.turned()
	}
	return nil
}

// compare compares all pairs of crawlers within each group. All of them are one family: the pair of best and second is
// chosen after the fact, and no correction that counts only it would be honest.
func (a *Analysis) compare(controls map[plan.Cell]*Cell) {
	var family, again []*Comparison
	var cells [][2]*Cell // of family
	rounds := 0
	for _, t := range a.Tables {
		for _, w := range t.Workers {
			g := &Group{Workers: w, pairs: map[[2]string]*Comparison{}}
			t.Groups = append(t.Groups, g)
			for _, r := range t.Rows {
				if c := t.Cell(r.Impl, w); c != nil && c.Sound() {
					g.Cells = append(g.Cells, c)
				}
			}
			for i, base := range g.Cells {
				rounds = max(rounds, len(base.Measured()))
				for _, other := range g.Cells[i+1:] {
					c := &Comparison{Other: other.Impl, Against: base.Impl}
					g.pairs[[2]string{base.Impl, other.Impl}] = c
					family, cells = append(family, c), append(cells, [2]*Cell{base, other})
				}
			}
			if g.Control = control(t.Cell(a.Baseline, w), controls); g.Control != nil {
				again = append(again, g.Control)
			}
		}
	}
	parallel.Each(len(family), func(i int) { family[i].Paired = pair(cells[i][0], cells[i][1]) })
	a.Family = len(family)
	a.Preflight = stat.Reach(rounds, max(1, a.Family), Alpha)
	adjust(family, a.Margin)
	adjust(again, a.Margin)
	for _, t := range a.Tables {
		for _, g := range t.Groups {
			for _, c := range g.Cells {
				c.Versus = g.Comparison(c.Impl, a.Baseline)
			}
			g.rank()
		}
	}
}

// Family returns the number of comparisons between crawlers that a run of p makes.
func Family(p *plan.Plan) int {
	type group struct {
		Key
		workers int
	}
	sizes := map[group]int{}
	pairs := 0
	for _, c := range p.Cells {
		if !c.IsControl() && !c.IsAgainst() {
			g := group{KeyOf(c), c.Workers}
			pairs += sizes[g]
			sizes[g]++
		}
	}
	return pairs
}

// rank finds the best and who ties with it.
func (g *Group) rank() {
	if len(g.Cells) == 0 {
		return
	}
	by := slices.Clone(g.Cells)
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

// control compares the baseline with its second entry.
func control(base *Cell, controls map[plan.Cell]*Cell) *Comparison {
	if base == nil || !base.Sound() {
		return nil
	}
	c := base.Cell
	c.Impl = plan.Control(c.Impl)
	again := controls[c]
	if again == nil || !again.Sound() {
		return nil
	}
	return &Comparison{Paired: pair(base, again), Other: c.Impl, Against: base.Impl}
}

// Trust says whether a run can be believed.
type Trust struct {
	Controls int // comparisons of the baseline with itself
	// Rejected are those that claim a difference, in a family of their own: something else than the crawlers differed.
	Rejected int
	// Floor is the relative difference that chance alone reaches: the median over the controls of
	// how far their intervals
	// reach, and Worst the largest. NaN without a control.
	Floor, Worst float64
	// Detectable is the ratio of times that the rounds find with 80 % power as the first of the family.
	Detectable float64
	Samples    int            // that were taken
	Repeated   int            // of them a second time
	Flags      map[string]int // flags that stayed
	Bimodal    int            // cells
}

// Untrusted reports whether the control rejects.
func (t Trust) Untrusted() bool { return t.Rejected > 0 }

// trust decides whether the run can be believed, by its controls and its flagged samples.
func (a *Analysis) trust(controls map[plan.Cell]*Cell) {
	tr := Trust{Floor: math.NaN(), Worst: math.NaN(), Detectable: math.Inf(1), Flags: map[string]int{}}
	var reach, sds []float64
	for _, t := range a.Tables {
		for _, g := range t.Groups {
			if c := g.Control; c != nil {
				reach = append(reach, max(math.Log(c.Hi), -math.Log(c.Lo)))
				sds = append(sds, c.SD)
				if c.Adjusted < Alpha {
					tr.Rejected++
				}
			}
		}
	}
	for c := range a.Cells() {
		tr.Samples += len(c.Measured())
		tr.Repeated += c.Repeated
		for f, n := range c.Flags {
			tr.Flags[f] += n
		}
		if c.Bimodal {
			tr.Bimodal++
		}
	}
	tr.Controls = len(reach)
	if len(reach) > 0 {
		tr.Floor, tr.Worst = math.Exp(middle(reach))-1, math.Exp(slices.Max(reach))-1
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
