package cli

import (
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"time"

	"crawlbench/internal/measure"
	"crawlbench/internal/plain"
	"crawlbench/internal/plan"
	"crawlbench/internal/report"
	"crawlbench/internal/stat"
	"crawlbench/internal/store"
)

// blocksOf returns the blocks of a run by their number of workers, in their order, and what a block costs.
func blocksOf(run *store.Run) (blocks map[int][]stat.Turns, costs map[int]stat.Cost) {
	type at struct{ round, workers int }
	found := map[at]*stat.Turns{}
	blocks, costs = map[int][]stat.Turns{}, map[int]stat.Cost{}
	workers := map[string]int{}
	for _, c := range run.Plan().Cells {
		workers[c.ID()] = c.Workers
	}
	samples := map[int]float64{}
	for _, rec := range run.Samples() {
		w := workers[rec.Cell]
		var logs []float64
		crawls, seconds := 0, 0.0
		for _, s := range rec.Sample.Slices {
			logs = append(logs, math.Log(s.Seconds/float64(s.Crawls)))
			crawls, seconds = crawls+s.Crawls, seconds+s.Seconds
		}
		if crawls == 0 {
			continue
		}
		b := found[at{rec.Round, w}]
		if b == nil {
			b = &stat.Turns{Length: run.Plan().Slice.Seconds()}
			found[at{rec.Round, w}] = b
		}
		b.Length = max(b.Length, seconds/float64(len(logs))) // long crawls make longer slices
		b.Logs = append(b.Logs, logs)
		c := costs[w]
		n := samples[w]
		crawl := time.Duration(seconds / float64(crawls) * float64(time.Second))
		beside := measure.TurnOverhead(crawl, run.Plan().Slice).Seconds()
		c.Process = (c.Process*n + max(0, rec.Wall-seconds-float64(len(logs))*beside)) / (n + 1)
		c.Shortest = (c.Shortest*n + measure.SliceTime(crawl, shortSlice).Seconds()) / (n + 1)
		c.HandOver = (c.HandOver*n + beside) / (n + 1)
		costs[w], samples[w] = c, n+1
	}
	for _, k := range slices.SortedFunc(maps.Keys(found), func(a, b at) int { return a.round - b.round }) {
		b := found[k]
		if len(b.Logs) > 1 && len(b.Logs[0]) == len(b.Logs[1]) { // a block is cut short if its crawls are long
			blocks[k.workers] = append(blocks[k.workers], *b)
		}
	}
	return blocks, costs
}

// components returns the readings of the components of the noise of blocks, from an experiment.
func (a *app) components(x experiment) ([]measure.Reading, error) {
	s, err := plan.Load("quick")
	if err != nil {
		return nil, err
	}
	quick, err := plan.Make(s, a.crawlers, runtime.NumCPU())
	if err != nil {
		return nil, err
	}
	family := quick.Families(plan.Crawlers).Unlimited
	noise := x.noise(len(quick.Crawlers))
	list := []measure.Reading{measure.PingPong(x.trips), x.reading(), x.lagOne(quick.Rest)}
	for _, w := range slices.Sorted(maps.Keys(noise)) {
		c, k := noise[w].Components, noise[w].Cost
		percent := func(variance float64) string { return fmt.Sprintf("%.1f %%", 100*math.Sqrt(variance)) }
		turns, slice := stat.Best(noise[w])
		budget := float64(quick.Rounds) * k.Time(quick.Turns, quick.Slice.Seconds())
		finds := func(turns int, slice float64) string {
			blocks := int(budget/k.Time(turns, slice) + 0.5)
			x := family.Family.MDE(blocks, c.SD(turns, max(slice, k.Shortest)))
			if math.IsInf(x, 0) || math.IsNaN(x) {
				return "unbounded"
			}
			return fmt.Sprintf("%.0f %%", 100*(x-1))
		}
		list = append(list,
			measure.Reading{Name: "blocks, " + plain.Count(w, "worker"), Value: fmt.Sprintf(
				"standard deviation %s between processes, %s between slices of 5 ms, %s between slices of 20 ms", percent(c.Process),
				percent(c.Slice/0.005+c.Machine), percent(c.Slice/0.02+c.Machine))},
			measure.Reading{Name: "  best blocks", Value: fmt.Sprintf("turns = %d, slice = \"%.0fms\" in a scenario: "+
				"minimum detectable effect of quick %s; in the same time, turns = %d, slice = \"%v\" have %s", turns, 1000*slice,
				finds(turns, slice), quick.Turns, quick.Slice, finds(quick.Turns, quick.Slice.Seconds()))})
	}
	return list, nil
}

// lagOne returns the reading of how much a block depends on the one before, where blocks follow each other at once.
func (x experiment) lagOne(rest time.Duration) measure.Reading {
	var ratios [][]float64
	fewest := math.MaxInt
	for _, part := range []*store.Run{x.short.Run, x.long.Run} {
		blocks, _ := blocksOf(part)
		for _, w := range slices.Sorted(maps.Keys(blocks)) {
			var series []float64
			for _, b := range blocks[w] {
				if means, err := stat.BlockMeans(b.Logs); err == nil {
					series = append(series, means[1]-means[0])
				}
			}
			ratios, fewest = append(ratios, series), min(fewest, len(series))
		}
	}
	r := measure.Reading{Name: "lag-1 of blocks", Value: "too few blocks to tell"}
	if fewest < fewestBlocks || len(ratios) == 0 {
		return r
	}
	lag := stat.LagOne(ratios)
	r.Value = fmt.Sprintf("correlation %.2f of a block with the one before it", lag)
	if lag > report.MostLag {
		r.Hint = fmt.Sprintf("the noise outlasts a block: a run waits %v between the blocks of a group (rest), and widens its "+
			"intervals if that does not suffice", rest)
	}
	return r
}
