package measure

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"time"

	"crawlbench/internal/child"
	"crawlbench/internal/plan"
)

// First is a first look at a cell: how long a crawl takes, and its process besides the measured crawls, which starts,
// opens the graph, crawls once without latency and limiter to warm up, and ends.
type First struct{ Crawl, Process time.Duration }

// Firsts are the first looks that were taken at cells. Of other cells it knows what the site allows at best.
type Firsts struct {
	Ideal func(plan.Cell) time.Duration
	seen  map[plan.Cell]First
	// Cells is how many cells were to be looked at.
	Cells int
}

// Overhead of a process until there is a first look, and of handing the machine to the next crawler of a block.
const (
	processOverhead = 40 * time.Millisecond
	handOver        = time.Millisecond
)

// Look crawls once in a fresh process in every cell of the plan without a rate, as long as that takes no more than
// most. A crawl that fails is left to the run. Controls and cells of another program take as long as the crawler
// itself, and a rate says itself how long a crawl takes.
func (f *Firsts) Look(ctx context.Context, r *Runner, p *plan.Plan, most time.Duration) error {
	begin := time.Now()
	f.seen, f.Cells = map[plan.Cell]First{}, 0
	args, err := r.args(false)
	if err != nil {
		return fmt.Errorf("start a child process: %w", err)
	}
	for _, c := range p.Cells {
		if c.Rate > 0 || c.IsControl() || c.IsAgainst() {
			continue
		}
		f.Cells++
		left := most - time.Since(begin)
		if left <= 0 {
			continue
		}
		in, err := json.Marshal(Job{Cell: c, Cache: r.Caches[c.Graph], Fetch: p.BehaviourOf(c.Graph), Spin: r.Spin,
			Sample: 1, Memory: r.Memory, Politeness: p.Politeness})
		if err != nil {
			return fmt.Errorf("encode the job of %s: %w", c.ID(), err)
		}
		start := time.Now()
		end, err := child.Run(ctx, func() *exec.Cmd { return command(args, in) }, left)
		wall := time.Since(start)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return fmt.Errorf("start a child process for %s: %w", c.ID(), err)
		}
		o, failure, err := outcomeOfChild(Job{Cell: c}, end, args[0])
		switch {
		case err != nil:
			return err
		case failure == nil && o.Sample != nil:
			crawl := time.Duration(o.Sample.Values["sec/op"] * float64(time.Second))
			f.seen[c] = First{crawl, max(0, wall-crawl)}
		case wall >= left: // it takes at least so long
			f.seen[c] = First{wall / 2, wall / 2}
		}
	}
	return nil
}

// Seen returns at how many cells there was a first look.
func (f *Firsts) Seen() int { return len(f.seen) }

// of returns the first look at a cell, or the best guess: its process takes as long as others on the graph, and an
// unlimited crawl as long as those of the same crawler with other workers, or else as those of all.
func (f *Firsts) of(c plan.Cell) First {
	c.Impl = c.Crawler()
	if x, ok := f.seen[c]; ok {
		return x
	}
	guess := First{f.Ideal(c), processOverhead}
	var same, all, process []time.Duration
	for other, x := range f.seen {
		if other.Graph == c.Graph && other.Keys == c.Keys {
			all, process = append(all, x.Crawl), append(process, x.Process)
			if other.Impl == c.Impl {
				same = append(same, x.Crawl)
			}
		}
	}
	if len(process) > 0 {
		guess.Process = average(process)
	}
	if len(same) == 0 {
		same = all
	}
	if c.Rate == 0 && len(same) > 0 {
		guess.Crawl = max(guess.Crawl, average(same))
	}
	return guess
}

func average(list []time.Duration) time.Duration {
	var sum time.Duration
	for _, d := range list {
		sum += d
	}
	return sum / time.Duration(len(list))
}

// RoundTimes estimates how long a round of p takes, and how much more one of the first in which cells with a rate play,
// if no crawler has left and no sample is taken a second time.
func (f *Firsts) RoundTimes(p *plan.Plan) (unlimited, limitedRound time.Duration) {
	var rest, limited float64 // a float64 does not overflow
	blocks := map[plan.Cell][]First{}
	for _, c := range p.Cells {
		x := f.of(c)
		// A sample ends with the crawl that reaches its length, so it exceeds that by half a crawl on average.
		sample := float64(max(p.Sample+x.Crawl/2, x.Crawl) + x.Process)
		switch {
		case c.Resident:
			blocks[c.Group()] = append(blocks[c.Group()], x)
		case c.Rate > 0:
			limited += sample
		default:
			rest += sample
		}
	}
	for _, cells := range blocks {
		rest += float64(blockTime(p, cells))
	}
	if len(blocks) > 0 && p.Rounds > 1 {
		rest = max(rest, float64(p.Rest))
	}
	return time.Duration(min(rest, maxEstimate)), time.Duration(min(limited, maxEstimate))
}

// blockTime estimates how long a block takes.
func blockTime(p *plan.Plan, cells []First) time.Duration {
	var turn, fresh, processes time.Duration
	for _, x := range cells {
		turn += sliceTime(x.Crawl, p.Slice)
		fresh += max(p.Sample, x.Crawl)
		processes += x.Process
	}
	turns := max(1, min(p.Turns, int(2*float64(fresh)/float64(max(1, turn)))))
	each := turn + time.Duration(len(cells))*handOver
	for _, x := range cells {
		if x.Crawl < coldCrawl {
			each += x.Crawl // uncounted
		}
	}
	return processes + time.Duration(turns)*each
}

// sliceTime estimates the time of a slice of crawls, see sliceEnds.
func sliceTime(crawl, length time.Duration) time.Duration {
	crawl = max(crawl, time.Microsecond)
	var took time.Duration
	for n := 0; !sliceEnds(n, took, length); n++ {
		took += crawl
	}
	return took
}

// Total estimates how long p takes.
func (f *Firsts) Total(p *plan.Plan) time.Duration {
	unlimited, limitedRound := f.RoundTimes(p)
	limited := p.RoundsOf(plan.Cell{Rate: 1})
	sum := float64(p.Rounds)*float64(unlimited) + float64(limited)*float64(limitedRound) + float64(f.PassTime(p))
	return time.Duration(min(sum, maxEstimate))
}

// PassTime estimates how long the profile passes of p take.
func (f *Firsts) PassTime(p *plan.Plan) time.Duration {
	sum := 0.0
	for _, pass := range p.Passes {
		x := f.of(p.Cells[pass.Cell])
		sum += float64(x.Process + max(p.Length+x.Crawl/2, x.Crawl))
	}
	return time.Duration(min(sum, maxEstimate))
}

// FitRounds returns how many rounds of p fit into a budget, at least one.
func (f *Firsts) FitRounds(p *plan.Plan, budget time.Duration) int {
	unlimited, limitedRound := f.RoundTimes(p)
	left := budget - f.PassTime(p) - time.Duration(p.RoundsOf(plan.Cell{Rate: 1}))*limitedRound
	if unlimited == 0 { // there are only cells with a rate
		left, unlimited = budget-f.PassTime(p), limitedRound
	}
	return min(max(int(left/max(unlimited, 1)), 1), maxRounds)
}
