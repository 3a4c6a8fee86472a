package stat

import (
	"fmt"
	"math"

	"github.com/aclements/go-moremath/mathx"
)

// LeastMachines is the number of machines from which on they are decided together. The 95 % interval of three is 4.3
// standard errors wide on each side, that of two 12.7.
const LeastMachines = 4

// MachineRatio is what one machine says of a comparison: the mean log ratio of its rounds. Without rounds the mean is
// NaN, and below two the variance of a round.
type MachineRatio struct {
	Mean, Variance float64
	Rounds         int
}

// OnMachine returns the ratio of a machine by the log ratios of its rounds.
func OnMachine(d []float64) MachineRatio {
	sd := deviation(d)
	return MachineRatio{mean(d), sd * sd, len(d)}
}

// DecideMachines decides comparisons of which family[i] has the mean log ratio of each machine that measured both
// sides. The machine is the unit, because a crawler may be faster on one machine than on another: rounds of one machine
// share that, and more of them say nothing about other machines. Each comparison has a t-test with as many degrees of
// freedom as it has machines less one, and variances are not moderated: how much crawlers depend on the machine is a
// property of the two, not of the family. Comparisons with fewer than LeastMachines stay open.
func (f Family) DecideMachines(family [][]float64) (Decisions, error) {
	f.Looks, f.Uneven = FinalLook(LeastMachines), true
	if err := f.check(family); err != nil {
		return Decisions{}, fmt.Errorf("decide by machine: %w", err)
	}
	out := Decisions{Comparisons: undecided(family)}
	tests, known := make([]test, len(family)), quantiles{}
	var open []int
	for i, d := range family {
		if len(d) < LeastMachines {
			continue
		}
		c, n := &out.Comparisons[i], len(d)
		c.SD, c.Look = max(deviation(d), finest), 0
		tests[i] = tTest{mean: mean(d), se: c.SD / math.Sqrt(float64(n)), degrees: float64(n - 1), known: known}
		open = append(open, i)
	}
	if len(open) > 0 {
		out.Looks = 1
		f.claim(0, open, tests, out.Comparisons)
	}
	out.settle()
	return out, nil
}

// MachinesMDE returns the minimum detectable effect of that many machines, as a ratio above 1, where their mean log
// ratios have the standard deviation sd; see MDE.
func (f Family) MachinesMDE(machines int, sd float64) float64 {
	if machines < LeastMachines {
		return math.Inf(1)
	}
	alpha := f.Alpha / float64(max(1, f.Size))
	if f.Equivalence {
		alpha /= 2
	}
	n, v := float64(machines), float64(machines-1)
	t := studentQuantile(alpha, v)
	return math.Exp(sd / math.Sqrt(n) * (t*(1-1/(4*v)) + upper(1-Power)*math.Sqrt(1+t*t/(2*v))))
}

// Heterogeneity is how far machines disagree about a comparison.
type Heterogeneity struct {
	// Between is the standard deviation between machines that the noise of their rounds does not explain, and Within
	// that of a round on one machine, both of log ratios.
	Between, Within float64
	// Q is Cochran's Q with the variance of a round pooled over the machines, and P the probability of at least that
	// if all machines have the same ratio, which takes into account that the variance is estimated.
	Q, P float64
}

// Disagreement returns the heterogeneity of machines. It is NaN for fewer than two machines, or if none of them has two
// rounds.
func Disagreement(list []MachineRatio) Heterogeneity {
	var all, center, within, degrees float64
	machines := 0
	for _, x := range list {
		n := float64(x.Rounds)
		if x.Rounds > 0 {
			machines++
			all, center = all+n, center+n*x.Mean
		}
		if x.Rounds > 1 {
			within, degrees = within+(n-1)*x.Variance, degrees+n-1
		}
	}
	h := Heterogeneity{math.NaN(), math.NaN(), math.NaN(), math.NaN()}
	if machines < 2 || degrees == 0 {
		return h
	}
	center /= all
	variance := max(within/degrees, finest*finest)
	h.Within, h.Q = math.Sqrt(variance), 0
	squares := 0.0
	for _, x := range list {
		if n := float64(x.Rounds); x.Rounds > 0 {
			h.Q += n * (x.Mean - center) * (x.Mean - center) / variance
			squares += n * n
		}
	}
	k := float64(machines - 1)
	each := (all - squares/all) / k // rounds of a machine, if all had as many (DerSimonian and Laird 1986)
	h.Between = math.Sqrt(max(0, (h.Q/k-1)*variance/each))
	h.P = mathx.BetaInc(degrees/(degrees+h.Q), degrees/2, k/2) // the upper tail of F = Q/k
	return h
}
