package measure

import (
	"context"
	"slices"
	"sort"
	"time"

	"crawlbench/internal/plan"
	"crawlbench/internal/store"
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
	defer r.sites.close()
	begin := time.Now()
	f.seen, f.Cells = map[plan.Cell]First{}, 0
	for _, c := range p.Cells {
		if c.Rate > 0 || c.IsControl() || c.IsAgainst() {
			continue
		}
		f.Cells++
		left := most - time.Since(begin)
		if left <= 0 {
			continue
		}
		job, err := r.sites.at(ctx, r, Job{Cell: c, Cache: r.Caches[c.Graph], Fetch: p.BehaviourOf(c.Graph),
			Spin: r.Spin, Sample: 1, Memory: r.Memory, Politeness: p.Politeness}, p.Seed)
		if err != nil {
			return err
		}
		start := time.Now()
		o, failure, err := r.run(ctx, job, false, left)
		wall := time.Since(start)
		switch {
		case err != nil:
			return err
		case failure == nil && o.Sample != nil:
			f.see(c, o.Sample, wall)
		case wall >= left && c.Processes == 0: // it takes at least so long
			f.seen[c] = First{wall / 2, wall / 2}
		}
	}
	return nil
}

// see notes the sample of a first look that took wall.
func (f *Firsts) see(c plan.Cell, s *store.Sample, wall time.Duration) {
	crawl := time.Duration(s.Values["sec/op"] * float64(time.Second))
	f.seen[c] = First{crawl, max(0, wall-crawl)}
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

// times are how long the parts of a plan take, if no crawler has left and no sample is taken a second time.
type times struct {
	unlimited, limited float64       // a round of cells without a rate, and what those with one add to it
	rest               float64       // the least time of a round: its longest block and the rest of that group
	passes             time.Duration // all profile passes, which are taken while blocks rest, and after the rounds
}

func (f *Firsts) times(p *plan.Plan) times {
	t := times{passes: f.PassTime(p)}
	blocks := map[plan.Cell][]First{}
	for _, c := range p.Cells {
		x := f.of(c)
		// A sample ends with the crawl that reaches its length, so it exceeds that by half a crawl on average.
		sample := float64(max(p.Sample+x.Crawl/2, x.Crawl) + x.Process)
		switch {
		case c.Resident:
			blocks[c.Group()] = append(blocks[c.Group()], x)
		case c.Rate > 0:
			t.limited += sample
		default:
			t.unlimited += sample
		}
	}
	for _, cells := range blocks {
		block := float64(blockTime(p, cells))
		t.unlimited += block
		t.rest = max(t.rest, block+float64(p.Rest))
	}
	return t
}

// of returns how long the given number of rounds takes with all passes; cells with a rate play in the first limited of
// them.
func (t times) of(rounds, limited int) time.Duration {
	first, later := t.unlimited+t.limited, t.unlimited
	work := float64(limited)*first + float64(rounds-limited)*later
	// The first round need not wait for another.
	waits := 0.0
	if limited > 0 {
		waits = float64(limited-1)*max(0, t.rest-first) + float64(rounds-limited)*max(0, t.rest-later)
	} else {
		waits = float64(rounds-1) * max(0, t.rest-later)
	}
	return time.Duration(min(work+max(waits, float64(t.passes)), maxEstimate))
}

// blockTime estimates how long a block takes.
func blockTime(p *plan.Plan, cells []First) time.Duration {
	var turn, fresh, processes time.Duration
	for _, x := range cells {
		turn += SliceTime(x.Crawl, p.Slice)
		fresh += max(p.Sample, x.Crawl)
		processes += x.Process
	}
	turns := max(1, min(p.Turns, int(2*float64(fresh)/float64(max(1, turn)))))
	for _, x := range cells {
		turn += TurnOverhead(x.Crawl, p.Slice)
	}
	return processes + time.Duration(turns)*turn
}

// TurnOverhead estimates how long a turn takes besides its slice of at least the given length: until the machine is
// handed over, and for the crawls that do not count.
func TurnOverhead(crawl, length time.Duration) time.Duration {
	return handOver + leadOf(crawl, length).took
}

// leadOf estimates the part of a turn that does not count.
func leadOf(crawl, length time.Duration) (l lead) {
	crawl = max(crawl, time.Microsecond)
	for !l.ends(crawl, length) {
		l.crawls++
		l.took += crawl
	}
	return l
}

// SliceTime estimates how long a slice of at least the given length takes.
func SliceTime(crawl, length time.Duration) (took time.Duration) {
	crawl = max(crawl, time.Microsecond)
	before := leadOf(crawl, length)
	for n := 0; !sliceEnds(n, took, length, before); n++ {
		took += crawl
	}
	return took
}

// Total estimates how long p takes, with its profile passes.
func (f *Firsts) Total(p *plan.Plan) time.Duration { return f.After(p, p.Rounds) }

// After estimates how long p takes if it ends after the given number of rounds, because all is decided.
func (f *Firsts) After(p *plan.Plan, rounds int) time.Duration {
	return f.times(p).of(rounds, min(rounds, p.RoundsOf(plan.Cell{Rate: 1})))
}

// readTraces is how long a pass of the kind wall reads its traces, as a share of the time that they cover.
const readTraces = 0.9

// PassTime estimates how long the profile passes of p take.
func (f *Firsts) PassTime(p *plan.Plan) time.Duration {
	sum := 0.0
	for _, pass := range p.Passes {
		x := f.of(p.Cells[pass.Cell])
		took := max(p.Length+x.Crawl/2, x.Crawl)
		if slices.Contains(pass.Kinds, wall) {
			crawl := min(x.Crawl, traceLength) // longer ones are cut
			traced := traces * max(min(p.Length, traceLength)+crawl/2, crawl)
			busy := min(1, float64(x.Process)/float64(max(1, x.Crawl))) // a crawl that waits has few events
			took = traced + time.Duration(busy*readTraces*float64(traced))
		}
		sum += float64(x.Process) + float64(took)
	}
	return time.Duration(min(sum, maxEstimate))
}

// FitRounds returns how many rounds of p fit into a budget, at least one.
func (f *Firsts) FitRounds(p *plan.Plan, budget time.Duration) int {
	t := f.times(p)
	limited := p.RateLimitedRounds
	if limited == 0 || t.unlimited == 0 { // there are only cells with a rate
		limited = maxRounds
	}
	n := sort.Search(maxRounds, func(n int) bool { return t.of(n+1, min(n+1, limited)) > budget })
	return max(n, 1)
}
