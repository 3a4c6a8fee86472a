package plan

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/limiter"
	"crawlbench/internal/graph"
	"crawlbench/internal/plain"
	"crawlbench/internal/stat"
)

// Plan is a fully resolved experiment: what is built, what is measured, and in which order.
type Plan struct {
	Scenario string `json:"scenario"`
	Seed     uint64 `json:"seed"`
	// Rounds is the largest number of rounds of a cell.
	Rounds int `json:"rounds"`
	// RateLimitedRounds is the number of rounds of cells with a rate, the first ones of the run; 0 means all.
	RateLimitedRounds int `json:"rate_limited_rounds,omitempty"`
	// Stop says whether a crawler leaves the rounds when all its comparisons are settled. Looks are
	// when comparisons of cells without a rate are decided; without Stop only at the end.
	Stop  bool        `json:"stop,omitempty"`
	Looks []stat.Look `json:"looks,omitempty"`
	// Gate is the regression, as a share, that a gate for the comparisons of two programs allows; nil without one.
	Gate   *float64      `json:"gate,omitempty"`
	Sample time.Duration `json:"sample_ns"`
	// Turns is how often each crawler of a block crawls, for Slice at least each time, and Rest the
	// least time between two blocks of a group. Without turns there are no blocks.
	Turns    int           `json:"turns,omitempty"`
	Slice    time.Duration `json:"slice_ns,omitempty"`
	Rest     time.Duration `json:"rest_ns,omitempty"`
	Deadline time.Duration `json:"deadline_ns"`
	// Memory bounds a child's data segment in bytes; 0 means the free memory of the machine.
	Memory int64 `json:"memory,omitempty"`
	// Crawlers are the names of the crawlers in the order of the scenario, the baseline first and
	// the A/A control, if there is one, second.
	Crawlers []string        `json:"crawlers"`
	Graphs   []Graph         `json:"graphs"`
	Fetch    graph.Behaviour `json:"fetch"`
	// Politeness is the policy of all crawls; nil without one.
	Politeness *Politeness `json:"politeness,omitempty"`
	// Simulated says that the crawls are simulated in virtual time, and that nothing is measured.
	Simulated bool   `json:"simulated,omitempty"`
	Cells     []Cell `json:"cells"`
	// Schedule lists the samples in the order in which they are taken.
	Schedule []Slot `json:"schedule"`
	// Passes are the profile passes, taken while a block waits and after the last round.
	Passes []Pass        `json:"passes"`
	Length time.Duration `json:"pass_ns"`
}

// Slot is the sample of one cell: number Slot of its round, both counted from 0.
type Slot struct {
	Round int `json:"round"`
	Slot  int `json:"slot"`
	Cell  int `json:"cell"` // index into Plan.Cells
}

// Pass is one profile pass over a cell.
type Pass struct {
	Cell  int      `json:"cell"`
	Kinds []string `json:"kinds"`
}

// MinRounds is the smallest number of rounds for which a median has a 95 % confidence interval from
// order statistics.
const MinRounds = 6

// minBudget is the smallest number of pages of a crawl with a budget: fewer are too few to measure a rate.
const minBudget = 20

// Make returns the plan of s with its crawlers from table, for a machine with the given number of cores. limiters are
// those of the program beside the built-in ones.
func Make(s *Scenario, table []crawl.Crawler, cores int, limiters ...crawl.LimiterKind) (*Plan, error) {
	limiters = limiter.With(limiters)
	if err := s.checkFleets(table, limiters); err != nil {
		return nil, fmt.Errorf("plan %s: %w", s.Name, err)
	}
	if len(s.Processes) == 0 {
		table = withoutFleets(table)
	}
	chosen, err := Choose(s.Crawlers, table)
	if err != nil {
		return nil, err
	}
	chosen, err = baselineFirst(chosen, s.Baseline)
	if err != nil {
		return nil, err
	}
	if err := s.checkRecorded(); err != nil {
		return nil, fmt.Errorf("plan %s: %w", s.Name, err)
	}
	p := &Plan{
		Scenario: s.Name, Seed: s.Seed, Stop: s.Stop, Sample: s.Sample, Deadline: s.Deadline, Memory: s.Memory,
		Graphs: s.Graphs, Fetch: s.Fetch, Length: s.Profiles.Length,
		Turns: s.Turns, Slice: s.Slice, Rest: s.Rest, Rounds: s.Rounds,
		Politeness: s.Politeness, Simulated: s.Simulated,
	}
	if s.Control {
		control := chosen[0]
		control.Name = Control(control.Name)
		chosen = slices.Insert(chosen, 1, control)
	}
	if s.Against {
		for _, c := range slices.Clone(chosen) {
			if CrawlerOf(c.Name) == c.Name {
				c.Name = Against(c.Name)
				chosen = append(chosen, c)
			}
		}
	}
	for _, c := range chosen {
		p.Crawlers = append(p.Crawlers, c.Name)
	}
	if slices.Contains(s.Transports, HTTP) && !slices.Contains(s.Keys, "url") {
		return nil, fmt.Errorf("plan %s: transport http names pages by URL, but the keys are %s: add url to the keys", s.Name,
			strings.Join(s.Keys, ", "))
	}
	if slices.Contains(s.Transports, HTTP) && s.Simulated {
		return nil, fmt.Errorf("plan %s: a simulated scenario cannot use transport http: choose another "+
			"scenario", s.Name)
	}
	a := axesOf(s, chosen, cores)
	a.fleets = fleetsOf(chosen, limiters)
	if err := bounded(a, s.Rounds); err != nil {
		return nil, fmt.Errorf("plan %s: %w", s.Name, err)
	}
	p.Cells = a.cross(s)
	if err := a.fleets.checkShared(s, a.crawlers, p.Cells); err != nil {
		return nil, fmt.Errorf("plan %s: %w", s.Name, err)
	}
	if len(p.Cells) == 0 {
		return nil, fmt.Errorf("plan %s: no cells: none of %s crawls by %s with %s workers",
			s.Name, strings.Join(p.Crawlers, ", "), strings.Join(s.Keys, " or "), counts(a.workers))
	}
	if slices.ContainsFunc(p.Cells, func(c Cell) bool { return c.Rate == 0 }) {
		p.RateLimitedRounds = min(s.RateLimitedRounds, s.Rounds)
	}
	p.SetResidents(nil)
	if p.Passes, err = passes(s, p.Cells, table, cores); err != nil {
		return nil, err
	}
	if err := p.checkProfiles(s); err != nil {
		return nil, fmt.Errorf("plan %s: %w", s.Name, err)
	}
	if n := len(p.Passes); n > mostCells {
		return nil, fmt.Errorf("plan %s: %s profile passes: a plan has at most %s: name fewer crawlers, graphs, "+
			"workers, rates or kinds in [profiles]", s.Name, plain.Number(n), plain.Number(mostCells))
	}
	if err := p.Check(); err != nil { // otherwise the run could not be opened after it was measured
		return nil, fmt.Errorf("plan %s: %w", s.Name, err)
	}
	return p, nil
}

// checkRecorded returns an error if the site is to replay what no crawl has recorded.
func (s *Scenario) checkRecorded() error {
	for _, g := range s.Graphs {
		if s.BehaviourOf(g.Name).Latency.Model == graph.Recorded && g.Spec.Kind != "file" {
			return fmt.Errorf("latency = \"recorded\" replays what a crawl recorded, which graph %s of kind %s does not "+
				"have: want kind = \"file\", with a file that \"crawlbench import\" wrote, or another latency",
				g.Name, g.Spec.Kind)
		}
	}
	return nil
}

// DefaultRateLimitedRounds is the number of rounds of cells with a rate. Their times differ by 0.5 %, so
// four rounds prove crawlers equivalent that keep it, and find one that misses it by 1.1 %.
const DefaultRateLimitedRounds = 4

// SetRounds replaces the schedule by one of n rounds: every cell once per round, those of a block
// together, in an order that depends only on the seed and the round. A longer schedule thus begins
// with the shorter one. Cells with a rate are measured in the first RateLimitedRounds only; without other
// cells n is the number of their rounds too.
func (p *Plan) SetRounds(n int) {
	p.Rounds, p.Looks = n, nil
	if p.Stop {
		p.Looks = stat.InterimLooks(n)
	}
	p.Schedule = make([]Slot, 0, n*len(p.Cells))
	for round := range n {
		var order []int
		for i, c := range p.Cells {
			if round < p.RoundsOf(c) {
				order = append(order, i)
			}
		}
		for slot, cell := range p.drawn(round, order) {
			p.Schedule = append(p.Schedule, Slot{Round: round, Slot: slot, Cell: cell})
		}
	}
}

// EndAt ends the plan with its look after the given number of rounds. The alpha of later looks is lost, because who
// decides to end there may know what the looks so far have shown.
func (p *Plan) EndAt(rounds int) {
	p.Rounds = rounds
	p.Looks = slices.DeleteFunc(slices.Clone(p.Looks), func(l stat.Look) bool { return l.Blocks > rounds })
	p.Schedule = slices.DeleteFunc(slices.Clone(p.Schedule), func(s Slot) bool { return s.Round >= rounds })
}

// RoundsOf returns the number of rounds of a cell, if it does not leave before.
func (p *Plan) RoundsOf(c Cell) int {
	if c.Rate > 0 && p.RateLimitedRounds > 0 {
		return min(p.Rounds, p.RateLimitedRounds)
	}
	return p.Rounds
}

// At returns the slot with the given number of a round, and whether there is one.
func (p *Plan) At(round, slot int) (Slot, bool) {
	i, ok := slices.BinarySearchFunc(p.Schedule, Slot{Round: round, Slot: slot}, func(x, at Slot) int {
		return cmp.Or(cmp.Compare(x.Round, at.Round), cmp.Compare(x.Slot, at.Slot))
	})
	if !ok {
		return Slot{}, false
	}
	return p.Schedule[i], true
}

// Graph returns the graph of a cell.
func (p *Plan) Graph(name string) Graph {
	i := slices.IndexFunc(p.Graphs, func(g Graph) bool { return g.Name == name })
	return p.Graphs[i]
}

// cross returns the product of the axes, crawler outermost, without unsupported cells.
func (a axes) cross(s *Scenario) []Cell {
	able := map[string]crawl.Crawler{}
	for _, c := range a.crawlers {
		able[c.Name] = c
	}
	cells := []Cell{{}}
	cells = times(cells, a.crawlers, func(c *Cell, v crawl.Crawler) bool { c.Impl = v.Name; return true })
	cells = times(cells, a.graphs, func(c *Cell, v Graph) bool { c.Graph = v.Name; return true })
	cells = times(cells, a.keys, func(c *Cell, v string) bool { c.Keys = v; return canKey(able[c.Impl], v) })
	cells = times(cells, a.transports, func(c *Cell, v Transport) bool { c.Transport = v; return canCarry(v, c.Keys) })
	cells = times(cells, a.workers, func(c *Cell, v int) bool { return a.setWorkers(c, able[c.Impl], v) })
	cells = times(cells, a.rates, func(c *Cell, v Rate) bool { c.Rate = v; return true })
	// Without a rate, bursts and limiters make no difference.
	cells = times(cells, a.bursts, func(c *Cell, v int) bool {
		if c.Rate == 0 {
			return v == a.bursts[0]
		}
		c.Burst = v
		return true
	})
	cells = times(cells, a.limiters, func(c *Cell, v string) bool {
		if c.Rate == 0 {
			return v == a.limiters[0]
		}
		c.Limiter = v
		return true
	})
	cells = times(cells, a.processes, a.fleets.set)
	cells = times(cells, a.procs, func(c *Cell, v int) bool { c.Procs = v; return true })
	cells = times(cells, a.costs, func(c *Cell, v Cost) bool { c.Cost = v; return true })
	for i := range cells {
		if cells[i].Rate != 0 || cells[i].Cost != (Cost{}) {
			cells[i].MaxPages = budget(cells[i], s)
		}
	}
	return cells
}

// times returns the product of cells and the values that set accepts.
func times[T any](cells []Cell, values []T, set func(*Cell, T) bool) []Cell {
	var product []Cell
	for _, c := range cells {
		for _, v := range values {
			if set(&c, v) {
				product = append(product, c)
			}
		}
	}
	return product
}

// canKey reports whether a crawler supports that kind of key.
func canKey(by crawl.Crawler, key string) bool {
	return key == "id" && by.ByID != nil || key == "url" && by.ByURL != nil
}

// canCarry reports whether a transport has pages with that kind of key.
func canCarry(t Transport, key string) bool { return t != HTTP || key == "url" }

// canWorkers reports whether a crawler supports n workers.
func canWorkers(by crawl.Crawler, n int) bool { return by.MaxWorkers == 0 || n <= by.MaxWorkers }

// budget returns the number of pages that take about the length of a sample at the highest rate
// that limiter, workers and processors allow.
func budget(c Cell, s *Scenario) int {
	pages := math.Inf(1)
	if c.Rate > 0 {
		pages = math.Ceil(float64(c.Rate) * s.Sample.Seconds())
	}
	fetch := c.FetchOf(behaviourOf(s.Graphs, s.Fetch, c.Graph))
	wait, cpu := fetch.Latency.MeanWait().Seconds(), fetch.CPU.Seconds()
	n := max(1, c.Processes)
	if busy := (wait + cpu) / float64(c.Workers*n); busy > 0 {
		pages = min(pages, s.Sample.Seconds()/busy)
	}
	if busy := cpu / float64(min(c.Workers, c.Procs)*n); busy > 0 {
		pages = min(pages, s.Sample.Seconds()/busy)
	}
	return int(min(max(float64(minBudget*n), pages), math.MaxInt32))
}
