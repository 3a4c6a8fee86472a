package plan

import "crawlbench/internal/stat"

// MachinePair is a comparison of two cells by the machines that measured both: the mean log ratio of the rounds of
// each. Ended is set if one of the two failed on any machine.
type MachinePair struct {
	Rate  Rate
	Means []float64
	Ended bool
}

// Spend leaves a share of alpha to the families; the rest is spent on the same question elsewhere.
func (f *Families) Spend(share float64) {
	f.Unlimited.Alpha *= share
	f.RateLimited.Alpha *= share
}

// DecideMachines decides all comparisons of a question over machines; see stat.Family.DecideMachines.
func (f *Families) DecideMachines(list []MachinePair) []stat.Decision {
	decisions := make([]stat.Decision, len(list))
	for _, family := range f.All() {
		var part [][]float64
		var at []int
		for i, x := range list {
			if f.At(x.Rate) != family {
				continue
			}
			if x.Ended {
				x.Means = nil
			}
			part, at = append(part, x.Means), append(at, i)
		}
		for i, d := range family.DecideMachines(part) {
			decisions[at[i]] = d
		}
	}
	return decisions
}

// DecideMachines decides the comparisons of a family over machines.
func (f *Family) DecideMachines(list [][]float64) []stat.Decision {
	if len(list) == 0 {
		return nil
	}
	d, err := f.Family.DecideMachines(list)
	if err != nil {
		panic(err) // of a family that NewFamilies does not make
	}
	f.Uneven, f.Looks, f.LagOne, f.Skewness = true, stat.FinalLook(stat.LeastMachines), 0, 0
	f.decided(d)
	f.Machines, f.Rounds = f.Rounds, 0
	return d.Comparisons
}
