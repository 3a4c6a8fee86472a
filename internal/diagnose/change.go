package diagnose

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"crawlbench/internal/host"
	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
	"crawlbench/internal/store"
)

// Change is one cell before and after. Where one of the two was not measured, its summary has no samples, and nothing
// is decided.
type Change struct {
	Cell     plan.Cell
	Old, New stat.Summary // pages per second
	// Comparison is of times per page, new over old; above 1 is slower. All changes are decided together.
	Comparison
	// Beside is the same as benchstat makes it.
	Beside BenchstatComparison
}

// Gate returns what a gate at a regression by that share says of all changes together.
func Gate(list []Change, gate float64) stat.Gate {
	var d stat.Decisions
	for _, c := range list {
		d.Comparisons = append(d.Comparisons, c.Decision)
	}
	return d.Gate(gate, 0)
}

// changes compares the cells with those of another program in the same rounds.
func (a *Analysis) changes(all cells) (list []Change) {
	_, decisions := a.measured().Decide(plan.Programs)
	i := 0
	for base, other := range a.Run.Plan().Pairs(plan.Programs) {
		list = append(list, change(all.against[base], all.own[other], "the other", "this program", decisions[i]))
		i++
	}
	return list
}

func change(before, after *Cell, against, other string, d stat.Decision) Change {
	x := Comparison{d, other, against, after.Transport}
	return Change{after.Cell, before.Summary, after.Summary, x, beside(&x, before, after)}
}

// ErrNotComparable is the error for runs that cannot be compared.
var ErrNotComparable = errors.New("the runs are not comparable")

// CompareRuns compares two runs of the same plan on the same machine cell by cell, round by round as if these had
// been the same: that is a fair match of independent samples, in which a dependence of rounds is found too. But a
// drift of the machine between the runs counts as a change.
func CompareRuns(before, after *store.Run) ([]Change, error) {
	if err := samePlan(before, after); err != nil {
		return nil, fmt.Errorf("compare %s and %s: %w: %w", before.Dir(), after.Dir(), ErrNotComparable, err)
	}
	old, new := (&Analysis{Run: before}).collect().own, (&Analysis{Run: after}).collect().own
	declared := func(yield func(base, other plan.Cell) bool) {
		for _, c := range after.Plan().Cells {
			if new[c] != nil && !yield(c, c) {
				return
			}
		}
	}
	var pairs []plan.Pair
	for c := range declared {
		pairs = append(pairs, plan.Pair{Rate: c.Rate, Base: old[c].times, Other: new[c].times})
	}
	decisions := plan.NewFamilies(declared, after.Plan()).Decide(pairs)
	var list []Change
	for c := range declared {
		list = append(list, change(old[c], new[c], before.Dir(), after.Dir(), decisions[len(list)]))
	}
	return list, nil
}

// Unpaired compares the throughput of two cells of runs that have no rounds in common: other over base. It has no
// verdict.
func Unpaired(base, other *Cell) stat.Interval {
	p := stat.Unpaired(base.times, other.times)
	return inverse(stat.Interval{Value: p.Ratio, Lo: p.Lo, Hi: p.Hi})
}

// checkComparable returns an error if two runs cannot be compared: different machines or
// conditions, different graphs of the same name, or files that were modified after they were
// written.
func checkComparable(before, after *store.Run) error {
	m, n := before.Manifest(), after.Manifest()
	if before.Several() || after.Several() {
		return errors.New("rounds of several machines have no pairs in another run: compare crawlers in one run, or " +
			"programs with -against")
	}
	if differ := host.Differ(m.Host, n.Host); len(differ) > 0 {
		var what []string
		for _, key := range differ {
			what = append(what, fmt.Sprintf("%s is %q and %q", key, m.Host[key], n.Host[key]))
		}
		return fmt.Errorf("they were measured on different machines (%s): run both on one", strings.Join(what, "; "))
	}
	for _, run := range []*store.Run{before, after} {
		if err := run.Changed(); err != nil {
			return fmt.Errorf("%s: %w: restore it from a backup, or measure again", run.Dir(), err)
		}
	}
	for _, d := range store.Differences(before, after) {
		if d.Matters {
			return fmt.Errorf("they were measured under different conditions: %v: run both under the same", d)
		}
	}
	return sameGraphs(m, n)
}

// sameGraphs returns an error if graphs of the same name differ.
func sameGraphs(m, n store.Manifest) error {
	for _, g := range m.Graphs {
		for _, h := range n.Graphs {
			if g.Name == h.Name && !g.Same(h) {
				return fmt.Errorf("their graphs called %s differ (%s and %s): run both on the same", g.Name, g.Spec,
					h.Spec)
			}
		}
	}
	return nil
}

// samePlan returns an error if two runs have different plans or machines.
func samePlan(before, after *store.Run) error {
	if err := checkComparable(before, after); err != nil {
		return err
	}
	p, q := before.Plan(), after.Plan()
	if !p.SameSite(q) {
		return errors.New("their sites behave differently: run the same scenario twice")
	}
	for _, x := range []struct {
		which    string
		in, from *plan.Plan
	}{{"first", p, q}, {"second", q, p}} {
		for _, c := range x.in.Cells {
			if !slices.Contains(x.from.Cells, c) {
				return fmt.Errorf("only the %s has cell %s: run the same scenario twice", x.which, c.ID())
			}
		}
	}
	return nil
}

// CheckSimulated returns an error if two simulated runs cannot be compared: their sites or their graphs differ. Their
// machines make no difference.
func CheckSimulated(before, after *store.Run) error {
	err := sameGraphs(before.Manifest(), after.Manifest())
	if err == nil && !before.Plan().SameSite(after.Plan()) {
		err = errors.New("their sites or policies differ: run the same scenario twice")
	}
	if err != nil {
		return fmt.Errorf("compare %s and %s: %w: %w", before.Dir(), after.Dir(), ErrNotComparable, err)
	}
	return nil
}
