package diagnose

import (
	"slices"
	"strings"

	"crawlbench/internal/profile"
	"crawlbench/internal/profile/breakdown"
	"crawlbench/internal/stat"
)

// Kind is the kind of a finding.
type Kind string

const (
	ContendedLock  Kind = "contended lock"
	SaturatedOwner Kind = "saturated owner"
	NarrowFrontier Kind = "narrow frontier"
	IdleWorkers    Kind = "idle workers"
	ProcessorBound Kind = "processor-bound"
	RateLimited    Kind = "rate-limited"
	LatencyBound   Kind = "latency-bound"
	WastedCycles   Kind = "wasted cycles"
	CollectorBound Kind = "collector-bound"
	StoppedGaining Kind = "stopped scaling"
	RateExceeded   Kind = "rate exceeded"
	BurstExceeded  Kind = "burst exceeded"
	HeldAcross     Kind = "lock held across a wait"
	LoggerLock     Kind = "logger's lock"
	ChannelAsLock  Kind = "channel as lock"
	SmallChannel   Kind = "small channel"
	SerialStage    Kind = "serial stage"
	Herd           Kind = "thundering herd"
	Sleeping       Kind = "sleeping"
	Yielding       Kind = "yielding"
	ReaderCounter  Kind = "readers' counter"
	HotAtomic      Kind = "hot atomic"
	HotLine        Kind = "hot line"
	MemoryCopies   Kind = "memory copies"
	SystemCalls    Kind = "system calls"
	Allocation     Kind = "allocation"
	LongTail       Kind = "long tail"
	SmallBurst     Kind = "small burst"
	Parsing        Kind = "parsing"
	Connections    Kind = "connections"
	BusySite       Kind = "busy site"
	Throttled      Kind = "throttled"
)

// Finding is a rule that holds for a cell, with its evidence. Package report describes it in words.
type Finding struct {
	Rule  *Rule
	Cell  *Cell // the cell with the largest value, if there are several
	Value Value
	// All are the cells for which a rule of a group or a table holds.
	All []Match
	// For a contended lock: where workers wait most, what ends most of these waits, and a faster
	// crawler that waits for locks at most a quarter as much; nil if there is none.
	Site   *breakdown.Site
	End    *breakdown.End
	Faster *Comparison
	// Of other causes: the line, the channel, the lock's holder with its Part of the time, the goroutine, or the class
	// of processor time that the finding is about.
	Spot  *profile.Spot
	Pair  *breakdown.Pair
	Hold  *breakdown.LockHold
	Part  float64
	Role  string
	Grown *Growth
	// Explains is the share of the throughput lost against one worker that the cause explains; 0 if unknown.
	Explains float64
}

// Match is a cell for which a rule holds.
type Match struct {
	Cell  *Cell
	Value Value
}

// findings applies the rules to the cells of a table. They are about one process, and do not fit a fleet.
func (t *Table) findings() []Finding {
	if t.Processes > 0 {
		return nil
	}
	var list, shared []Finding
	for c := range t.Cells() {
		var kinds []Kind // that hold for the cell
		for i := range rules {
			r := &rules[i]
			if !c.Valid() && !(r.Flagged && c.Sound()) || slices.ContainsFunc(kinds, r.yields) {
				continue
			}
			v, holds := r.Holds(c)
			if !holds {
				continue
			}
			kinds = append(kinds, r.Kind)
			if r.Per == PerCell {
				list = append(list, t.evidence(Finding{Rule: r, Cell: c, Value: v}))
				continue
			}
			at := slices.IndexFunc(shared, func(f Finding) bool {
				return f.Rule == r && (r.Per == PerTable || f.Cell.Workers == c.Workers)
			})
			if at < 0 {
				at = len(shared)
				shared = append(shared, Finding{Rule: r, Cell: c, Value: v})
			}
			f := &shared[at]
			f.All = append(f.All, Match{c, v})
			if v.Median > f.Value.Median {
				f.Cell, f.Value = c, v
			}
		}
	}
	return append(list, shared...)
}

// evidence adds what the finding is about.
func (t *Table) evidence(f Finding) Finding {
	c := f.Cell
	f.Explains = explains(f)
	switch f.Rule.Kind {
	case ContendedLock:
		return t.lockEvidence(f)
	case LoggerLock:
		f.Site = c.Traces.site(func(s breakdown.Site) bool {
			return s.State == breakdown.Lock &&
				isLogger(s.Primitive)
		})
	case HeldAcross:
		f.Site = c.Traces.site(func(s breakdown.Site) bool { return s.State == breakdown.Lock })
		f.Hold, f.Part = c.Traces.lock()
	case ChannelAsLock:
		f.Pair = c.Token()
	case SmallChannel:
		f.Pair = c.Rendezvous()
	case IdleWorkers:
		f.Site = c.Traces.site(func(s breakdown.Site) bool {
			return s.State == breakdown.Idle && !strings.HasPrefix(s.Where, "(")
		})
		f.End = c.Traces.end(breakdown.Idle)
	case SerialStage:
		f.Role = c.Stage()
	case Herd:
		f.Site = c.Herd()
	case Sleeping:
		f.Site, _ = c.Napping()
	case Yielding:
		f.Site = c.Traces.site(func(s breakdown.Site) bool { return s.Primitive == yield })
	case SystemCalls:
		f.Spot = c.spot(profile.Syscalls)
	case Allocation:
		f.Spot = c.spot(profile.Allocate)
	case CollectorBound:
		f.Spot = c.spot(profile.Allocate)
	case ReaderCounter, HotAtomic, HotLine, MemoryCopies, WastedCycles:
		if c.Loss != nil && len(c.Loss.Classes) > 0 {
			f.Grown = &c.Loss.Classes[0]
			f.Spot = &f.Grown.Spot
		}
	}
	return f
}

// site returns the largest site that of accepts; nil if there is none.
func (t *Traces) site(of func(breakdown.Site) bool) *breakdown.Site {
	for _, s := range t.Sites() {
		if of(s) {
			return &s
		}
	}
	return nil
}

// end returns what ends most waits in a state; nil if no goroutine does.
func (t *Traces) end(of breakdown.State) *breakdown.End {
	for _, e := range t.Ends() {
		if e.State == of && !strings.HasPrefix(e.By, "(") {
			return &e
		}
	}
	return nil
}

// spot returns the line of the crawler with most processor time in a class; nil if it is unknown.
func (c *Cell) spot(class profile.Class) *profile.Spot {
	sums := map[profile.Spot]float64{}
	for _, r := range c.repeats() {
		for _, s := range r.Spots {
			sec := s.Seconds
			if s.Seconds = 0; s.Class == class && s.Where != "" {
				sums[s] += sec
			}
		}
	}
	var best *profile.Spot
	for s, sec := range sums {
		if best == nil || sec > best.Seconds || sec == best.Seconds && s.Where < best.Where {
			s.Seconds = sec
			best = &s
		}
	}
	return best
}

// lockEvidence adds the explanation of a contended lock.
func (t *Table) lockEvidence(f Finding) Finding {
	for _, s := range f.Cell.Traces.Sites() {
		if s.State == breakdown.Lock {
			f.Site = &s
			break
		}
	}
	f.End = f.Cell.Traces.end(breakdown.Lock)
	var best *Cell
	for _, d := range t.Group(f.Cell.Workers).Cells {
		if d != f.Cell && d.Traces != nil && d.Traces.Share(breakdown.Lock) <= f.Value.Median/4 &&
			(best == nil || d.Summary.Center > best.Summary.Center) {
			best = d
		}
	}
	if best != nil {
		if x, _ := best.Compared(f.Cell); x.Verdict == stat.Faster {
			f.Faster = x
		}
	}
	return f
}
