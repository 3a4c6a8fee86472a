package stat

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// fleet simulates a comparison on several machines, as the log ratios of the rounds of each: a true log ratio, which
// differs by machine, and the noise of two samples. What makes a machine slower as a whole cancels out.
func fleet(draw *rand.Rand, truth, interaction float64, machines int) [][]float64 {
	const noise, slower, rounds = 0.08, 0.15, 14
	list := make([][]float64, machines)
	for m := range list {
		ratio, machine := truth+interaction*draw.NormFloat64(), slower*draw.NormFloat64()
		for range rounds {
			base, other := machine+noise*draw.NormFloat64(), machine+ratio+noise*draw.NormFloat64()
			list[m] = append(list[m], other-base)
		}
	}
	return list
}

// pooled returns the rounds of all machines in the order of a plan whose rounds are dealt out one by one.
func pooled(machines [][]float64) (all []float64) {
	for r := range machines[0] {
		for _, d := range machines {
			all = append(all, d[r])
		}
	}
	return all
}

func means(machines [][]float64) (list []float64) {
	for _, d := range machines {
		list = append(list, OnMachine(d).Mean)
	}
	return list
}

func covers(i Interval, truth float64) bool {
	return i.Lo <= math.Exp(truth) && math.Exp(truth) <= i.Hi
}

// An interval over machines keeps its level, however much ratios depend on the machine. The known-bad twin, over all
// rounds as if one machine had measured them, fails as soon as they depend on it.
func TestIntervalsOverMachinesCover(t *testing.T) {
	const truth = 0.2
	n := runs(10_000)
	f := Family{Size: 1, Alpha: UnlimitedAlpha, Margin: DefaultMargin}
	rounds := f
	rounds.Looks, rounds.Uneven = FinalLook(8*14), true
	for i, x := range []struct {
		interaction float64
		machines    int
		twin        [2]float64 // share of the twin's intervals that cover, at least and at most
	}{
		{0, 4, [2]float64{0.93, 0.97}}, {0, 8, [2]float64{0.93, 0.97}},
		{0.02, 4, [2]float64{0.86, 0.94}}, {0.02, 8, [2]float64{0.86, 0.94}},
		{0.05, 4, [2]float64{0.66, 0.80}}, {0.05, 8, [2]float64{0.66, 0.80}},
		{0.10, 4, [2]float64{0.46, 0.60}}, {0.10, 8, [2]float64{0.46, 0.60}},
	} {
		draw := rand.New(rand.NewPCG(19, uint64(i)))
		hits, twin, width := 0, 0, 0.0
		for range n {
			list := fleet(draw, truth, x.interaction, x.machines)
			d, err := f.DecideMachines([][]float64{means(list)})
			if err != nil {
				t.Fatal(err)
			}
			if covers(d.Comparisons[0].Alone, truth) {
				hits++
			}
			width += math.Log(d.Comparisons[0].Alone.Hi/d.Comparisons[0].Alone.Lo) / 2 / float64(n)
			if d, err = rounds.Decide([][]float64{pooled(list)}); err != nil {
				t.Fatal(err)
			}
			if covers(d.Comparisons[0].Alone, truth) {
				twin++
			}
		}
		name := fmt.Sprintf("%d machines that differ by %.0f %%", x.machines, 100*x.interaction)
		t.Logf("%s: half width %.1f %%", name, 100*width)
		atLeastShare(t, name+": covered", hits, n, 0.94)
		atMostShare(t, name+": covered", hits, n, 0.96)
		atLeastShare(t, name+": covered over rounds", twin, n, x.twin[0])
		atMostShare(t, name+": covered over rounds", twin, n, x.twin[1])
	}
}

// In families of comparisons that share only their machines, at most Alpha of the runs make any false claim.
func TestFamiliesOverMachinesKeepTheirAlpha(t *testing.T) {
	n := runs(4000)
	f := Family{Size: 20, Alpha: UnlimitedAlpha, Margin: DefaultMargin}
	draw := rand.New(rand.NewPCG(20, 0))
	wrong := 0
	for range n {
		var family [][]float64
		for range f.Size {
			family = append(family, means(fleet(draw, 0, 0.05, 6)))
		}
		d, err := f.DecideMachines(family)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range d.Comparisons {
			if c.Verdict == Faster || c.Verdict == Slower {
				wrong++
				break
			}
		}
	}
	atMostShare(t, "families with a false claim", wrong, n, f.Alpha)
}

// The interval is that of Student's t with one degree of freedom less than machines: 3.182 standard errors for four.
func TestFourMachines(t *testing.T) {
	d, err := Family{Size: 1, Alpha: 0.05, Margin: DefaultMargin}.DecideMachines([][]float64{{0.1, 0.2, 0.3, 0.4}})
	if err != nil {
		t.Fatal(err)
	}
	c := d.Comparisons[0]
	half := 3.182446305 * math.Sqrt(0.05/3) / 2
	if math.Abs(math.Log(c.Alone.Lo)-(0.25-half)) > 1e-9 || math.Abs(math.Log(c.Alone.Hi)-(0.25+half)) > 1e-9 ||
		c.Verdict != Slower || c.Blocks != 4 {
		t.Errorf("decided %+v: want slower, log ratio 0.25 ± %.4f, 4 blocks", c, half)
	}
}

// Fewer machines are never decided together, however clear their results are and however well they
// agree.
func TestThreeMachinesStayOpen(t *testing.T) {
	f := Family{Size: 2, Alpha: 0.05, Margin: DefaultMargin}
	d, err := f.DecideMachines([][]float64{{0.5, 0.501, 0.499}, {0.5, 0.501, 0.499, 0.5}})
	if err != nil {
		t.Fatal(err)
	}
	if c := d.Comparisons[0]; c.Verdict != Inconclusive || c.P != 1 || c.Ratio.Lo != 0 || !math.IsInf(c.Ratio.Hi, 1) ||
		c.Alone != c.Ratio {
		t.Errorf("three machines: %+v, want no verdict and no interval", c)
	}
	if c := d.Comparisons[1]; c.Verdict != Slower {
		t.Errorf("four machines: %+v, want slower", c)
	}
	if _, err := f.DecideMachines([][]float64{{0.1, math.NaN(), 0.1, 0.1}}); err == nil {
		t.Error("a machine without a ratio is accepted: want an error")
	}
}

func TestDisagreement(t *testing.T) {
	for _, x := range []struct {
		name               string
		list               []MachineRatio
		between, within, q float64
		least, most        float64 // of P
	}{
		// Two machines: Q is the square of Student's t of their difference, 2.228 being its 5 % point at 10 degrees.
		{name: "t", list: []MachineRatio{{0, 1, 6}, {2.228138852 / math.Sqrt(3), 1, 6}}, within: 1,
			q: 2.228138852 * 2.228138852, least: 0.0499999, most: 0.0500001, between: math.NaN()},
		// F is 20/3 with 3 and 16 degrees, beyond its 1 % point of 5.29.
		{name: "F", list: []MachineRatio{{-1, 1, 5}, {-1, 1, 5}, {1, 1, 5}, {1, 1, 5}}, within: 1, q: 20, least: 0.003,
			most: 0.005, between: math.Sqrt((20.0/3 - 1) / 5)},
		{name: "alike", list: []MachineRatio{{1, 4, 5}, {1, 4, 5}, {1, 4, 5}}, within: 2, q: 0, least: 1, most: 1},
	} {
		h := Disagreement(x.list)
		if math.Abs(h.Within-x.within) > 1e-9 || math.Abs(h.Q-x.q) > 1e-6 || h.P < x.least || h.P > x.most ||
			!math.IsNaN(x.between) && math.Abs(h.Between-x.between) > 1e-9 {
			t.Errorf("%s: %+v, want %+v", x.name, h, x)
		}
	}
	for _, list := range [][]MachineRatio{nil, {{1, 1, 5}}, {{1, math.NaN(), 1}, {2, math.NaN(), 1}}} {
		if h := Disagreement(list); !math.IsNaN(h.P) {
			t.Errorf("%v: %+v, want NaN", list, h)
		}
	}
}

// For machines that agree, P is uniform, and the estimate of the spread between machines is unbiased.
func TestDisagreementIsCalibrated(t *testing.T) {
	n := runs(5000)
	draw := rand.New(rand.NewPCG(21, 0))
	of := func(list [][]float64) (ratios []MachineRatio) {
		for _, d := range list {
			ratios = append(ratios, OnMachine(d))
		}
		return ratios
	}
	low, found, variance := 0, 0, 0.0
	for range n {
		if Disagreement(of(fleet(draw, 0.2, 0, 8))).P < 0.05 {
			low++
		}
		h := Disagreement(of(fleet(draw, 0.2, 0.10, 8)))
		if h.P < 0.05 {
			found++
		}
		variance += h.Between * h.Between / float64(n)
	}
	atMostShare(t, "machines that agree, and P below 0.05", low, n, 0.05)
	atLeastShare(t, "machines that agree, and P below 0.05", low, n, 0.05)
	atLeastShare(t, "machines that differ by 10 %, and P below 0.05", found, n, 0.95)
	if sd := math.Sqrt(variance); math.Abs(sd-0.10) > 0.01 {
		t.Errorf("the spread between machines is %.3f on average: want 0.10", sd)
	}
}

// An effect of the size of MachinesMDE is found with the power that it is computed for.
func TestMachinesMDE(t *testing.T) {
	const sd = 0.1
	n := runs(4000)
	for _, machines := range []int{4, 8} {
		f := Family{Size: 3, Alpha: UnlimitedAlpha, Margin: DefaultMargin}
		effect := math.Log(f.MachinesMDE(machines, sd))
		draw := rand.New(rand.NewPCG(22, uint64(machines)))
		found := 0
		for range n {
			family := make([][]float64, f.Size)
			for i := range family {
				for range machines {
					family[i] = append(family[i], sd*draw.NormFloat64())
				}
			}
			for m := range family[0] {
				family[0][m] += effect
			}
			d, err := f.DecideMachines(family)
			if err != nil {
				t.Fatal(err)
			}
			if d.Comparisons[0].Verdict == Slower {
				found++
			}
		}
		name := fmt.Sprintf("%d machines find their MDE", machines)
		atLeastShare(t, name, found, n, Power-0.04)
		atMostShare(t, name, found, n, Power+0.06)
	}
	if x := (Family{Size: 1, Alpha: 0.05}).MachinesMDE(3, sd); !math.IsInf(x, 1) {
		t.Errorf("MDE of three machines: %v, want infinite", x)
	}
}
