package plan

import "iter"

// Question is what the comparison of two cells asks.
type Question int

const (
	// Crawlers asks which of two crawlers is faster. Each pair under the same conditions is declared, not only those
	// with the baseline: which crawler is the best, and so compared with all others, shows only in the samples.
	Crawlers Question = iota
	// Controls asks whether the baseline differs from itself.
	Controls
	// Programs asks whether this program is slower than the other.
	Programs
)

// Pairs yields all comparisons that the plan declares for a question, as base and other, which differ in their crawler
// only. Corrections, decisions and counts all use this list.
func (p *Plan) Pairs(q Question) iter.Seq2[Cell, Cell] {
	return func(yield func(base, other Cell) bool) {
		has := map[Cell]bool{}
		for _, c := range p.Cells {
			has[c] = true
		}
		groups := map[Cell][]Cell{}
		for _, c := range p.Cells {
			if c.IsControl() || c.IsAgainst() {
				continue
			}
			again, old, group := c, c, c.Group()
			again.Impl, old.Impl = Control(c.Impl), Against(c.Impl)
			switch {
			case q == Crawlers:
				for _, base := range groups[group] {
					if !yield(base, c) {
						return
					}
				}
				groups[group] = append(groups[group], c)
			case q == Controls && has[again] && !yield(c, again), q == Programs && has[old] && !yield(old, c):
				return
			}
		}
	}
}
