package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/host"
	"crawlbench/internal/plain"
	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
	"crawlbench/internal/store"
)

// machinesTitle is the title of the section on the machines of a run.
const machinesTitle = "Machines"

// MachineOf describes the machine of a run, or its machines.
func MachineOf(m store.Manifest) string {
	if n := len(m.Machines); n > 1 {
		models := map[string]bool{}
		for _, x := range m.Machines {
			models[host.Model(x.Host)] = true
		}
		if len(models) > 1 {
			return fmt.Sprintf("%s with %d kinds of processors", plain.Count(n, "machine"), len(models))
		}
		return fmt.Sprintf("%s with %s", plain.Count(n, "machine"), host.Model(m.Machines[0].Host))
	}
	return host.Model(m.Host)
}

// origin says which part of a run a shard is, or what a run was merged from; "" for any other.
func origin(m store.Manifest) string {
	switch {
	case m.Shard != nil:
		return fmt.Sprintf("; shard %v of run %s", m.Shard, m.Shard.Run)
	case len(m.Parts) > 0:
		return fmt.Sprintf("; merged from %s of %s", plain.Count(len(m.Parts), "shard"),
			plain.Count(len(m.Machines), "machine"))
	}
	return ""
}

// betweenMachines is how far ratios are assumed to differ between machines when a plan is shown.
const betweenMachines = 0.05

// Shard says how many rounds of a plan a shard measures, in which time, and what the machines can find together.
func Shard(p *plan.Plan, s store.Shard, rounds int, takes time.Duration) string {
	text := fmt.Sprintf("Shard %v measures %d of these %s, in about %s", s, rounds, plain.Count(p.Rounds, "round"),
		Duration(takes))
	switch {
	case len(p.Passes) > 0 && s.HasPasses():
		text += ", and takes all profiles"
	case len(p.Passes) > 0:
		text += "; shard 1 takes the profiles"
	}
	f := p.Families(plan.Crawlers).Unlimited
	if s.Of < stat.LeastMachines || f.Size == 0 {
		return text + "."
	}
	return text + fmt.Sprintf(". On %s whose ratios differ by %s, %s have an MDE of %s.", plain.Count(s.Of, "machine"),
		effect(1+betweenMachines), plain.Count(f.Size, "comparison"), effect(f.MachinesMDE(s.Of, betweenMachines)))
}

// noVerdict says why machines are not compared together; "" if they are.
func noVerdict(x *diagnose.Machines) string {
	switch {
	case x.Joint() != nil:
		return ""
	case len(x.Strata) > 1:
		return fmt.Sprintf("%s have %d kinds of processors, which are not averaged", plain.Count(len(x.List), "machine"),
			len(x.Strata))
	}
	return fmt.Sprintf("%s were measured, and %d are needed", plain.Count(len(x.List), "machine"), stat.LeastMachines)
}

// speaker is a stratum with verdicts, or a machine of another stratum, with what it recommends.
type speaker struct {
	name    string
	choices []diagnose.Choice
	joint   *diagnose.Stratum // nil for a single machine
}

// speakers returns the strata and machines that recommend crawlers.
func speakers(x *diagnose.Machines) (list []speaker) {
	for _, s := range x.Strata {
		if s.Decided() {
			name := fmt.Sprintf("%s with %s", plain.Count(len(s.Machines), "machine"), s.Model)
			list = append(list, speaker{name, s.Choices, s})
			continue
		}
		for _, m := range s.Machines {
			list = append(list, speaker{fmt.Sprintf("%s (%s)", m.Name, m.Model), m.Own.Choices, nil})
		}
	}
	return list
}

// mostSpeakers is the maximum number of machines or strata in the first sentence.
const mostSpeakers = 3

// summaryOfMachines is the first sentence of a report on several machines.
func summaryOfMachines(a *diagnose.Analysis) string {
	x := a.Machines
	if bad := a.Trust.Machines; len(bad) > 0 {
		return fmt.Sprintf("On %s: %s", bad[0].Name, summary(bad[0].Own))
	}
	if tr := a.Trust; tr.Busy() || tr.Untrusted() {
		return untrusted(a)
	}
	controls, _ := a.Trust.Controls()
	trust := "good"
	if controls == 0 {
		trust = "unknown, no A/A control"
	}
	if why := noVerdict(x); why != "" {
		text := "No joint verdict, as " + why + "."
		all := speakers(x)
		for _, s := range all[:min(mostSpeakers, len(all))] {
			text += fmt.Sprintf(" On %s, %s.", s.name, lowered(recommendation(s.choices)))
		}
		if n := len(all) - mostSpeakers; n > 0 {
			text += fmt.Sprintf(" %d more below.", n)
		}
		return text + " Trust: " + trust + "."
	}
	switch choices := x.Joint().Choices; {
	case len(choices) == 0:
		return "Nothing was measured."
	case len(choices[0].Others) == 0:
		return fmt.Sprintf("There is only one crawler, %s, to compare on %s; trust: %s.", choices[0].Best.Impl,
			plain.Count(len(x.List), "machine"), trust)
	}
	return fmt.Sprintf("%s; on %s; trust: %s.", recommendation(x.Joint().Choices), plain.Count(len(x.List), "machine"),
		trust)
}

// lowered returns a sentence as the end of another one.
func lowered(text string) string {
	if rest, ok := strings.CutPrefix(text, "Use "); ok {
		return "use " + rest
	}
	return text
}

// headlinesOfMachines say which crawler is the fastest, over machines or on each.
func headlinesOfMachines(a *diagnose.Analysis) (list []string) {
	for _, s := range speakers(a.Machines) {
		for _, c := range s.choices {
			if s.joint == nil {
				list = append(list, fmt.Sprintf("On %s: %s", s.name, headline(c)))
			} else {
				list = append(list, jointHeadline(a, s, c))
			}
		}
	}
	return list
}

// jointHeadline says which crawler is the fastest over the machines of a stratum.
func jointHeadline(a *diagnose.Analysis, s speaker, c diagnose.Choice) string {
	is, open := standing(c, "mean")
	text := fmt.Sprintf("%s: %s with %s %s on %s", Condition(c.Key), c.Best.Impl, plain.Count(c.Best.Workers, "worker"),
		is, s.name)
	if len(open) > 0 {
		text += "; not proven slower: " + strings.Join(open, ", ")
	}
	for _, j := range s.joint.Pairs {
		if j.Base.Impl == a.Baseline && j.Cell == c.Best.Cell {
			text += fmt.Sprintf("; it has %s; faster on %s", overBaseline(&j.Comparison), onOf(j))
		}
	}
	return text + "."
}

// onOf says on how many machines the cell of a joint comparison is faster.
func onOf(j *diagnose.Joint) string {
	return fmt.Sprintf("%d of %s", j.Faster, plain.Count(j.Of, "machine"))
}

// trustOfMachines says whether a run on several machines can be believed, and what it can show.
func trustOfMachines(a *diagnose.Analysis) (list []string) {
	for _, m := range a.Trust.Machines {
		list = append(list, fmt.Sprintf("On %s: %s", m.Name, trust(m.Own)[0]))
	}
	if len(list) == 0 && a.Trust.Untrusted() {
		list = append(list, "UNTRUSTED: "+untrusted(a))
	}
	for _, s := range a.Machines.Strata {
		if !s.Decided() {
			continue
		}
		for _, n := range []diagnose.Noise{s.Unlimited, s.RateLimited} {
			for _, text := range noise(a, n) {
				if len(a.Machines.Strata) > 1 {
					text = s.Model + ": " + text
				}
				list = append(list, text)
			}
		}
	}
	if why := noVerdict(a.Machines); why != "" {
		list = append(list, "No joint verdict: "+why+".")
	}
	return append(list, fmt.Sprintf("Profiles, causes, figures and cells come from %s alone: what limits a crawler on "+
		"other machines is unknown.", a.Machines.List[0].Name))
}

// machinesMethod says how several machines are compared.
func machinesMethod(a *diagnose.Analysis) (list [][2]string) {
	list = append(list, [2]string{"machines", fmt.Sprintf("a machine is a random block: the mean log ratio of its "+
		"rounds is one value. With %d or more machines of one kind of processor, a t-test over these values decides, "+
		"with p and interval adjusted by Holm's method; rounds of different machines are never pooled. The kinds of "+
		"processors with such verdicts and the remaining machines share the permitted error", stat.LeastMachines)})
	for _, m := range a.Machines.List {
		text := m.Model
		for _, key := range []string{"memory", "kernel", "governor", "hypervisor"} {
			if v := m.Host[key]; v != "" {
				text += ", " + key + " " + property(key, v)
			}
		}
		list = append(list, [2]string{"machine " + m.Name, text})
	}
	return list
}

// ofMachines puts a section on all machines before those of the first machine, and names that where it is alone.
func (p *Page) ofMachines(a *diagnose.Analysis) {
	first := a.Machines.List[0]
	for i := range p.Sections {
		p.Sections[i].Title += " on " + first.Name
		// These are in the new section.
		p.Sections[i].Groups = slices.DeleteFunc(p.Sections[i].Groups, func(g Group) bool {
			return g.Title == comparedTitle(a.Baseline) || a.Machines.Joint() != nil && g.Title == winnersTitle
		})
		for j, g := range p.Sections[i].Groups {
			for k, t := range g.Tables {
				p.Sections[i].Groups[j].Tables[k] = t.on(first)
			}
		}
	}
	p.Sections = append([]Section{machinesSection(a)}, p.Sections...)
	for i := range p.Findings {
		p.Findings[i].Text = "on " + first.Name + ", " + p.Findings[i].Text
	}
	for i := range p.Others {
		p.Others[i].Text = "on " + first.Name + ", " + p.Others[i].Text
	}
}

// MachineName returns the name of the machine on which a cell was measured, for a run on several; "" otherwise.
func MachineName(a *diagnose.Analysis) string {
	if a.Machines == nil {
		return ""
	}
	return a.Machines.List[0].Name
}

// units says by how many machines or rounds a family was decided.
func units(f *plan.Family) string {
	if f.Machines > 0 {
		return plain.Count(f.Machines, "machine")
	}
	return plain.Count(f.Rounds, "round")
}
