package measure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"crawlbench/internal/host/child"
	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
	"crawlbench/internal/store"
)

// neverPause makes blocks of this process work as where processes cannot be stopped, for tests.
var neverPause bool

// block is one attempt at a block: a sample of each cell of a group, whose crawlers are all alive at once and take
// turns.
type block struct {
	r       *Runner
	round   int
	group   plan.Cell
	players []*player // those that were started, in the order of the plan; the failed ones have no outcome
	begin   time.Time
	// cut says that a crawler failed after the first turn: the slices of the others are not complete.
	cut bool
}

// takeBlock takes a block of the slots of one round and group, and commits it as a whole. A crawler that fails is out,
// and the others take the block again without it, in new processes: what they did beside it does not count. A block
// that the machine or one of its residents disturbed is taken again once, as a whole: a second try of a single crawler
// would not be comparable with the others.
func (r *Runner) takeBlock(ctx context.Context, slots []plan.Slot) error {
	slots = slices.Clone(slots)
	r.notify(r.Run.Plan().Cells[slots[0].Cell], slots[0].Round, nil)
	killed := map[int]int{} // by cell: OOMKills when a foreign signal ended its resident, plus 1
	var first *block
	for len(slots) > 0 {
		kills := child.OOMKills()
		b, err := r.play(ctx, slots)
		if err != nil {
			return err
		}
		again := b.cut
		for _, p := range b.players {
			switch {
			case p.failure == nil:
				continue
			case p.end.Class == child.Killed && killed[p.slot.Cell] == 0:
				killed[p.slot.Cell] = kills + 1
				again = true
				continue
			case p.end.Class == child.Killed:
				p.end.Twice(killed[p.slot.Cell] - 1)
				p.failure = failed(class(p.end.Class), p.end.Text, p.end.Output)
			}
			if err := r.commitFailure(p, b); err != nil {
				return err
			}
			slots = slices.DeleteFunc(slots, func(s plan.Slot) bool { return s == p.slot })
		}
		switch {
		case again || len(slots) == 0:
		case first == nil && b.disturbed():
			first = b
		default:
			return r.commitBlock(b, first)
		}
	}
	return nil
}

// play starts all crawlers, hands the machine round, and ends them.
func (r *Runner) play(ctx context.Context, slots []plan.Slot) (*block, error) {
	b := &block{r: r, round: slots[0].Round, group: r.Run.Plan().Cells[slots[0].Cell].Group(), begin: time.Now()}
	defer b.kill()
	for _, s := range slots {
		if err := b.enter(ctx, s); err != nil {
			return nil, err
		}
	}
	playing, start := b.playing(), time.Now()
	before, own, used := readLoad(), cpuSeconds(), 0.0
	for _, p := range playing {
		p.mark = p.resident.CPU()
		used -= p.mark.Seconds()
	}
	used -= r.sites.cpu().Seconds()
	p := r.Run.Plan()
	limit := r.limit() + maxSlices*p.Slice // the crawl that ends the slice may take as long as a sample
	turns := p.Turns
	for turn := 0; turn < turns && !b.cut; turn++ {
		for _, i := range p.Order(b.round, b.group, turn, len(playing)) {
			if err := playing[i].crawl(p.Slice, limit); err != nil {
				return nil, err
			}
			if b.cut = playing[i].failure != nil; b.cut {
				break
			}
		}
		if turn == 0 && !b.cut {
			turns = turnsOf(playing, p.Turns, max(p.Sample, time.Duration(p.Turns)*p.Slice))
		}
	}
	window := time.Since(start).Seconds()
	for _, p := range playing {
		cpu := p.resident.CPU()
		p.outside += cpu - p.mark
		used += cpu.Seconds()
	}
	used += r.sites.cpu().Seconds()
	counted := map[string]float64{}
	before.addTo(counted, cpuSeconds()-own+used)
	if !b.cut {
		if err := b.finish(playing); err != nil {
			return nil, err
		}
	}
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if !b.cut {
		return b, b.estimate(counted, window)
	}
	return b, nil
}

// finish ends the processes of the players, all at once: nothing is timed any more, and most of it is waiting.
func (b *block) finish(players []*player) error {
	errs, begin := make([]error, len(players)), time.Now()
	var all sync.WaitGroup
	for i, p := range players {
		all.Go(func() { errs[i] = p.finish(b.r.limit()) })
	}
	all.Wait()
	for _, p := range players {
		p.wall += time.Since(begin) / time.Duration(len(players))
	}
	b.cut = slices.ContainsFunc(players, func(p *player) bool { return p.failure != nil })
	return errors.Join(errs...)
}

// playing returns the crawlers that have not failed.
func (b *block) playing() (list []*player) {
	for _, p := range b.players {
		if p.failure == nil {
			list = append(list, p)
		}
	}
	return list
}

// kill ends the crawlers that are still alive.
func (b *block) kill() {
	for _, p := range b.players {
		if p.end == nil {
			p.resident.Kill()
		}
	}
}

// enter starts the crawler of a slot and waits until it has warmed up.
func (b *block) enter(ctx context.Context, s plan.Slot) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	c := b.r.Run.Plan().Cells[s.Cell]
	job, err := b.r.job(ctx, c, b.r.Run.Plan().Sample)
	if err != nil {
		return err
	}
	p := &player{slot: s, cell: c, job: job}
	p.job.Resident, p.job.Pauses, p.job.Retained = true, child.CanPause && !neverPause, b.r.retained(s)
	defer p.spend(time.Now())
	in, err := json.Marshal(p.job)
	if err != nil {
		return fmt.Errorf("encode the job of %s: %w", c.ID(), err)
	}
	args, err := b.r.args(c.IsAgainst())
	if err == nil {
		p.program = args[0]
		p.resident, err = child.Start(ctx, command(args, in), b.r.limit())
	}
	if err != nil {
		return fmt.Errorf("start a child process for %s: %w", c.ID(), err)
	}
	b.players = append(b.players, p)
	var ready any
	ok, err := p.resident.Await(&ready)
	if err != nil {
		return err
	}
	if ok {
		p.pause(0)
		return nil
	}
	if err := p.finish(b.r.limit()); err != nil || p.failure != nil {
		return err
	}
	return fmt.Errorf("start a child process for %s: it took a sample on its own, but was to take turns: "+
		"%s was built from an older crawlbench: rebuild it, or set turns = 0 in the scenario", c.ID(), p.program)
}

// estimate computes the samples of a complete block from its slices. counted is what the machine did meanwhile, in so
// many seconds.
func (b *block) estimate(counted map[string]float64, window float64) error {
	playing := b.playing()
	var logs [][]float64
	outside := 0.0
	for _, p := range playing {
		logs = append(logs, p.logs())
		outside += p.outside.Seconds()
	}
	means, err := stat.BlockMeans(logs)
	if err != nil {
		return err
	}
	for i, p := range playing {
		s := p.sample
		s.Values[store.TimeUnit(p.cell.Transport)] = math.Exp(means[i])
		s.Outside = p.outside.Seconds()
		maps.Copy(s.Host, counted)
		// What the others use while they wait disturbs this one like the rest of the machine.
		disturbed := map[string]float64{
			"throttled-sec": counted["throttled-sec"], "others-sec": counted["others-sec"] + outside - s.Outside,
		}
		s.Flags = append(s.Flags, loadFlags(disturbed, window)...)
		if s.Outside > outsideShare*p.seconds() {
			s.Flags = append(s.Flags, busyBetween)
		}
	}
	return nil
}

// disturbed reports whether the machine or a resident disturbed the block. The other flags tell of a crawler, which
// would be the same in a second try.
func (b *block) disturbed() bool {
	return slices.ContainsFunc(b.playing(), func(p *player) bool {
		return slices.ContainsFunc(p.sample.Flags, func(flag string) bool {
			return slices.Contains([]string{"throttled", "preempted", frozen, busyBetween}, flag)
		})
	})
}

// turnsOf returns how many turns a block has, at most most, once its first one is known. As soon as crawls are longer
// than a slice, they would take longer than samples of the given length in fresh processes do: the slices of a block
// take at most twice their time, or two turns.
func turnsOf(playing []*player, most int, sample time.Duration) int {
	first, fresh := 0.0, 0.0
	for _, p := range playing {
		s := p.slices[0]
		first += s.Seconds
		fresh += max(sample.Seconds(), s.Seconds/float64(s.Crawls))
	}
	return min(most, max(2, int(2*fresh/first)))
}
