package cli

import (
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"

	"crawlbench/internal/measure"
	"crawlbench/internal/plain"
	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
	"crawlbench/internal/store"
)

// blocksOf returns the blocks of a run by their number of workers, and what a block costs.
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
		c.Process = (c.Process*n + max(0, rec.Wall-seconds)) / (n + 1)
		c.Crawl = (c.Crawl*n + seconds/float64(crawls)) / (n + 1)
		c.HandOver = 0.001
		costs[w], samples[w] = c, n+1
	}
	for k, b := range found {
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
	list := []measure.Reading{measure.PingPong(x.trips), x.reading()}
	for _, w := range slices.Sorted(maps.Keys(noise)) {
		c, k := noise[w].Components, noise[w].Cost
		percent := func(variance float64) string { return fmt.Sprintf("%.1f %%", 100*math.Sqrt(variance)) }
		turns, slice := stat.Best(noise[w])
		time := float64(quick.Rounds) * k.Time(quick.Turns, quick.Slice.Seconds())
		finds := func(turns int, slice float64) string {
			blocks := int(time/k.Time(turns, slice) + 0.5)
			x := family.Family.MDE(blocks, c.SD(turns, max(slice, 5*k.Crawl)))
			if math.IsInf(x, 0) || math.IsNaN(x) {
				return "unbounded"
			}
			return fmt.Sprintf("%.0f %%", 100*(x-1))
		}
		list = append(list,
			measure.Reading{Name: "blocks, " + plain.Count(w, "worker"), Value: fmt.Sprintf(
				"a process varies by %s, a slice of 5 ms by %s, one of 20 ms by %s", percent(c.Process),
				percent(c.Slice/0.005+c.Machine), percent(c.Slice/0.02+c.Machine))},
			measure.Reading{Name: "  best blocks", Value: fmt.Sprintf("turns = %d, slice = \"%.0fms\" in a scenario: "+
				"minimum detectable effect of quick %s, in the same time %s with turns = %d, slice = \"%v\"", turns, 1000*slice,
				finds(turns, slice), finds(quick.Turns, quick.Slice.Seconds()), quick.Turns, quick.Slice)})
	}
	return list, nil
}
