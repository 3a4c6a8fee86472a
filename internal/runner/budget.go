package runner

import (
	"fmt"
	"time"

	"crawlbench/internal/plan"
)

// maxRounds bounds what a large budget makes of a small scenario.
const maxRounds = 1000

// refit fits the number of rounds to the budget after a round, from what the rounds have taken. The schedule of the
// rounds that stay does not change.
func (r *Runner) refit(round int, timing time.Duration) error {
	if r.Budget == 0 {
		return nil
	}
	p := *r.Run.Plan()
	n := min(fit(r.Budget, time.Since(r.Begin)-timing, timing, round+1, PassTime(&p)), p.MaxRounds())
	if n == p.Rounds {
		return nil
	}
	p.SetRounds(n)
	return r.Run.SetPlan(&p)
}

// fit returns how many rounds a budget holds of which so much was spent before the first of them, timing on those done,
// and so much is kept for the profile passes. Those done stay.
func fit(budget, before, timing time.Duration, done int, passes time.Duration) int {
	perRound := max(timing/time.Duration(done), 1)
	return min(max(int((budget-before-passes)/perRound), done), maxRounds)
}

// Overheads of a child as they are reckoned before there is a measurement: its start, mapping the graph, warming up
// and committing.
const (
	sampleOverhead = 40 * time.Millisecond
	passOverhead   = 80 * time.Millisecond
)

// PassTime returns about how long the profile passes of p take.
func PassTime(p *plan.Plan) time.Duration {
	return time.Duration(len(p.Passes)) * (p.Length + passOverhead)
}

// RoundTime returns about how long a round of p takes when no crawl can be faster than ideal says.
func RoundTime(p *plan.Plan, ideal func(plan.Cell) time.Duration) time.Duration {
	sum := 0.0 // which does not overflow
	for _, c := range p.Cells {
		// A sample ends with the crawl that passes its length, which is half a crawl too long on average.
		crawl := ideal(c)
		sum += float64(max(p.Sample+crawl/2, crawl) + sampleOverhead)
	}
	return time.Duration(min(sum, longest))
}

// longest is the longest time that is reckoned with, some 70 years.
const longest = 1 << 61

// Total returns about how long p takes, by the time of a round.
func Total(p *plan.Plan, round time.Duration) time.Duration {
	return time.Duration(min(float64(p.Rounds)*float64(round), longest)) + PassTime(p)
}

// CheckDeadline returns an error if there are cells of which no crawl can end in time, when none can be faster than ideal
// says.
func CheckDeadline(p *plan.Plan, ideal func(plan.Cell) time.Duration) error {
	var slowest plan.Cell
	var longest time.Duration
	n := 0
	for _, c := range p.Cells {
		if least := ideal(c); least > p.Deadline {
			if n++; least > longest {
				slowest, longest = c, least
			}
		}
	}
	if n == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d cells cannot keep the deadline of %v: a crawl of %s takes at least %v by its rate, its latency and the depth of the graph: raise deadline above that, or give it less to wait for",
		n, len(p.Cells), p.Deadline, slowest.ID(), longest.Round(time.Millisecond))
}

// FitRounds returns how many rounds a budget holds, and at least one.
func FitRounds(budget, round, passes time.Duration) int {
	return min(max(int((budget-passes)/max(round, 1)), 1), maxRounds)
}
