package diagnose

import (
	"slices"
	"testing"

	"crawlbench/internal/plan"
)

// One finding for each crawler and graph is a cause: the one that explains most. Equal causes of one crawler are
// merged.
func TestFindingsAreRankedAndMerged(t *testing.T) {
	rule := func(k Kind) *Rule {
		i := slices.IndexFunc(rules[:], func(r Rule) bool { return r.Kind == k })
		return &rules[i]
	}
	rows := map[string]*Row{}
	tables := map[string]*Table{}
	finding := func(k Kind, impl, graph string, workers int, share float64) Finding {
		if rows[impl+graph] == nil {
			rows[impl+graph] = &Row{Impl: impl}
		}
		if tables[graph] == nil {
			tables[graph] = &Table{}
		}
		return Finding{Rule: rule(k), Explains: share, Cell: &Cell{Cell: plan.Cell{Impl: impl, Graph: graph,
			Workers: workers},
			Row: rows[impl+graph], Table: tables[graph]}}
	}
	a := &Analysis{Findings: []Finding{
		finding(StoppedGaining, "mutexmap", "g", 8, 0.9),
		finding(ContendedLock, "mutexmap", "g", 8, 0.5),
		finding(SystemCalls, "mutexmap", "g", 8, 0.2),
		finding(SystemCalls, "mutexmap", "g", 2, 0.7), // with fewer workers
		finding(ContendedLock, "mutexmap", "h", 8, 0.6),
		finding(StoppedGaining, "cas", "g", 8, 0),
		finding(RateLimited, "cas", "h", 8, 1),
		finding(RateLimited, "owner", "h", 8, 1),
		finding(ProcessorBound, "cas", "g", 8, 0),
		finding(RateExceeded, "cas", "h", 8, 0),
	}}
	a.rank()
	type cause struct {
		kind        Kind
		impl, graph string
		also        int
	}
	var got []cause
	for _, c := range a.Causes {
		got = append(got, cause{c.Rule.Kind, c.Cell.Impl, c.Cell.Graph, len(c.Also)})
	}
	want := []cause{{RateLimited, "cas", "h", 1}, {ContendedLock, "mutexmap", "h", 1}, {StoppedGaining, "cas", "g", 0},
		{RateExceeded, "cas", "h", 0}}
	if !slices.Equal(got, want) {
		t.Errorf("causes %+v, want %+v", got, want)
	}
	also := 0
	for _, c := range a.Causes {
		also += len(c.Also)
	}
	if len(a.Causes)+also+len(a.Others) != len(a.Findings) {
		t.Errorf("%d causes, %d merged and %d others of %d findings", len(a.Causes), also, len(a.Others),
			len(a.Findings))
	}
}
