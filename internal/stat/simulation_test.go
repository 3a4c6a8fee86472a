package stat

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"testing"
)

// A machine gives the logarithm of its slowness at each of the given number of slots.
type machine func(draw *rand.Rand, slots int) []float64

var machines = []struct {
	name  string
	state machine
}{
	{"iid", func(_ *rand.Rand, slots int) []float64 { return make([]float64, slots) }},
	{"drift", func(_ *rand.Rand, slots int) []float64 {
		x := make([]float64, slots)
		for i := range x {
			x[i] = 0.05 * float64(i) / float64(slots-1)
		}
		return x
	}},
	{"step", func(draw *rand.Rand, slots int) []float64 {
		x := make([]float64, slots)
		for i := draw.IntN(slots); i < slots; i++ {
			x[i] = 0.05
		}
		return x
	}},
	{"autoregressive", func(draw *rand.Rand, slots int) []float64 {
		const phi, sd = 0.9, 0.01
		x := make([]float64, slots)
		x[0] = sd * draw.NormFloat64()
		for i := 1; i < slots; i++ {
			x[i] = phi*x[i-1] + sd*math.Sqrt(1-phi*phi)*draw.NormFloat64()
		}
		return x
	}},
}

// A noiseOf gives the logarithm of what is added to one sample.
type noiseOf func(draw *rand.Rand) float64

func normal(draw *rand.Rand) float64 { return 0.01 * draw.NormFloat64() }

// outliers are normal, but for one sample of 20, which is slower by 10 to 30 %.
func outliers(draw *rand.Rand) float64 {
	x := normal(draw)
	if draw.IntN(20) == 0 {
		x += math.Log(1.1 + 0.2*draw.Float64())
	}
	return x
}

// inRounds measures crawlers whose times are truth, in the given number of rounds, each in an order of its own.
func inRounds(draw *rand.Rand, state machine, noise noiseOf, rounds int, truth []float64) [][]float64 {
	slow := state(draw, rounds*len(truth))
	samples := make([][]float64, len(truth))
	for r := range rounds {
		for i, c := range draw.Perm(len(truth)) {
			samples[c] = append(samples[c], truth[c]*math.Exp(slow[r*len(truth)+i]+noise(draw)))
		}
	}
	return samples
}

// inBlocks measures all samples of the first, then all of the second: what -count does.
func inBlocks(draw *rand.Rand, state machine, noise noiseOf, rounds int, truth []float64) [][]float64 {
	slow := state(draw, rounds*len(truth))
	samples := make([][]float64, len(truth))
	for i, s := range slow {
		c := i / rounds
		samples[c] = append(samples[c], truth[c]*math.Exp(s+noise(draw)))
	}
	return samples
}

func equal(n int) []float64 {
	truth := make([]float64, n)
	for i := range truth {
		truth[i] = 1
	}
	return truth
}

func runs(full int) int {
	if testing.Short() {
		return full / 5
	}
	return full
}

// atMostShare fails if more than limit of n are hits, beyond what n runs can tell by 2.5 standard errors.
func atMostShare(t *testing.T, what string, hits, n int, limit float64) {
	t.Helper()
	share := float64(hits) / float64(n)
	t.Logf("%s: %.2f %% of %d", what, 100*share, n)
	if share > limit+2.5*math.Sqrt(limit*(1-limit)/float64(n)) {
		t.Errorf("%s: %.2f %% of %d, want at most %.2f %%", what, 100*share, n, 100*limit)
	}
}

func atLeastShare(t *testing.T, what string, hits, n int, limit float64) {
	t.Helper()
	share := float64(hits) / float64(n)
	t.Logf("%s: %.2f %% of %d", what, 100*share, n)
	if share < limit-2.5*math.Sqrt(limit*(1-limit)/float64(n)) {
		t.Errorf("%s: %.2f %% of %d, want at least %.2f %%", what, 100*share, n, 100*limit)
	}
}

const simulated = 10 // rounds

func TestTwoPercentAreFound(t *testing.T) {
	n := runs(4000)
	for i, m := range machines {
		draw := rand.New(rand.NewPCG(2, uint64(i)))
		found, wrong, covered := 0, 0, 0
		for range n {
			s := inRounds(draw, m.state, normal, simulated, []float64{1, 1.02})
			p := Pair(s[0], s[1])
			switch {
			case p.P < 0.05 && p.Ratio > 1:
				found++
			case p.P < 0.05:
				wrong++
			}
			if p.Lo <= 1.02 && 1.02 <= p.Hi {
				covered++
			}
		}
		atLeastShare(t, m.name+": found", found, n, 0.8)
		atMostShare(t, m.name+": wrong way", wrong, n, 0.001)
		atLeastShare(t, m.name+": covered", covered, n, 0.93)
		atMostShare(t, m.name+": covered", covered, n, 0.97)
	}
}

func TestADifferenceOfTheMarginIsSeldomTheSame(t *testing.T) {
	n := runs(4000)
	draw := rand.New(rand.NewPCG(3, 0))
	wrong, right := 0, 0
	for range n {
		s := inRounds(draw, machines[1].state, normal, simulated, []float64{1, 1 + DefaultMargin, 1})
		for i, count := range []*int{&wrong, &right} {
			// Where both hold, Equivalent gives way, so that the other is made hard to prove.
			f := Family{Size: 1, Alpha: 1e-9, Margin: DefaultMargin, Looks: FinalLook(simulated)}
			d, err := f.Decide([][]float64{LogRatios(s[0], s[1+i])})
			if err != nil {
				t.Fatal(err)
			}
			if d.Comparisons[0].Verdict == Equivalent {
				*count++
			}
		}
	}
	atMostShare(t, "the margin is the same", wrong, n, 0.025)
	atLeastShare(t, "equals are the same", right, n, 0.8)
}

// The twin that is known to be bad: what most benchmarks do must fail here, or these simulations prove nothing.
func TestBlocksAndNoPairsFailUnderDrift(t *testing.T) {
	n := runs(500)
	draw := rand.New(rand.NewPCG(4, 0))
	blocks, found, paired := 0, 0, 0
	for range n {
		s := inBlocks(draw, machines[1].state, normal, simulated, equal(2))
		if Unpaired(s[0], s[1]).P < 0.05 {
			blocks++
		}
		s = inRounds(draw, machines[1].state, normal, simulated, []float64{1, 1.02})
		if Unpaired(s[0], s[1]).P < 0.05 {
			found++
		}
		if Pair(s[0], s[1]).P < 0.05 {
			paired++
		}
	}
	t.Logf("blocks: %d false wins of %d; a true 2 %% in rounds: %d found without pairs, %d with", blocks, n, found,
		paired)
	if 2*blocks <= n {
		t.Errorf("%d false wins of %d with blocks under drift, want more than half", blocks, n)
	}
	if found >= paired {
		t.Errorf("a true 2 %% is found %d times without pairs and %d times with: the pairs gain nothing", found, paired)
	}
}

// signFlipP is the test that was rejected: of the mean of all ways to choose the signs.
func signFlipP(d []float64) float64 {
	sum := 0.0
	for _, x := range d {
		sum += x
	}
	hits := 0
	flipped := sum
	for i := range uint(1) << len(d) {
		if i > 0 { // Gray code: one sign changes
			k := bits.TrailingZeros(i)
			if (i^i>>1)>>k&1 == 1 {
				flipped -= 2 * d[k]
			} else {
				flipped += 2 * d[k]
			}
		}
		if math.Abs(flipped) >= math.Abs(sum)-1e-12 {
			hits++
		}
	}
	return float64(hits) / math.Exp2(float64(len(d)))
}

func TestRanksBeatTheMeanWhereThereAreOutliers(t *testing.T) {
	for _, c := range []struct {
		name         string
		noise        noiseOf
		runs, rounds int
		least        float64 // how much more of a true 2 % the ranks find, in percent
	}{{"normal", normal, runs(1500), 10, -2}, {"outliers", outliers, runs(300), 16, 10}} {
		draw := rand.New(rand.NewPCG(5, 0))
		ranks, flips := 0, 0
		for range c.runs {
			s := inRounds(draw, machines[1].state, c.noise, c.rounds, []float64{1, 1.02})
			if Pair(s[0], s[1]).P < 0.05 {
				ranks++
			}
			if signFlipP(LogRatios(s[0], s[1])) < 0.05 {
				flips++
			}
		}
		r, f := 100*float64(ranks)/float64(c.runs), 100*float64(flips)/float64(c.runs)
		t.Logf("%s, %d rounds: ranks find %.1f %%, the mean %.1f %%", c.name, c.rounds, r, f)
		if r-f < c.least {
			t.Errorf("%s, %d rounds: ranks find %.1f %%, the mean %.1f %%, want %+.0f at least", c.name, c.rounds, r, f,
				c.least)
		}
	}
}
