package stat

import (
	"fmt"
	"math"

	"github.com/aclements/go-moremath/mathx"
)

// LeastMachines is the smallest number of machines that are decided together. A 95 % interval reaches 4.3 standard
// errors to each side with three machines, and 12.7 with two.
const LeastMachines = 4

// MachineRatio is the result of a comparison on one machine: the mean log ratio of its rounds, and their variance. Mean
// is NaN without rounds, and Variance with fewer than two.
type MachineRatio struct {
	Mean, Variance float64
	Rounds         int
}

// OnMachine returns the result on a machine from the log ratios of its rounds.
func OnMachine(d []float64) MachineRatio {
	sd := deviation(d)
	return MachineRatio{mean(d), sd * sd, len(d)}
}

// DecideMachines decides comparisons over machines: family[i] has the mean log ratio of each machine that measured both
// sides. The machine is the unit, because a crawler may be faster on one machine and slower on another: all rounds of a
// machine share that effect, and more rounds say nothing about other machines. Each comparison is a t-test with n-1
// degrees of freedom on n machines. Variances are not moderated: how much a ratio depends on the machine is a property
// of the two crawlers, not of the family. Comparisons with fewer than LeastMachines stay open.
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

// MachinesMDE returns the minimum detectable effect, as a ratio above 1, of a number of machines whose mean log ratios
// have the standard deviation sd; see MDE.
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

// Heterogeneity measures how much machines disagree about a comparison.
type Heterogeneity struct {
	// Between is the standard deviation of log ratios between machines that the noise of their rounds does not explain.
	// Within is the standard deviation of a round on one machine.
	Between, Within float64
	// Q is Cochran's Q, with the variance of a round pooled over the machines. P is the probability of such a Q or a
	// larger one if all machines have the same ratio. It takes into account that the variance is estimated.
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
	each := (all - squares/all) / k // effective rounds of a machine (DerSimonian and Laird 1986)
	h.Between = math.Sqrt(max(0, (h.Q/k-1)*variance/each))
	h.P = mathx.BetaInc(degrees/(degrees+h.Q), degrees/2, k/2) // the upper tail of F = Q/k
	return h
}
