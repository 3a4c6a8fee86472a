package stat

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Preflight says before a run what its rounds can prove.
type Preflight struct {
	SmallestP float64 // of one comparison: all rounds agree
	Adjusted  float64 // that, as the first of its family in Holm's order
	Reachable bool    // whether Judge can then say Faster or Slower
	Rounds    int     // the fewest rounds with which it can
}

// Reach returns what n rounds can prove in a family of that many comparisons, at least 1, if a
// claim needs an adjusted P below alpha, which is between 0 and 1.
func Reach(n, family int, alpha float64) Preflight {
	p := Preflight{SmallestP: min(1, math.Exp2(float64(1-n)))}
	p.Adjusted = min(1, p.SmallestP*float64(family))
	// A verdict needs the interval too.
	p.Rounds = roundsFor(1 - level)
	for math.Exp2(float64(1-p.Rounds))*float64(family) >= alpha {
		p.Rounds++
	}
	p.Reachable = n >= p.Rounds
	return p
}

// roundsFor returns the smallest number of rounds whose signed-rank test reaches a P of at most p.
func roundsFor(p float64) int {
	n := 1
	for math.Exp2(float64(1-n)) > p {
		n++
	}
	return n
}

// Power is the probability of finding a difference of the size that Detectable returns.
const Power = 0.8

// Detectable returns the minimum detectable effect: the smallest ratio above 1 that n rounds find
// with probability Power as the first in a family, if the log ratios of rounds are normal with
// standard deviation sd (see Paired.SD); +Inf if there are too few rounds. The ratio below 1 is its
// inverse. Up to 30 rounds it simulates 4000 seeded runs: the test finds a shift as soon as it
// lifts the critical Walsh average above 0, so each run gives its smallest shift, and their
// quantile is the answer, to about 2 % of its logarithm. Beyond that, the normal approximation is
// within 4 %, with the efficiency of the test, 3/pi, and a term for the estimated deviation.
func Detectable(n, family int, alpha, sd float64) float64 {
	if !Reach(n, family, alpha).Reachable {
		return math.Inf(1)
	}
	p := min(alpha/float64(family), 1-level)
	if n > 30 {
		z := upper(p / 2)
		return math.Exp(sd * (z + upper(1-Power)) * math.Sqrt(math.Pi/3/float64(n)*(1+z*z/2/float64(n))))
	}
	k, _ := critical(n, p, true)
	draw := rand.New(rand.NewPCG(uint64(n), uint64(k)))
	shifts, z := make([]float64, 4000), make([]float64, n)
	for i := range shifts {
		for j := range z {
			z[j] = draw.NormFloat64()
		}
		shifts[i] = -walsh(z)[k]
	}
	slices.Sort(shifts)
	return math.Exp(sd * shifts[int(Power*float64(len(shifts)))])
}

// upper returns the standard normal quantile with upper tail probability p.
func upper(p float64) float64 { return math.Sqrt2 * math.Erfinv(1-2*p) }
