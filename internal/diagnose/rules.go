package diagnose

import (
	"slices"

	"crawlbench/internal/plan"
	"crawlbench/internal/profile"
	"crawlbench/internal/profile/breakdown"
	"crawlbench/internal/stat"
)

// Value is what a rule compares with its thresholds: a share or a ratio, with its range over N
// repeats or its interval.
type Value struct {
	breakdown.Range
	N int // traces, samples or rounds
	// Agree is the number of traces that reach the threshold by themselves.
	Agree int
}

// Scope is the scope of a finding.
type Scope int

const (
	PerCell  Scope = iota
	PerGroup       // the cells of a table with the same number of workers, as the crawler is rarely the cause
	PerTable
)

// Rule decides whether a finding is made.
type Rule struct {
	Kind  Kind
	Per   Scope
	Class breakdown.State // its share of the workers' time is the value; "" if value returns it
	// Asleep leaves out the time after a worker was woken, until it runs.
	Asleep bool
	// The rule holds if the median is at least Least, the lower end of the range at least Low, and
	// the upper end below High; 0 means no limit.
	Least, Low, High float64
	// Flagged makes the rule apply to cells most of whose samples are flagged.
	Flagged bool
	// Yields are the kinds that make this one redundant.
	Yields []Kind
	when   func(*Cell) bool // nil means always
	value  func(*Cell) (Value, bool)
}

// Thresholds shared by several rules.
const (
	lockShare = 0.15
	// collected is the share of the collector by the runtime's own figure from which a CPU profile is believed.
	collected = 0.05
	// Off is the tolerated relative deviation of a limiter from its rate.
	Off = 0.01
)

// rules are applied in this order. One trace is not sufficient evidence: all traces must reach half of the threshold.
var rules = [...]Rule{
	{Kind: StoppedGaining, High: 1 + stat.DefaultMargin, value: beyondKnee},
	{Kind: RateLimited, Class: breakdown.RateLimit, Least: 0.50, Low: 0.25},
	{Kind: BusySite, Class: breakdown.Network, Least: 0.50, Low: 0.25, when: siteShares, Yields: []Kind{RateLimited}},
	{Kind: LatencyBound, Class: breakdown.Network, Least: 0.50, Low: 0.25, when: slack,
		Yields: []Kind{RateLimited, BusySite}},
	{Kind: Connections, Least: 0.10, Low: 0.10, when: remote, value: dials},
	{Kind: Parsing, Least: 0.30, Low: 0.20, when: remote, value: ofClasses(profile.Parsing)},
	{Kind: SmallBurst, High: 0.95, value: missedRate},
	{Kind: LoggerLock, Least: lockShare, Low: lockShare / 2, when: costly(profile.LockPath, breakdown.Lock),
		value: logging},
	{Kind: HeldAcross, Least: lockShare, Low: lockShare / 2, when: costly(profile.LockPath, breakdown.Lock),
		Yields: []Kind{LoggerLock}, value: heldAcross},
	{Kind: ContendedLock, Class: breakdown.Lock, Least: lockShare, Low: lockShare / 2,
		when: costly(profile.LockPath, breakdown.Lock), Yields: []Kind{LoggerLock, HeldAcross}},
	{Kind: ChannelAsLock, Least: lockShare, Low: lockShare / 2,
		when: costly(profile.Channels, breakdown.Channel, breakdown.Idle), value: token},
	{Kind: Sleeping, Least: 0.15, Low: 0.08, when: slack, Yields: []Kind{HeldAcross}, value: napping},
	{Kind: Yielding, Least: 0.25, Low: 0.12, when: spins, value: yielding},
	{Kind: Herd, Least: 0.5, Low: 0.25, when: costly(profile.LockPath, breakdown.Idle, breakdown.Lock), value: herd},
	{Kind: SaturatedOwner, Least: 0.75, Low: 0.75, when: waiting, value: busiest},
	// A stage that lacks a processor is occupied too, but does not limit what the others do with theirs.
	{Kind: SerialStage, Least: 0.75, Low: 0.75, when: slack, Yields: []Kind{SaturatedOwner}, value: stage},
	{Kind: LongTail, Least: 0.25, Low: 0.15, value: tail},
	// A worker that was woken has work, and lacks a processor.
	{Kind: NarrowFrontier, Class: breakdown.Idle, Asleep: true, Least: 0.40, Low: 0.20, when: narrow,
		Yields: []Kind{SaturatedOwner, SerialStage, ChannelAsLock, LongTail}},
	{Kind: IdleWorkers, Class: breakdown.Idle, Asleep: true, Least: 0.40, Low: 0.20, when: wide,
		Yields: []Kind{SaturatedOwner, SerialStage, ChannelAsLock, LongTail, Herd, NarrowFrontier}},
	// What a page costs on a processor does not matter to workers that wait for the site or the limiter.
	{Kind: SmallChannel, Least: 0.5, Low: 0.25, when: busyWithChannels, Yields: []Kind{RateLimited, LatencyBound,
		ChannelAsLock, SaturatedOwner, SerialStage, NarrowFrontier, IdleWorkers}, value: rendezvous},
	{Kind: CollectorBound, Least: 0.15, Low: 0.08, Yields: []Kind{RateLimited, LatencyBound}, value: collector},
	{Kind: Allocation, Least: 0.25, Low: 0.15, Yields: []Kind{RateLimited, LatencyBound, CollectorBound},
		value: ofClasses(profile.Allocate)},
	{Kind: SystemCalls, Least: 0.20, Low: 0.12, Yields: []Kind{RateLimited, LatencyBound, LoggerLock},
		value: ofClasses(profile.Syscalls)},
	{Kind: ReaderCounter, Least: grownBy, Low: 1, value: travels(largest(profile.Atomics, isReader))},
	{Kind: HotAtomic, Least: grownBy, Low: 1, value: travels(largest(profile.Atomics, isAtomic))},
	{Kind: HotLine, Least: grownBy, Low: 1, value: travels(oneLine),
		Yields: []Kind{ContendedLock, HeldAcross, ChannelAsLock}},
	{Kind: MemoryCopies, Least: grownBy, Low: 1, value: travels(memory)},
	{Kind: WastedCycles, Least: grownBy, Low: 1, when: free, value: growth, Yields: []Kind{CollectorBound,
		Allocation, ReaderCounter, HotAtomic, HotLine, MemoryCopies, ChannelAsLock, SmallChannel, Yielding, Herd}},
	{Kind: ProcessorBound, Per: PerGroup, Class: breakdown.Runnable, Least: 0.40, Low: 0.20, when: crowded,
		Yields: []Kind{Yielding}},
	{Kind: Throttled, Per: PerTable, Flagged: true, Least: 0.02, value: throttled},
	{Kind: RateExceeded, Per: PerTable, Least: 1 + Off, value: achieved},
	// Workers delayed after they were let through can be close to the next ones, so slightly more
	// than 1 is not proof, nor are as many pages as there are workers.
	{Kind: BurstExceeded, Per: PerTable, Least: 1.5, when: exceeds, Yields: []Kind{RateExceeded}, value: window},
}

// Rules returns the rules of findings, in the order in which they are applied to a cell.
func Rules() []Rule { return rules[:] }

func (r *Rule) yields(to Kind) bool { return slices.Contains(r.Yields, to) }

// Holds returns the value of a cell, and whether the rule holds for it.
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

// share returns the share of the rule's state in the workers' time.
func (r *Rule) share(c *Cell) (v Value, known bool) {
	of := func(l *breakdown.Breakdown) float64 {
		if r.Asleep {
			return l.Share(r.Class) - l.QueueShare(r.Class)
		}
		return l.Share(r.Class)
	}
	v, known = traced(c, of)
	if !known {
		return v, false
	}
	for _, l := range c.Traces.Breakdowns {
		if of(l) >= r.Least {
			v.Agree++
		}
	}
	return v, true
}

// traced returns the median and the range of a value over the traces of a cell.
func traced(c *Cell, of func(*breakdown.Breakdown) float64) (v Value, known bool) {
	if c.Traces == nil {
		return v, false
	}
	return Value{Range: breakdown.RangeOf(c.Traces.Breakdowns, of), N: len(c.Traces.Breakdowns)}, true
}

// beyondKnee returns the throughput of a row's last cell divided by that of its knee.
func beyondKnee(c *Cell) (Value, bool) {
	r := c.Row
	if r.Knee.Workers == 0 || r.Knee.Workers >= c.Workers || len(r.Gains) < 3 ||
		c.Workers != r.Gains[len(r.Gains)-1].Workers || c.Rate > 0 {
		return Value{}, false
	}
	knee := c.Table.Cell(r.Impl, r.Knee.Workers)
	return ofPair(stat.Pair(knee.Speed, c.Speed)), knee.Valid()
}

// busiest returns the largest share of the time that a goroutine role is on a processor.
func busiest(c *Cell) (Value, bool) {
	if c.Traces == nil {
		return Value{}, false
	}
	_, least, most := c.Traces.Busiest()
	return Value{Range: breakdown.Range{Min: least, Median: (least + most) / 2, Max: most}, N: c.Traces.Shares.Repeats},
		true
}

// waiting reports whether workers are idle or runnable for much of their time.
func waiting(c *Cell) bool {
	if c.Traces == nil {
		return false
	}
	waits := c.Traces.Share(breakdown.Channel) + c.Traces.Share(breakdown.Idle)
	return waits+c.Traces.Share(breakdown.Runnable) >= 0.40
}

// collector returns the share of processor time in the garbage collector. The runtime's own figure, in which a busy
// machine's other processes count, is used only without a CPU profile. Where it has next to nothing, what a profile of
// short crawls shows is the harness's garbage.
func collector(c *Cell) (Value, bool) {
	if v, known := c.classes(profile.Collect); known {
		return v, c.gcOf == 0 || c.GC >= collected
	}
	return Value{Range: breakdown.Range{Min: c.GC, Median: c.GC, Max: c.GC}, N: len(c.Measured())}, c.representative()
}

// free reports whether nothing else explains that the processors are busy: no rate, and few waits for locks.
func free(c *Cell) bool {
	return c.Workers > 1 && c.Rate == 0 && (c.Traces == nil || c.Traces.Share(breakdown.Lock) < lockShare)
}

// growth returns the processor time per page divided by that with one worker, unless that is because the machine is
// slower, or does not matter because workers wait for the site.
func growth(c *Cell) (Value, bool) {
	if c.Growth == nil || !c.representative() || c.Table.waits {
		return Value{}, false
	}
	if c.Loss != nil {
		if times, known := c.Loss.grows(); known && times < grownBy {
			return Value{}, false
		}
	}
	return ofPair(*c.Growth), c.Growth.Lo > 1 && c.Growth.P < plan.Alpha
}

// busyWithChannels reports whether channels and the scheduler take much of the processor time.
func busyWithChannels(c *Cell) bool {
	return c.Handing() >= 0.25
}

// Handing returns the share of the processor time in channels and the scheduler; 0 if it is unknown.
func (c *Cell) Handing() float64 {
	v, _ := c.classes(profile.Channels, profile.Scheduler)
	return v.Median
}

// representative reports whether a cell was traced or is the last of its row: rules without a trace
// would otherwise repeat for every cell.
func (c *Cell) representative() bool {
	return c.Traces != nil || c == c.Row.Cells[len(c.Row.Cells)-1]
}

// crowded reports whether there are more workers than processors.
func crowded(c *Cell) bool { return c.Workers > c.Procs }

func ofPair(p stat.Paired) Value {
	return Value{Range: breakdown.Range{Min: p.Lo, Median: p.Ratio, Max: p.Hi}, N: p.N}
}
