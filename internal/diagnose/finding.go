package diagnose

import (
	"slices"

	"crawlbench/internal/breakdown"
	"crawlbench/internal/stat"
)

// Kind is the kind of a finding.
type Kind string

const (
	ContendedLock  Kind = "contended lock"
	SaturatedOwner Kind = "saturated owner"
	NarrowFrontier Kind = "narrow frontier"
	ProcessorBound Kind = "processor-bound"
	RateLimited    Kind = "rate-limited"
	LatencyBound   Kind = "latency-bound"
	WastedCycles   Kind = "wasted cycles"
	CollectorBound Kind = "collector-bound"
	StoppedGaining Kind = "stopped scaling"
	RateExceeded   Kind = "rate exceeded"
	BurstExceeded  Kind = "burst exceeded"
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
}

// Match is a cell for which a rule holds.
type Match struct {
	Cell  *Cell
	Value Value
}

// findings applies the rules to the cells of a table.
func (t *Table) findings() []Finding {
	var list, shared []Finding
	for c := range t.Cells() {
		var kinds []Kind // that hold for the cell
		for i := range rules {
			r := &rules[i]
			if !c.Valid() || slices.ContainsFunc(kinds, r.yields) {
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

// evidence adds the explanation of a contended lock.
func (t *Table) evidence(f Finding) Finding {
	if f.Rule.Kind != ContendedLock {
		return f
	}
	for _, s := range f.Cell.Traces.Sites() {
		if s.State == breakdown.Lock {
			f.Site = &s
			break
		}
	}
	for _, e := range f.Cell.Traces.Ends() {
		if e.State == breakdown.Lock {
			f.End = &e
			break
		}
	}
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
