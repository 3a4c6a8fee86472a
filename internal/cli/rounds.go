package cli

import (
	"fmt"
	"time"

	"crawlbench/internal/measure"
	"crawlbench/internal/plain"
	"crawlbench/internal/plan"
)

// fitRounds sets the number of rounds by the budget, less the time already spent, and warns if there are too few.
func (a *app) fitRounds(p *plan.Plan, firsts *measure.Firsts, budget, spent time.Duration) {
	if budget > 0 {
		p.SetRounds(min(firsts.FitRounds(p, budget-spent), p.MaxRounds()))
		if total := firsts.Total(p) + spent; total > budget {
			a.tell(fmt.Sprintf("note: the run takes about %v, more than the budget of %v: %s about %v%s", roundUp(total),
				budget, plain.Count(p.Rounds, "round"), roundUp(total-firsts.PassTime(p)), passNote(p, firsts)))
		}
	}
	if p.Rounds < plan.MinRounds {
		why := ""
		if budget > 0 {
			p6 := *p
			p6.SetRounds(plan.MinRounds)
			why = fmt.Sprintf("; a budget of %v allows %d", roundUp(firsts.Total(&p6)+spent), plan.MinRounds)
		}
		fmt.Fprintf(a.err, "note: a 95 %% confidence interval of the median needs at least %d rounds, not %d%s\n",
			plan.MinRounds, p.Rounds, why)
	}
}

// passNote says how long the profile passes of p take, and how to do without them; "" if there are none.
func passNote(p *plan.Plan, firsts *measure.Firsts) string {
	if len(p.Passes) == 0 {
		return ""
	}
	return fmt.Sprintf(", %s about %v; -profile none leaves these out", plain.Count(len(p.Passes), "profile pass"),
		roundUp(firsts.PassTime(p)))
}

// soonest returns how long p takes at least. When crawlers leave, depends on how far they differ, which one crawl does
// not tell.
func soonest(p *plan.Plan, firsts *measure.Firsts) time.Duration {
	if len(p.Looks) < 2 {
		return firsts.Total(p)
	}
	return firsts.After(p, p.Looks[0].Blocks)
}

// left returns what is left of a budget that began at a time, at least a nanosecond; 0 if there is none.
func left(budget time.Duration, begin time.Time) time.Duration {
	if budget == 0 {
		return 0
	}
	return max(1, budget-time.Since(begin))
}

// ideal returns a function that returns the shortest possible time of a crawl of a cell.
func ideal(p *plan.Plan, graphs []measure.Graph) func(plan.Cell) time.Duration {
	return func(c plan.Cell) time.Duration {
		fetch := p.FetchOf(c)
		for _, g := range graphs {
			if g.Info.Name == c.Graph {
				most := c.Ideal(g.Info.Reachable, g.Info.Depth, g.Info.MeanWait(fetch.Latency), fetch.CPU)
				return max(most, p.GapsOf(c.Graph, g.Largest))
			}
		}
		return 0
	}
}
