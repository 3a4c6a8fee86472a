package diagnose

import (
	"math"
	"slices"

	"crawlbench/internal/host"
	"crawlbench/internal/parallel"
	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
	"crawlbench/internal/store"
)

// Machines are the machines of a run that was merged from shards. A crawler that is faster on one machine may be slower
// on another, so rounds of different machines are never pooled: each machine is analysed alone, and verdicts over
// several machines come from the mean of each.
type Machines struct {
	List   []*Machine // the first one took the profiles
	Strata []*Stratum
}

// Machine is one machine, with the analysis of its rounds alone.
type Machine struct {
	store.Machine
	Model  string // of its processors
	Rounds int
	Own    *Analysis
	all    cells
}

// Stratum groups the machines with the same model of processor. With stat.LeastMachines or more they are decided
// together; with fewer, only Model and Machines are set.
type Stratum struct {
	Model    string
	Machines []*Machine
	// Families and Controls are decided over machines. Their comparisons are Pairs and Same.
	Families, Controls     *plan.Families
	Pairs, Same            []*Joint
	Choices                []Choice
	Changes                []Change
	Unlimited, RateLimited Noise
}

// Joint is the comparison of two cells over the machines of a stratum.
type Joint struct {
	Comparison
	Base, Cell plan.Cell
	By         []stat.MachineRatio // by machine of the stratum; NaN without rounds of both cells
	// Of is the number of machines that measured both cells. On Faster of them, Cell is faster on
	// average.
	Faster, Of int
	Spread     stat.Heterogeneity
	failed     bool // one of the cells, on any machine
}

// Decided reports whether the stratum has verdicts.
func (s *Stratum) Decided() bool { return s.Families != nil }

// Joint returns the stratum whose verdicts hold for the whole run: the only one, if it has enough machines. Otherwise
// it returns nil.
func (x *Machines) Joint() *Stratum {
	if len(x.Strata) == 1 && x.Strata[0].Decided() {
		return x.Strata[0]
	}
	return nil
}

// compareMachines compares the crawlers of a run that was measured on several machines. The permitted error is divided
// equally: among the machines for their own verdicts, and among strata, or the machines of strata that are too small,
// for joint ones.
func compareMachines(run *store.Run) *Analysis {
	list := run.Manifest().Machines
	x := &Machines{List: make([]*Machine, len(list))}
	parallel.Each(len(list), func(i int) {
		part, err := run.On(list[i].Name)
		if err != nil {
			panic(err) // the name is one of the run's
		}
		m := &Machine{Machine: list[i], Model: host.Model(list[i].Host), Rounds: len(part.Rounds())}
		m.Own, m.all = begin(part, 1/float64(len(list)))
		m.Own.choose()
		m.Own.Changes = m.Own.changes(m.all)
		x.List[i] = m
	})
	for _, m := range x.List {
		i := slices.IndexFunc(x.Strata, func(s *Stratum) bool { return s.Model == m.Model })
		if i < 0 {
			i = len(x.Strata)
			x.Strata = append(x.Strata, &Stratum{Model: m.Model})
		}
		x.Strata[i].Machines = append(x.Strata[i].Machines, m)
	}
	claims := 0
	for _, s := range x.Strata {
		if len(s.Machines) >= stat.LeastMachines {
			claims++
		} else {
			claims += len(s.Machines)
		}
	}
	for _, s := range x.Strata {
		if len(s.Machines) >= stat.LeastMachines {
			s.analyse(run.Plan(), 1/float64(claims))
		}
	}
	a := *x.List[0].Own
	a.Run, a.Machines = run, x
	x.trust(&a)
	a.Changes = x.changes(run.Plan())
	return &a
}

// analyse fills in the results over all machines of the stratum.
func (s *Stratum) analyse(p *plan.Plan, share float64) {
	s.Families, s.Pairs = s.decide(p, plan.Crawlers, share)
	s.Controls, s.Same = s.decide(p, plan.Controls, share)
	s.Unlimited = s.noise(&s.Families.Unlimited)
	s.RateLimited = s.noise(&s.Families.RateLimited)
	s.choose(share)
	_, programs := s.decide(p, plan.Programs, share)
	s.Changes = s.changes(programs)
}

// decide compares all pairs of a question over the machines. Pairs with a failed cell get no verdict and are not
// returned.
func (s *Stratum) decide(p *plan.Plan, q plan.Question, share float64) (*plan.Families, []*Joint) {
	f := p.Families(q)
	f.Spend(share)
	var all []*Joint
	var list []plan.MachinePair
	for base, other := range p.Pairs(q) {
		j := s.joint(q, base, other)
		all = append(all, j)
		list = append(list, plan.MachinePair{Rate: base.Rate, Means: means(j.By), Ended: j.failed})
	}
	for i, d := range f.DecideMachines(list) {
		all[i].Decision = d
	}
	return f, slices.DeleteFunc(all, func(j *Joint) bool { return j.failed || j.Of == 0 })
}

// joint returns a comparison that is not decided yet.
func (s *Stratum) joint(q plan.Question, base, other plan.Cell) *Joint {
	j := &Joint{Base: base, Cell: other, Comparison: Comparison{Other: other.Impl, Against: base.Impl,
		Transport: base.Transport}}
	for _, m := range s.Machines {
		b, o := m.all.own[base], m.all.own[other]
		switch q {
		case plan.Controls:
			o = m.all.controls[other]
		case plan.Programs:
			b = m.all.against[base]
		}
		j.failed = j.failed || b.Failure != nil || o.Failure != nil
		r := stat.OnMachine(stat.LogRatios(b.times, o.times))
		j.By = append(j.By, r)
		if r.Rounds > 0 {
			j.Of++
		}
		if r.Mean < 0 {
			j.Faster++
		}
	}
	j.Spread = stat.Disagreement(j.By)
	return j
}

// means returns the mean log ratios of the machines that have one.
func means(list []stat.MachineRatio) (out []float64) {
	for _, r := range list {
		if r.Rounds > 0 {
			out = append(out, r.Mean)
		}
	}
	return out
}

// noise returns the noise of the tables that a family belongs to.
func (s *Stratum) noise(f *plan.Family) Noise {
	n := Noise{Family: f, Floor: math.NaN(), Worst: math.NaN(), Detectable: math.Inf(1), Noisiest: math.Inf(1)}
	var controls []*Comparison
	for _, j := range s.Same {
		if (j.Base.Rate > 0) == f.Equivalence {
			controls = append(controls, &j.Comparison)
		}
	}
	n.controlled(controls)
	if !math.IsNaN(f.SD) {
		n.Detectable, n.Noisiest = f.MDE(f.SD), f.MDE(f.Widest)
	}
	return n
}

// Speed returns the pages per second of a cell: the geometric mean of the machines' medians; NaN if no machine measured
// it.
func (s *Stratum) Speed(c plan.Cell) float64 {
	sum, n := 0.0, 0.0
	for _, m := range s.Machines {
		for _, part := range []map[plan.Cell]*Cell{m.all.own, m.all.against} {
			if d := part[c]; d != nil && d.Sound() {
				sum, n = sum+math.Log(d.Summary.Center), n+1
			}
		}
	}
	return math.Exp(sum / n)
}

// choose fills in the choices.
func (s *Stratum) choose(share float64) {
	s.Choices = s.Machines[0].Own.chosen(chooser{
		share: share,
		sound: func(c *Cell) bool { return c.Failure == nil && !math.IsNaN(s.Speed(c.Cell)) },
		speed: func(c *Cell) float64 { return s.Speed(c.Cell) },
		pair: func(best, other *Cell) *Comparison {
			for _, j := range s.Pairs {
				switch {
				case j.Cell == best.Cell && j.Base == other.Cell:
					return &j.Comparison
				case j.Base == best.Cell && j.Cell == other.Cell:
					return j.turned()
				}
			}
			return undecided(best.Cell, other.Cell) // no machine has both
		},
		apart: func(f *plan.Family, list [][2]*Cell) []stat.Decision {
			var all [][]float64
			for _, x := range list {
				all = append(all, means(s.joint(plan.Crawlers, x[1].Cell, x[0].Cell).By))
			}
			return f.DecideMachines(all)
		},
	})
}

// changes returns the changes for comparisons of two programs. In their summaries, Center comes from Speed and N is the
// number of machines.
func (s *Stratum) changes(list []*Joint) (out []Change) {
	for _, j := range list {
		out = append(out, Change{Cell: j.Cell, Old: stat.Summary{Center: s.Speed(j.Base), N: j.Of},
			New: stat.Summary{Center: s.Speed(j.Cell), N: j.Of}, Comparison: j.Comparison})
	}
	return out
}

// changes returns the changes of the whole run. Without a joint verdict, all are undecided.
func (x *Machines) changes(p *plan.Plan) (out []Change) {
	if s := x.Joint(); s != nil {
		return s.Changes
	}
	for base, other := range p.Pairs(plan.Programs) {
		out = append(out, Change{Cell: other, Comparison: *undecided(other, base)})
	}
	return out
}

// undecided returns a comparison without data.
func undecided(other, against plan.Cell) *Comparison {
	wide := stat.Interval{Value: math.NaN(), Lo: 0, Hi: math.Inf(1)}
	return &Comparison{Other: other.Impl, Against: against.Impl, Transport: other.Transport,
		Decision: stat.Decision{Ratio: wide, Alone: wide, P: 1, Look: -1}}
}

// trust sets the trust of a from that of all machines.
func (x *Machines) trust(a *Analysis) {
	t := Trust{Flags: map[string]int{}, Unlimited: a.Trust.Unlimited, RateLimited: a.Trust.RateLimited}
	if s := x.Joint(); s != nil {
		t.Unlimited, t.RateLimited = s.Unlimited, s.RateLimited
	}
	for _, m := range x.List {
		own := m.Own.Trust
		t.Samples, t.Flagged, t.Repeated = t.Samples+own.Samples, t.Flagged+own.Flagged, t.Repeated+own.Repeated
		t.Bimodal += own.Bimodal
		for f, n := range own.Flags {
			t.Flags[f] += n
		}
		if own.Untrusted() {
			t.Machines = append(t.Machines, m)
		}
	}
	a.Trust = t
}
