package report

import (
	"fmt"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain"
)

// machineFigures draw how machines agree about the best crawler and the baseline, a figure for each condition and kind
// of processors with several machines.
func machineFigures(a *diagnose.Analysis) (list []*Figure) {
	for _, s := range a.Machines.Strata {
		choices := s.Choices
		if !s.Decided() {
			choices = s.Machines[0].Own.Choices
		}
		for _, c := range choices[:min(mostChoices, len(choices))] {
			best := c.Best
			if best.Impl == a.Baseline && len(c.Others) > 0 {
				best = c.Others[0].Cell
			}
			if len(s.Machines) > 1 && best.Impl != a.Baseline {
				list = append(list, machineFigure(a, s, best))
			}
		}
	}
	return list
}

// machineFigure draws the ratio of a cell to the baseline on each machine, and over all.
func machineFigure(a *diagnose.Analysis, s *diagnose.Stratum, c *diagnose.Cell) *Figure {
	title := fmt.Sprintf("%s with %s relative to %s, machine by machine", c.Impl, plain.Count(c.Workers, "worker"), a.Baseline)
	f := &Figure{Title: title, Numbers: Table{Head: []string{"", "times", "from", "to"}}, Sentence: Condition(
		diagnose.KeyOf(c.Cell)) + ". Each machine has the 95 % interval of its rounds alone."}
	var ratios []Ratio
	add := func(r Ratio) {
		r.Color = ColorOf(c.Impl)
		ratios = append(ratios, r)
		f.Numbers.add(r.Label, end(r.Value, thousandths), end(r.Lo, thousandths), end(r.Hi, thousandths))
	}
	for _, m := range s.Machines {
		if own := m.Own.Cell(c.ID()); own != nil && own.Versus != nil {
			x := own.Versus.Floor()
			add(Ratio{Label: m.Name, Value: x.Value, Lo: x.Lo, Hi: x.Hi})
		}
	}
	for _, j := range s.Pairs {
		if j.Base.Impl == a.Baseline && j.Cell == c.Cell {
			x := j.Times()
			add(Ratio{Label: plain.Count(j.Of, "machine"), Value: x.Value, Lo: x.Lo, Hi: x.Hi,
				Word: j.Verdict.String()})
			f.Sentence += fmt.Sprintf(" The interval of all is adjusted for the number of comparisons; faster on %s.", onOf(j))
		}
	}
	if len(ratios) == 0 {
		return nil
	}
	f.SVG = Forest(f.Title, f.Sentence, "times "+a.Baseline, ratios)
	return f
}
