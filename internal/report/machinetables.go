package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain"
)

// machinesSection shows the machines, what they say together, and each alone.
func machinesSection(a *diagnose.Analysis) Section {
	x := a.Machines
	s := Section{ID: "machines", Title: machinesTitle,
		Groups: []Group{{Title: machinesTitle, Main: true, Tables: []Table{machineList(x)}}}}
	s.add(machineFigures(a)...)
	for i := range s.Figures {
		s.Figures[i].ID = fmt.Sprintf("%s-%d", s.ID, i+1)
	}
	for _, part := range x.Strata {
		if part.Decided() {
			s.Groups = append(s.Groups, Group{"Together: " + part.Model, true, jointTables(a, part)})
		}
		s.Groups = append(s.Groups, Group{"Machine by machine: " + part.Model, !part.Decided(), byMachine(a, part)})
	}
	for _, m := range x.List[1:] { // those of the first are in the other sections
		g := Group{Title: throughputTitle + " on " + m.Name, Main: x.Joint() == nil && len(x.List) <= mostSpeakers}
		for _, t := range m.Own.Tables {
			g.Tables = append(g.Tables, throughputs(t).on(m))
		}
		s.Groups = append(s.Groups, g)
	}
	for i, g := range s.Groups {
		s.Groups[i].Tables = slices.DeleteFunc(g.Tables, func(t Table) bool { return len(t.Rows) == 0 })
	}
	return s
}

// on names the machine in the titles of a table.
func (t Table) on(m *diagnose.Machine) Table {
	for _, text := range []*string{&t.About, &t.Brief, &t.OneLine} {
		if *text != "" {
			*text = m.Name + ": " + *text
		}
	}
	return t
}

// machineList is the table of machines.
func machineList(x *diagnose.Machines) Table {
	t := Table{Brief: "machines", Head: []string{"machine", "processors", "shards", "rounds", "flagged", "noise floor"},
		About: "The machines and how far each can be trusted. Noise floor: the worst cell of its A/A control, and the median."}
	for _, m := range x.List {
		var shards []string
		for _, n := range m.Shards {
			shards = append(shards, fmt.Sprint(n))
		}
		floor := m.Own.Trust.Unlimited
		if floor.Controls == 0 {
			floor = m.Own.Trust.RateLimited
		}
		text := "not measured"
		if floor.Controls > 0 {
			text = fmt.Sprintf("%s, %s", reach(floor.Worst), reach(floor.Floor))
		}
		t.add(m.Name, m.Model, strings.Join(shards, ", "), fmt.Sprint(m.Rounds), fmt.Sprintf("%s of %s",
			plain.Number(m.Own.Trust.Flagged), plain.Count(m.Own.Trust.Samples, "sample")), text)
	}
	return t
}

// jointAbout describes the columns of jointTables.
const jointAbout = "SD between, within: standard deviations of the ratio, between machines beyond the noise of their rounds, and between rounds of one machine. Adjusted p: for no difference. Agreement, p: for the same ratio on all machines, by an F-test of Cochran's Q."

// jointTables are the comparisons with the baseline over the machines of a stratum, a table for each condition.
func jointTables(a *diagnose.Analysis, s *diagnose.Stratum) (tables []Table) {
	at := map[diagnose.Key]int{}
	for _, j := range s.Pairs {
		if j.Base.Impl != a.Baseline {
			continue
		}
		k := diagnose.KeyOf(j.Cell)
		i, ok := at[k]
		if !ok {
			i = len(tables)
			at[k] = i
			about := fmt.Sprintf("%s: times %s's %s, over %s", Condition(k), a.Baseline, perSecondOf(k.Transport),
				plain.Count(len(s.Machines), "machine"))
			tables = append(tables, Table{About: about + ". " + jointAbout, Brief: about,
				Head: []string{"crawler", "workers", "times", "adjusted p", "faster on", "SD between, within",
					"agreement, p"}})
		}
		word := j.Verdict.String()
		tables[i].Rows = append(tables[i].Rows, []Entry{{Text: j.Cell.Impl}, {Text: fmt.Sprint(j.Cell.Workers)},
			{Text: times(j.Times()) + " " + word, Short: times(j.Times()) + " " + verdictMark(j.Verdict), Class: word},
			{Text: pValue(j.P)},
			{Text: fmt.Sprintf("%d of %d", j.Faster, j.Of)},
			{Text: spread(j.Spread.Between) + ", " + spread(j.Spread.Within)}, {Text: end(j.Spread.P, pValue)}})
	}
	return tables
}

// spread formats a standard deviation of log ratios.
func spread(sd float64) string {
	if math.IsNaN(sd) {
		return "?"
	}
	return effect(math.Exp(sd))
}

// byMachine are the comparisons with the baseline on each machine of a stratum, a table for each condition. Where the
// machines are compared together, those of each have no verdict.
func byMachine(a *diagnose.Analysis, s *diagnose.Stratum) (tables []Table) {
	for _, t := range s.Machines[0].Own.Tables {
		about := fmt.Sprintf("%s: times %s's %s on each machine", Condition(t.Key), a.Baseline,
			perSecondOf(t.Transport))
		out := Table{About: about + ", with the 95 % interval of its rounds alone",
			Head: []string{"crawler", "workers"}}
		if !s.Decided() {
			out.About, out.Brief = about+", paired by round", about+" (? inconclusive, = equivalent)"
		}
		for _, m := range s.Machines {
			out.Head = append(out.Head, m.Name)
		}
		for c := range t.Cells() {
			if c.Impl == a.Baseline {
				continue
			}
			row, known := []Entry{{Text: c.Impl}, {Text: fmt.Sprint(c.Workers)}}, false
			for _, m := range s.Machines {
				e := Entry{Text: "-"}
				if own := m.Own.Cell(c.ID()); own != nil && own.Versus != nil {
					e, known = versusOn(own.Versus, s.Decided()), true
				}
				row = append(row, e)
			}
			if known {
				out.Rows = append(out.Rows, row)
			}
		}
		tables = append(tables, out)
	}
	return tables
}

// versusOn is a comparison on one machine, with its verdict unless machines are compared together.
func versusOn(c *diagnose.Comparison, together bool) Entry {
	if together {
		return Entry{Text: times(c.Floor())}
	}
	word := c.Verdict.String()
	return Entry{Text: times(c.Times()) + " " + word,
		Short: fmt.Sprintf("%.2fx %s", c.Times().Value, verdictMark(c.Verdict)), Class: word}
}
