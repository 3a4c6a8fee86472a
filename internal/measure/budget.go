package measure

import (
	"fmt"
	"slices"
	"time"

	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
)

// maxRounds limits the rounds of a small scenario with a large budget.
const maxRounds = 1000

// refit adjusts the number of rounds to the budget after a round, from the time that the rounds have taken. The
// schedule of the remaining rounds does not change. A run with looks ends with the last look that the budget allows.
func (r *Runner) refit(round int, timing time.Duration) error {
	if r.Budget == 0 {
		return nil
	}
	p := *r.Run.Plan()
	before, rest := time.Since(r.Begin)-timing, r.Run.PassesLeft()
	if len(p.Looks) > 0 {
		next, ok := nextLook(p.Looks, round+1)
		if !ok || fit(r.Budget, before, timing, round+1, rest) >= next {
			return nil
		}
		p.EndAt(round + 1)
		return r.Run.SetPlan(&p)
	}
	n := min(fit(r.Budget, before, timing, round+1, rest), p.MaxRounds())
	if n == p.Rounds {
		return nil
	}
	p.SetRounds(n)
	return r.Run.SetPlan(&p)
}

// nextLook returns the number of rounds of the look after the one that is due after the given number, and
// whether there are both.
func nextLook(list []stat.Look, rounds int) (next int, ok bool) {
	i := slices.IndexFunc(list, func(l stat.Look) bool { return l.Blocks == rounds })
	if i < 0 || i+1 == len(list) {
		return 0, false
	}
	return list[i+1].Blocks, true
}

// fit returns how many rounds fit into a budget of which before was spent before the first round, timing on the
// rounds done so far, and passes is reserved for the profile passes. It returns at least done.
func fit(budget, before, timing time.Duration, done int, passes time.Duration) int {
	perRound := max(timing/time.Duration(done), 1)
	return min(max(int((budget-before-passes)/perRound), done), maxRounds)
}

// maxEstimate limits time estimates, to about 70 years.
const maxEstimate = 1 << 61

// CheckDeadline returns an error if some cells cannot finish a crawl before the deadline, even at the ideal speed.
func CheckDeadline(p *plan.Plan, ideal func(plan.Cell) time.Duration) error {
	var slowest plan.Cell
	var longest time.Duration
	n := 0
	for _, c := range p.Cells {
		if crawl := ideal(c); crawl > p.Deadline {
			if n++; crawl > longest {
				slowest, longest = c, crawl
			}
		}
	}
	if n == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d cells cannot keep the deadline of %v: a crawl of %s takes at least %v "+
		"because of its rate, its latency and the depth of the graph: raise deadline above that, or lower the latency",
		n, len(p.Cells), p.Deadline, slowest.ID(), longest.Round(time.Millisecond))
}
