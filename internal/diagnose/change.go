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

// Change is one cell before and after.
type Change struct {
	Cell     plan.Cell
	Old, New stat.Summary // pages per second
	// Comparison is of times per page, new over old; above 1 is slower. All changes are one family.
	Comparison
}

// Regressed reports whether the cell is proven slower, and by more than the share gate.
func (c Change) Regressed(gate float64) bool {
	return c.Verdict == stat.Slower && c.Ratio > 1+gate
}

// changes compares the cells with those of another program in the same rounds.
func changes(p *plan.Plan, cells, against map[plan.Cell]*Cell) []Change {
	var list []Change
	for _, c := range p.Cells {
		other := c
		other.Impl = plan.Against(c.Impl)
		now, before := cells[c], against[other]
		if now == nil || before == nil || len(now.Measured()) == 0 || len(before.Measured()) == 0 {
			continue
		}
		list = append(list, Change{Cell: c, Old: before.Summary, New: now.Summary,
			Comparison: Comparison{Paired: pair(before, now), Other: "this program", Against: "the other"}})
	}
	return adjusted(list)
}

// adjusted sets the adjusted P and the verdict of each change.
func adjusted(list []Change) []Change {
	var family []*Comparison
	for i := range list {
		family = append(family, &list[i].Comparison)
	}
	adjust(family, stat.DefaultMargin)
	return list
}

// ErrNotComparable is the kind of error of runs that cannot be compared.
var ErrNotComparable = errors.New("the runs are not comparable")

// Between compares two runs of the same plan on the same machine cell by cell. Their rounds were
// not the same, so that a
// drift of the machine between them counts as a change.
func Between(before, after *store.Run) ([]Change, error) {
	if err := same(before, after); err != nil {
		return nil, fmt.Errorf("compare %s and %s: %w: %w", before.Dir(), after.Dir(), ErrNotComparable, err)
	}
	old, new := (&Analysis{Run: before}).collect().own, (&Analysis{Run: after}).collect().own
	var list []Change
	for _, c := range after.Plan().Cells {
		o, n := old[c], new[c]
		if o == nil || n == nil || len(o.Measured()) == 0 || len(n.Measured()) == 0 {
			continue
		}
		x := Unpaired(o, n)
		x.Other, x.Against = after.Dir(), before.Dir()
		list = append(list, Change{Cell: c, Old: o.Summary, New: n.Summary, Comparison: x})
	}
	return adjusted(list), nil
}

// Unpaired compares two cells of runs that have no rounds in common. It has no verdict.
func Unpaired(base, other *Cell) Comparison {
	return Comparison{Paired: stat.Unpaired(base.times, other.times), Other: other.Impl, Against: base.Impl}
}

// Alike returns why two runs cannot be compared: different machines or conditions, different graphs
// of the same name, or
// files that were changed after they were written.
func Alike(before, after *store.Run) error {
	m, n := before.Manifest(), after.Manifest()
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

// same returns why two runs are of different plans or machines.
func same(before, after *store.Run) error {
	if err := Alike(before, after); err != nil {
		return err
	}
	p, q := before.Plan(), after.Plan()
	if p.Fetch != q.Fetch {
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
