package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"crawlbench/internal/host/child"
	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
)

// budgetShare is the part of a budget that choosing takes at most, as its reciprocal.
const budgetShare = 8

// autoSlices measures the noise of this machine and sets the turns and slices of p by it, before the plan is stored:
// from then on the run depends on its plan alone, and a resumed run measures nothing anew. It returns the time that was
// taken.
func (a *app) autoSlices(ctx context.Context, p *plan.Plan, budget time.Duration) (time.Duration, error) {
	if !slices.ContainsFunc(p.Cells, func(c plan.Cell) bool { return c.Resident }) {
		return 0, nil
	}
	if err := child.Supported(); err != nil {
		return 0, err
	}
	bound := blocksTime
	if budget > 0 {
		bound = min(bound, budget/budgetShare)
	}
	x, err := a.experiment(ctx, 0, bound)
	if err != nil {
		return 0, fmt.Errorf("run: choose turns and slice: %w", err)
	}
	note := x.choose(p)
	if !a.quiet {
		fmt.Fprintln(a.err, note)
	}
	return x.took, nil
}

// choose sets the turns and slices of p to the best ones by the experiment, and returns a sentence about them. If there
// are too few blocks with one of the numbers of workers, p keeps its own.
func (x experiment) choose(p *plan.Plan) string {
	noise := x.noise(len(p.Crawlers))
	if len(noise) < len(workersOf(x.short.Run.Plan())) {
		return fmt.Sprintf("note: slices = \"auto\": too few blocks to choose by (%s): using turns = %d and slice = \"%v\"; "+
			"stop other processes, or give no -budget below %v", x.reading().Value, p.Turns, p.Slice, budgetShare*blocksTime)
	}
	turns, slice := stat.Best(slices.Collect(maps.Values(noise))...)
	p.Turns, p.Slice = turns, time.Duration(slice*float64(time.Second)).Round(time.Millisecond)
	return fmt.Sprintf("slices = \"auto\": turns = %d and slice = \"%v\", from blocks: %s", p.Turns, p.Slice,
		x.reading().Value)
}

// workersOf returns the numbers of workers of a plan.
func workersOf(p *plan.Plan) map[int]bool {
	all := map[int]bool{}
	for _, c := range p.Cells {
		all[c.Workers] = true
	}
	return all
}
