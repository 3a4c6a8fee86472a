package diagnose

import (
	"cmp"
	"slices"
)

// Cause is the finding that explains most of what a crawler loses, with the findings that say the same of other graphs
// or crawlers.
type Cause struct {
	Finding
	Also []Finding
}

// shared are the kinds that say the same of all crawlers, as the crawler is not what limits them.
func shared(k Kind) bool {
	return slices.Contains([]Kind{RateLimited, LatencyBound, NarrowFrontier, ProcessorBound, Throttled, SmallBurst}, k)
}

// rank divides the findings into causes, one for each crawler and graph at most, and the rest. A cause is the finding
// that explains most of the lost throughput, of those with most workers; that a crawler stops scaling is one only if
// nothing says why. Findings about a limiter or the machine are causes of their own. Equal causes are merged.
func (a *Analysis) rank() {
	type subject struct {
		row    *Row
		limits Kind // not "" for a finding that is not about one crawler
		table  *Table
	}
	order := []subject{}
	best := map[subject]Finding{}
	of := func(f Finding) subject {
		switch {
		case f.Rule.Per == PerTable:
			return subject{limits: f.Rule.Kind, table: f.Cell.Table}
		case f.Rule.Per == PerGroup:
			return subject{} // with fewer processors than workers, no crawler is the cause
		}
		return subject{row: f.Cell.Row, table: f.Cell.Table}
	}
	for _, f := range a.Findings {
		s := of(f)
		if s == (subject{}) {
			continue
		}
		old, found := best[s]
		if !found {
			order = append(order, s)
		}
		if !found || better(f, old) {
			best[s] = f
		}
	}
	for _, s := range order {
		f := best[s]
		i := slices.IndexFunc(a.Causes, func(c Cause) bool {
			return c.Rule == f.Rule && (c.Cell.Impl == f.Cell.Impl && f.Rule.Per == PerCell || shared(f.Rule.Kind))
		})
		switch {
		case i < 0:
			a.Causes = append(a.Causes, Cause{Finding: f})
		case f.Explains > a.Causes[i].Explains:
			f, a.Causes[i].Finding = a.Causes[i].Finding, f
			fallthrough
		default:
			a.Causes[i].Also = append(a.Causes[i].Also, f)
		}
	}
	slices.SortStableFunc(a.Causes, func(x, y Cause) int { return cmp.Compare(y.Explains, x.Explains) })
	for _, f := range a.Findings {
		if s := of(f); s == (subject{}) || best[s].Rule != f.Rule || best[s].Cell != f.Cell {
			a.Others = append(a.Others, f)
		}
	}
}

// better reports whether x is rather the cause than y, a finding about the same crawler on the same graph.
func better(x, y Finding) bool {
	if a, b := x.Rule.Kind == StoppedGaining, y.Rule.Kind == StoppedGaining; a != b {
		return b
	}
	if x.Cell.Workers != y.Cell.Workers {
		return x.Cell.Workers > y.Cell.Workers
	}
	return x.Explains > y.Explains
}
