package stat

import (
	"fmt"
	"math"
	"slices"
)

// The probability of any false claim, 5 %, is shared by the kinds of families. Rate-limited cells
// are equal by construction, so a small share suffices to prove them equivalent; 0.5 % less alpha
// increases the minimum detectable effect of the others by 0.6 %.
const (
	RateLimitedAlpha = 0.005
	UnlimitedAlpha   = 0.045
)

// Family is a family of comparisons declared in the plan: the probability of any false claim among them is Alpha.
type Family struct {
	Size   int     // declared comparisons, including those without measurements
	Alpha  float64 // probability of any false Faster or Slower
	Margin float64 // relative difference that does not matter, such as DefaultMargin

	// Equivalence is set if the family tests whether all are equivalent. Then half of Alpha is
	// spent on Equivalent, adjusted for the family, and half on Faster and Slower; Equivalent has
	// precedence where both hold. Otherwise Faster and Slower have precedence, and Equivalent is
	// not adjusted for the family: over all looks it is wrong in at most 2.5 % of the comparisons
	// that differ by the margin.
	Equivalence bool

	Looks []Look // fixed before the run, see Looks

	// Uneven is set if there is one look, after all blocks, and comparisons have different numbers
	// of blocks: each is tested with those that it has, at least 2.
	Uneven bool

	// Gate, if not nil, is the gate that the comparisons are for. Before the last look a comparison is
	// then settled only by what decides the gate: a small but proven regression, or an equivalence
	// wider than the gate, stays open, because more blocks can tell on which side of the gate it is.
	Gate *float64

	Skewness float64 // of the noise, for MDE: see the function

	// RanksFrom is the number of blocks from which the exact signed-rank test decides, such as
	// RankBlocks; 0 means never, which is what runs use. The package comment says why.
	RanksFrom int
}

// RankBlocks is the number of blocks from which the signed-rank test can decide in large families:
// its smallest p is 2^(1-n).
const RankBlocks = 20

// Decision is the result of one comparison after the looks so far. Ratios are of times: below 1 is faster.
type Decision struct {
	Verdict Verdict // Inconclusive until a look decides
	Settled bool    // decided; later blocks do not change it

	// Ratio has the interval at Confidence, adjusted for family and look, on which the verdict is
	// based: it is below 1 for Faster, above 1 for Slower, within the margin for Equivalent, and
	// contains 1 if Inconclusive. Before the first look it is 0 to +Inf around the mean of the
	// blocks.
	Ratio      Interval
	Confidence float64

	// Alone has the interval of this comparison without adjustment for the family: at 95 % while
	// open; if settled early, the look's share of 5 % is the error probability, because stopping
	// selects. With an Alpha of at most 5 % it is never wider than the interval of Ratio.
	Alone           Interval
	AloneConfidence float64

	// p of no difference, adjusted by Holm's method and for the look; below Family.Alpha exactly if
	// a difference is proven
	P float64

	Blocks int     // used by the decision
	Look   int     // index of the last look that tested it; -1 if none
	SD     float64 // of a block's log ratio, moderated over the family; NaN without a look

	test              test // of the last look, until the intervals are computed
	alpha, alphaAlone float64
}

// Decisions holds the results of a family.
type Decisions struct {
	Looks       int     // taken
	LagOne      float64 // correlation of successive blocks at the last look
	Skewness    float64 // of a block's log ratio at the last look, without its sign
	Prior       Prior   // of the variances at the last look
	Comparisons []Decision
}

// Open returns the number of comparisons that are not settled.
func (d Decisions) Open() int {
	open := 0
	for _, c := range d.Comparisons {
		if !c.Settled {
			open++
		}
	}
	return open
}

// SD returns the standard deviation of a block's log ratio, pooled over the tested comparisons, for
// use with MDE. It is NaN if there are none.
func (d Decisions) SD() float64 {
	sum, n := 0.0, 0
	for _, c := range d.Comparisons {
		if c.Look >= 0 {
			sum += c.SD * c.SD
			n++
		}
	}
	return math.Sqrt(sum / float64(n))
}

// Decide takes all looks for which every open comparison has enough blocks, in order, and returns
// the decisions. family[i] holds the log ratios of the blocks of comparison i in measurement order
// (see BlockMeans); comparisons settled early may have fewer. Each look uses only the blocks up to
// it, so a resumed run makes the same decisions. ended are the indexes of comparisons that will get
// no more blocks, such as those of a crawler that failed: looks do not wait for them, and those
// beyond their blocks leave them as they are.
//
// The test is Student's t-test with variances moderated over the family (see fitPrior). If
// successive blocks are correlated (see LagOne), its standard errors are multiplied by Inflation;
// if their noise is skewed (see Skewness), its quantiles are widened. From RanksFrom blocks it is
// the exact signed-rank test, unless Inflation exceeds 5 %, because ranks have no standard error to
// multiply.
func (f Family) Decide(family [][]float64, ended ...int) (Decisions, error) {
	if err := f.check(family); err != nil {
		return Decisions{}, fmt.Errorf("decide: %w", err)
	}
	out := Decisions{Comparisons: undecided(family)}
	for k := range f.Looks {
		open, ok := f.open(k, family, ended, out.Comparisons)
		if !ok || len(open) == 0 {
			break
		}
		f.look(k, open, family, &out)
	}
	out.settle()
	return out, nil
}

// undecided returns the decisions before the first look.
func undecided(family [][]float64) []Decision {
	list := make([]Decision, len(family))
	for i, d := range family {
		wide := Interval{math.Exp(mean(d)), 0, math.Inf(1)} // NaN without blocks
		list[i] = Decision{Ratio: wide, Confidence: 1, Alone: wide, AloneConfidence: 1, P: 1, Blocks: len(d), Look: -1,
			SD: math.NaN()}
	}
	return list
}

// settle computes the intervals of the comparisons that were tested.
func (d *Decisions) settle() {
	for i := range d.Comparisons {
		if c := &d.Comparisons[i]; c.test != nil {
			c.Ratio, c.Alone = c.test.interval(c.alpha).exp(), c.test.interval(c.alphaAlone).exp()
			c.test = nil
		}
	}
}

func (f Family) check(family [][]float64) error {
	if f.Size < len(family) {
		return fmt.Errorf("family of %d: has %d comparisons: want all declared in the plan", f.Size, len(family))
	}
	if !(f.Alpha > 0 && f.Alpha < 1) || !(f.Margin > 0) || math.IsInf(f.Margin, 1) {
		return fmt.Errorf("alpha %v, margin %v: want alpha between 0 and 1, and a margin above 0", f.Alpha, f.Margin)
	}
	for i, d := range family {
		for b, x := range d {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return fmt.Errorf("comparison %d, block %d: log ratio %v is not finite: leave out incomplete blocks", i, b, x)
			}
		}
	}
	if f.Uneven && len(f.Looks) != 1 {
		return fmt.Errorf("uneven comparisons have %d looks: want one", len(f.Looks))
	}
	return CheckLooks(f.Looks)
}

// open returns the comparisons to be tested at look k, and whether none needs more blocks before.
func (f Family) open(k int, family [][]float64, ended []int, done []Decision) (list []int, ok bool) {
	need := f.Looks[k].Blocks
	if f.Uneven {
		need = 2
	}
	for i, d := range family {
		switch {
		case done[i].Settled:
		case len(d) >= need:
			list = append(list, i)
		case !f.Uneven && !slices.Contains(ended, i):
			return nil, false
		}
	}
	return list, true
}
