package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/host"
	"crawlbench/internal/measure"
	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
	"crawlbench/internal/store"
)

// selfTest is a scenario that measures a crawler against itself.
const selfTest = `
workers = [1, "4x"]
sample = "80ms"
stop = false
[[graph]]
name = "rmat14"
kind = "rmat"
scale = 14
degree = 12
`

const (
	// blocksTime bounds the time of an experiment.
	blocksTime = 12 * time.Second
	// shortSlice and longSlice are the lengths of its slices, shortTurns and longTurns the turns of a block.
	shortSlice, longSlice = 5 * time.Millisecond, 20 * time.Millisecond
	shortTurns, longTurns = 8, 4
	// mostRounds limits the rounds of an experiment that is bounded by time.
	mostRounds = 200
	// fewestBlocks is the least number of blocks of a length from which variances are estimated.
	fewestBlocks = 4
)

// experiment is the first crawler measured against itself in blocks, with slices of two lengths.
type experiment struct {
	short, long *diagnose.Analysis
	trips       []float64 // round trips of a cache line, between the blocks
	took        time.Duration
}

// errEnough is the cause of an experiment's end by time.
var errEnough = errors.New("the time of the experiment is over")

// experiment takes blocks: the given rounds with short slices and a third of them with long ones, or, if rounds
// is 0, as many of both as fit into half of the time. A block that is not finished then does not count.
func (a *app) experiment(ctx context.Context, rounds int, bound time.Duration) (x experiment, err error) {
	begin := time.Now()
	bounce := func(measure.Event) {
		for range 5 {
			x.trips = append(x.trips, measure.RoundTrip())
		}
	}
	take := func(slice time.Duration, turns, rounds int, until time.Time) (*diagnose.Analysis, error) {
		if rounds > 0 {
			return a.againstItself(ctx, rounds, turns, slice, bounce)
		}
		ctx, cancel := context.WithDeadlineCause(ctx, until, errEnough)
		defer cancel()
		return a.againstItself(ctx, mostRounds, turns, slice, bounce)
	}
	few := 0
	if rounds > 0 {
		few = max(plan.MinRounds, rounds/3)
	}
	if x.short, err = take(shortSlice, shortTurns, rounds, begin.Add(bound/2)); err != nil {
		return x, err
	}
	x.long, err = take(longSlice, longTurns, few, begin.Add(bound))
	x.took = time.Since(begin)
	return x, err
}

// againstItself measures one crawler and its A/A control in blocks with slices of that length, without keeping files,
// until ctx ends with errEnough. It calls watch before and after each block.
func (a *app) againstItself(ctx context.Context, rounds, turns int, slice time.Duration,
	watch func(measure.Event)) (*diagnose.Analysis, error) {
	dir, err := host.TempDir("crawlbench-doctor-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	s, err := plan.Parse("doctor.toml", []byte(selfTest))
	if err != nil {
		return nil, err
	}
	s.Rounds, s.Crawlers = rounds, []string{a.crawlers[0].Name}
	s.Turns, s.Slice, s.Rest = turns, slice, 0
	p, err := plan.Make(s, a.crawlers, runtime.NumCPU())
	if err != nil {
		return nil, err
	}
	graphs, err := measure.Build(context.WithoutCancel(ctx), p, dir, host.FreeMemory())
	if err != nil {
		return nil, err
	}
	run, err := store.Create(filepath.Join(dir, "run"),
		store.Manifest{Scenario: s.Name, Seed: s.Seed, Started: time.Now(), Graphs: measure.Infos(graphs)}, p)
	if err != nil {
		return nil, err
	}
	defer run.Close()
	r := measure.Runner{Run: run, Caches: measure.CacheFiles(graphs), Memory: host.FreeMemory(), Watch: watch}
	if err := r.Do(ctx); err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	return diagnose.Analyse(run)
}

// reading says how many blocks the experiment took, and in which time.
func (x experiment) reading() measure.Reading {
	count := func(run *store.Run) int {
		n := 0
		blocks, _ := blocksOf(run)
		for _, b := range blocks {
			n += len(b)
		}
		return n
	}
	r := measure.Reading{Name: "blocks", Value: fmt.Sprintf("%d with slices of %v and %d of %v, in %s", count(x.short.Run),
		shortSlice, count(x.long.Run), longSlice, x.took.Round(100*time.Millisecond))}
	if cells := len(x.short.Run.Plan().Cells) / 2; len(x.noise(0)) < cells {
		r.Hint = fmt.Sprintf("too few to tell how slices and processes vary: want %d of each: use -rounds %d",
			fewestBlocks*cells, plan.MinRounds)
	}
	return r
}

// noise returns the noise of blocks with the given number of crawlers by the number of workers, where there are
// enough blocks.
func (x experiment) noise(crawlers int) map[int]stat.Noise {
	short, costs := blocksOf(x.short.Run)
	long, _ := blocksOf(x.long.Run)
	all := map[int]stat.Noise{}
	for w, blocks := range short {
		if min(len(blocks), len(long[w])) >= fewestBlocks {
			k := costs[w]
			k.Crawlers = crawlers
			all[w] = stat.Noise{Components: stat.FitComponents(append(blocks, long[w]...)), Cost: k}
		}
	}
	return all
}
