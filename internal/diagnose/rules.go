package diagnose

import (
	"slices"

	"crawlbench/internal/breakdown"
	"crawlbench/internal/stat"
)

// Value is what a rule compares with its thresholds: a share or a ratio, with its range over N repeats or its interval.
type Value struct {
	breakdown.Range
	N int // traces, samples or rounds
	// Agree is how many of the traces reach the threshold by themselves.
	Agree int
}

// Scope says for what one finding is made.
type Scope int

const (
	PerCell  Scope = iota
	PerGroup       // the cells of a table with the same number of workers: it is seldom the crawler's doing
	PerTable
)

// Rule decides when a finding is made.
type Rule struct {
	Kind  Kind
	Per   Scope
	Class breakdown.State // whose share of the workers' time is the value; "" if value gives it
	// The rule holds if the median reaches Least, the lower end of the range Low, and if the upper
	// end stays below High;
	// 0 is no limit.
	Least, Low, High float64
	// Yields are the kinds beside which this one would say the same twice.
	Yields []Kind
	when   func(*Cell) bool // nil: always
	value  func(*Cell) (Value, bool)
}

// Thresholds that more than one rule refers to.
const (
	lockShare = 0.15
	// Off is the share by which a limiter may miss its rate unmentioned.
	Off = 0.01
)

// rules are tried in this order. The share of one trace is no evidence: half of the threshold must be reached in all.
var rules = [...]Rule{
	{Kind: StoppedGaining, High: 1 + stat.DefaultMargin, value: beyondKnee},
	{Kind: RateLimited, Class: breakdown.RateLimit, Least: 0.50, Low: 0.25},
	{Kind: LatencyBound, Class: breakdown.Network, Least: 0.50, Low: 0.25, Yields: []Kind{RateLimited}},
	{Kind: ContendedLock, Class: breakdown.Lock, Least: lockShare, Low: lockShare / 2},
	{Kind: SaturatedOwner, Least: 0.75, Low: 0.75, when: waiting, value: busiest},
	{Kind: NarrowFrontier, Class: breakdown.Idle, Least: 0.40, Low: 0.20, Yields: []Kind{SaturatedOwner}},
	{Kind: CollectorBound, Least: 0.15, value: collector},
	{Kind: WastedCycles, Least: 1.5, Low: 1, Yields: []Kind{CollectorBound}, when: free, value: growth},
	{Kind: ProcessorBound, Per: PerGroup, Class: breakdown.Runnable, Least: 0.40, Low: 0.20, when: crowded},
	{Kind: RateExceeded, Per: PerTable, Least: 1 + Off, value: achieved},
	// Workers that are delayed after they were let through come close to the next ones: slightly
	// more than 1 is no proof.
	{Kind: BurstExceeded, Per: PerTable, Least: 1.5, Yields: []Kind{RateExceeded}, value: window},
}

// Rules returns what decides about findings, in the order in which it is tried on a cell.
func Rules() []Rule { return rules[:] }

func (r *Rule) yields(to Kind) bool { return slices.Contains(r.Yields, to) }

// Holds returns the value of a cell, and whether the rule holds of it.
func (r *Rule) Holds(c *Cell) (Value, bool) {
	if r.when != nil && !r.when(c) {
		return Value{}, false
	}
	of := r.value
	if r.Class != "" {
		of = r.share
	}
	v, known := of(c)
	return v, known && v.Median >= r.Least && v.Min >= r.Low && (r.High == 0 || v.Max < r.High)
}

// share is that of a class in the workers' time.
func (r *Rule) share(c *Cell) (v Value, known bool) {
	if c.Traced == nil {
		return v, false
	}
	v = Value{Range: c.Traced.Shares.Share[r.Class], N: len(c.Traced.Breakdowns)}
	for _, l := range c.Traced.Breakdowns {
		if l.Share(r.Class) >= r.Least {
			v.Agree++
		}
	}
	return v, true
}

// beyondKnee is the throughput of a row's last cell over that of its knee.
func beyondKnee(c *Cell) (Value, bool) {
	r := c.Row
	if r.Knee.Workers == 0 || r.Knee.Workers >= c.Workers || len(r.Gains) < 3 ||
		c.Workers != r.Gains[len(r.Gains)-1].Workers || c.Rate > 0 {
		return Value{}, false
	}
	knee := c.Table.Cell(r.Impl, r.Knee.Workers)
	return ofPair(stat.Pair(knee.Speed, c.Speed)), knee.Valid()
}

// busiest is the share of the time that a role is on a processor.
func busiest(c *Cell) (Value, bool) {
	if c.Traced == nil {
		return Value{}, false
	}
	_, least, most := c.Traced.Busiest()
	return Value{Range: breakdown.Range{Min: least, Median: (least + most) / 2, Max: most}, N: c.Traced.Shares.Repeats},
		true
}

// waiting reports whether workers have nothing to do much of their time, or no processor.
func waiting(c *Cell) bool {
	if c.Traced == nil {
		return false
	}
	waits := c.Traced.Share(breakdown.Channel) + c.Traced.Share(breakdown.Idle)
	return waits+c.Traced.Share(breakdown.Runnable) >= 0.40
}

// collector is the share of the processor time that the garbage collector takes.
func collector(c *Cell) (Value, bool) {
	return Value{Range: breakdown.Range{Min: c.GC, Median: c.GC, Max: c.GC}, N: len(c.Measured())}, c.telling()
}

// free reports whether nothing else explains that the processors are busy: no rate, and few waits for locks.
func free(c *Cell) bool {
	return c.Workers > 1 && c.Rate == 0 && (c.Traced == nil || c.Traced.Share(breakdown.Lock) < lockShare)
}

// growth is the processor time per page over that with one worker.
func growth(c *Cell) (Value, bool) {
	if c.Growth == nil || !c.telling() {
		return Value{}, false
	}
	return ofPair(*c.Growth), c.Growth.Lo > 1 && c.Growth.P < Alpha
}

// telling reports whether a cell was traced or is the last of its row: what needs no trace is not said of every cell.
func (c *Cell) telling() bool {
	return c.Traced != nil || c == c.Row.Cells[len(c.Row.Cells)-1]
}

// crowded reports whether there are more workers than processors.
func crowded(c *Cell) bool { return c.Workers > c.Procs }

func ofPair(p stat.Paired) Value {
	return Value{Range: breakdown.Range{Min: p.Lo, Median: p.Ratio, Max: p.Hi}, N: p.N}
}
