package stat

import (
	"fmt"
	"math"
)

// Shares of the chance of any false claim, 5 %, by the question of the family. Paced cells are
// equal by construction, so that
// proving them equivalent needs little; 0.5 % of alpha less costs the others 0.6 % of their minimum detectable effect.
const (
	PacedAlpha     = 0.005
	UnlimitedAlpha = 0.045
)

// Family is a family of comparisons that the plan declares: the chance of a false claim among all of them is Alpha.
type Family struct {
	Size   int     // comparisons declared, also those of which nothing is measured
	Alpha  float64 // chance of any false Faster or Slower
	Margin float64 // relative difference that does not matter, such as DefaultMargin

	// Equivalence says that the question is whether all are equivalent. Then half of Alpha is for a
	// false Same, adjusted for
	// the family, and half for a false Faster or Slower; Same goes first where both hold. Otherwise
	// Faster and Slower go first,
	// and Same is not adjusted for the family: over all looks it is wrong in at most 2.5 % of
	// comparisons that differ by the
	// margin.
	Equivalence bool

	Looks []Look // fixed before the run, see Looks

	// RanksFrom is from how many blocks on the exact signed-rank test decides, such as RankBlocks;
	// 0 is never. Ranks find as
	// much as the moderated t-test where noise has heavy tails, and less elsewhere: of a difference
	// of 10 % in 28 blocks with the
	// noise of a shared machine 48 %, and t 60 %. Where it is skewed, 8 % of families have a false
	// claim by ranks, 3 % by t.
	RanksFrom int
}

// RankBlocks is from how many blocks on the signed-rank test can decide in large families: its smallest p is 2^(1-n).
const RankBlocks = 20

// Decision is what the looks taken so far say of one comparison, as ratios of times: below 1 is faster.
type Decision struct {
	Verdict Verdict // Unresolved as long as no look has decided
	Settled bool    // decided: later blocks change nothing

	// Ratio has the interval from which the verdict is read, at Confidence, adjusted for family and
	// look: it is below 1 for
	// Faster, above 1 for Slower, and has 1 in it if Unresolved. For Same it is the one that lies
	// within the margin. Without a
	// look it is 0 to +Inf around the mean of the blocks.
	Ratio      Interval
	Confidence float64

	// Alone has the interval of this comparison alone, without regard to the family: at 95 % for an
	// open one, at the share
	// of its look of 5 % for one settled early, because stopping selects. With an Alpha of at most
	// 5 % it is no wider than that
	// of Ratio.
	Alone           Interval
	AloneConfidence float64

	// that times do not differ, adjusted by Holm and for the look: below Family.Alpha exactly if a difference is proven
	P float64

	Blocks int     // that the decision used
	Look   int     // index of the last look that tested it, -1 for none
	SD     float64 // of a block's log ratio, moderated over the family; NaN without a look

	test              test // of the last look, until the intervals are taken from it
	alpha, alphaAlone float64
}

// Decisions is what is known of a family.
type Decisions struct {
	Looks       int     // taken
	LagOne      float64 // correlation of successive blocks at the last look: above 0.1 the report says so
	Prior       Prior   // of the variances at the last look
	Comparisons []Decision
}

// Open returns how many comparisons are not settled.
func (d Decisions) Open() int {
	open := 0
	for _, c := range d.Comparisons {
		if !c.Settled {
			open++
		}
	}
	return open
}

// SD returns the standard deviation of a block's log ratio, pooled over the comparisons that were
// tested: the noise that MDE
// asks for. It is NaN if there are none.
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

// Decide takes all looks for which every open comparison has its blocks, in order, and returns what
// they say. family holds by
// comparison the log ratios of its blocks in the order in which they were taken (see BlockMeans);
// comparisons settled early
// may have fewer. As nothing but the blocks up to each look is used, a resumed run decides the
// same. A comparison that will
// have no more blocks, as a crawler failed, must be left out; Size still counts it.
//
// The test is Student's t with variances moderated over the family (see FitPrior). Where blocks
// depend on each other (see
// LagOne) its standard errors are multiplied by Inflation. From RanksFrom blocks on it is the exact
// signed-rank test, unless
// that is more than 5 %, as ranks have no standard error to multiply.
func (f Family) Decide(family [][]float64) (Decisions, error) {
	if err := f.check(family); err != nil {
		return Decisions{}, fmt.Errorf("decide: %w", err)
	}
	out := Decisions{Comparisons: make([]Decision, len(family))}
	for i, d := range family {
		wide := Interval{math.Exp(mean(d)), 0, math.Inf(1)} // NaN of no block
		out.Comparisons[i] = Decision{Ratio: wide, Confidence: 1, Alone: wide, AloneConfidence: 1, P: 1,
			Blocks: len(d), Look: -1, SD: math.NaN()}
	}
	for k := range f.Looks {
		if out.Open() == 0 || !f.reached(k, family, out.Comparisons) {
			break
		}
		f.look(k, family, &out)
	}
	for i := range out.Comparisons {
		if c := &out.Comparisons[i]; c.test != nil {
			c.Ratio, c.Alone = c.test.interval(c.alpha).exp(), c.test.interval(c.alphaAlone).exp()
			c.test = nil
		}
	}
	return out, nil
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
				return fmt.Errorf("comparison %d, block %d: log ratio %v is not finite: leave out blocks that are not whole", i, b, x)
			}
		}
	}
	return checkLooks(f.Looks)
}

// reached reports whether all open comparisons have the blocks of look k.
func (f Family) reached(k int, family [][]float64, done []Decision) bool {
	for i, d := range family {
		if !done[i].Settled && len(d) < f.Looks[k].Blocks {
			return false
		}
	}
	return true
}
