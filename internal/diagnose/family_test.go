package diagnose_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"crawlbench/internal/crawler"
	"crawlbench/internal/diagnose"
	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
	"crawlbench/internal/store"
)

// many is a scenario of that many crawlers, the first of which is the baseline.
func many(crawlers, rounds int, more string) string {
	var names []string
	for _, c := range crawler.All() {
		if c.MaxWorkers == 0 && len(names) < crawlers {
			names = append(names, fmt.Sprintf("%q", c.Name))
		}
	}
	return fmt.Sprintf("rounds = %d\ncrawlers = [%s]\nworkers = [4]\n%s\n", rounds, strings.Join(names, ", "), more)
}

// The noise of a shared machine, 12 crawlers: one that is 20 times slower is proven slower than each other one in 6 and
// in 8 rounds, and nothing is claimed of the rest.
func TestALargeDifferenceIsFoundInFewRounds(t *testing.T) {
	for _, rounds := range []int{6, 8} {
		slow := crawler.All()[1].Name
		a := fabricated{toml: many(12, rounds, ""), noise: 0.18, speed: func(c plan.Cell, _ int) float64 {
			if c.Impl == slow {
				return 50
			}
			return 1000
		}}.analyse(t)
		g := a.Tables[0].Groups[0]
		if len(g.Cells) != 12 || a.Families.Unlimited.Size != 66 {
			t.Fatalf("%d crawlers, %d comparisons, want 12 and 66", len(g.Cells), a.Families.Unlimited.Size)
		}
		for _, x := range g.Cells {
			for _, y := range g.Cells {
				if x == y {
					continue
				}
				c := g.Comparison(x.Impl, y.Impl)
				want := map[bool]stat.Verdict{true: stat.Slower}[x.Impl == slow]
				if y.Impl == slow {
					want = stat.Faster
				}
				if c.Verdict != want {
					t.Errorf("%d rounds: %s against %s: %v, %+v", rounds, x.Impl, y.Impl, c.Verdict, c.Ratio)
				}
			}
		}
		if len(g.Ties) != 11 || a.Trust.Untrusted() {
			t.Errorf("%d rounds: %d tie, trust %+v", rounds, len(g.Ties), a.Trust)
		}
	}
}

// Whatever was measured, a verdict can be read from the interval beside it, and the other way round.
func TestVerdictsAgreeWithTheirIntervals(t *testing.T) {
	draw := rand.New(rand.NewPCG(31, 0))
	count := map[stat.Verdict]int{}
	for i := range 20 {
		noise := math.Pow(10, -3+2.5*draw.Float64())
		effect := map[string]float64{}
		for _, c := range crawler.All() {
			effect[c.Name] = math.Exp(3 * noise * draw.NormFloat64())
		}
		rounds := 2 + draw.IntN(20)
		a := fabricated{toml: many(2+draw.IntN(6), rounds, `rate = ["inf", 500]`), noise: noise,
			speed: func(c plan.Cell, round int) float64 {
				if draw.IntN(200) == 0 {
					return 0
				}
				return 1000 * effect[c.Impl]
			}}.analyse(t)
		for _, table := range a.Tables {
			f := a.Families.Unlimited
			if table.Rate > 0 {
				f = a.Families.RateLimited
			}
			for c := range table.Cells() {
				v := c.Versus
				if v == nil {
					continue
				}
				count[v.Verdict]++
				x, limit := v.Times(), 1+a.Margin+1e-9
				within := x.Lo >= 1/limit && x.Hi <= limit
				switch v.Verdict {
				case stat.Faster:
					if x.Lo <= 1 || v.P >= f.Alpha {
						t.Errorf("run %d: faster by %+v, p %v", i, x, v.P)
					}
				case stat.Slower:
					if x.Hi >= 1 || v.P >= f.Alpha {
						t.Errorf("run %d: slower by %+v, p %v", i, x, v.P)
					}
				case stat.Equivalent:
					if !within {
						t.Errorf("run %d: equivalent by %+v", i, x)
					}
				case stat.Inconclusive:
					if x.Lo > 1 || x.Hi < 1 {
						t.Errorf("run %d: inconclusive by %+v", i, x)
					}
				}
				if x.Value < x.Lo || x.Value > x.Hi {
					t.Errorf("run %d: %+v is not in order", i, x)
				}
			}
		}
	}
	for v := range 4 {
		if count[stat.Verdict(v)] == 0 {
			t.Errorf("nothing was ever %v: %v", stat.Verdict(v), count)
		}
	}
}

// Cells that keep a rate are proven equivalent by six rounds; one that misses it by a tenth is slower.
func TestPacedCellsAreEquivalent(t *testing.T) {
	a := fabricated{toml: many(6, 6, "rate = [500]"), noise: 0.004, speed: func(c plan.Cell, _ int) float64 {
		if c.Impl == crawler.All()[2].Name {
			return 450
		}
		return 499
	}}.analyse(t)
	if f := a.Families; f.RateLimited.Size != 15 || f.Unlimited.Size != 0 ||
		f.RateLimited.Alpha != stat.RateLimitedAlpha {
		t.Errorf("families %+v", f)
	}
	for c := range a.Cells() {
		want := stat.Equivalent
		if c.Impl == crawler.All()[2].Name {
			want = stat.Slower
		}
		if c.Versus != nil && c.Versus.Verdict != want {
			t.Errorf("%s: %v %+v, want %v", c.Impl, c.Versus.Verdict, c.Versus.Times(), want)
		}
	}
	if n := a.Trust.RateLimited; n.Controls != 1 || !(n.Detectable < 1.03) || a.Trust.Unlimited.Controls != 0 {
		t.Errorf("%+v", a.Trust)
	}
}

// A regression of 25 times fails in 6 rounds of a noisy machine, no change passes a wide gate and is inconclusive with
// a narrow one, and a cell without samples does not pass.
func TestGateHasThreeAnswers(t *testing.T) {
	run := func(now float64, lost bool) []diagnose.Change {
		return fabricated{toml: many(3, 6, ""), noise: 0.18, against: true, speed: func(c plan.Cell, _ int) float64 {
			switch {
			case lost && c.Impl == crawler.All()[1].Name:
				return 0
			case c.IsAgainst():
				return 1000
			}
			return now
		}}.analyse(t).Changes
	}
	for _, test := range []struct {
		now  float64
		gate float64
		lost bool
		want stat.Gate
	}{
		{40, 0.05, false, stat.Fail},
		{40, 0.05, true, stat.Fail},
		{40, 60, false, stat.Pass},
		{1000, 9, false, stat.Pass},
		{1000, 0.05, false, stat.CannotTell},
		{1000, 9, true, stat.CannotTell},
		{25000, 0.05, false, stat.Pass},
	} {
		list := run(test.now, test.lost)
		if got := diagnose.Gate(list, test.gate); got != test.want || len(list) != 3 {
			t.Errorf("%+v: %v of %d cells", test, got, len(list))
		}
	}
	if got := diagnose.Gate(nil, 0.05); got != stat.CannotTell {
		t.Errorf("nothing at all: %v", got)
	}
}

// Two runs are compared as two programs are.
func TestRunsAreGated(t *testing.T) {
	run := func(speed float64) *store.Run {
		return fabricated{toml: many(3, 6, ""), noise: 0.05,
			speed: func(plan.Cell, int) float64 { return speed }}.run(t)
	}
	before, same, slow := run(1000), run(1000), run(700)
	for _, test := range []struct {
		after *store.Run
		want  stat.Gate
	}{{same, stat.Pass}, {slow, stat.Fail}} {
		list, err := diagnose.CompareRuns(before, test.after)
		if got := diagnose.Gate(list, 0.2); err != nil || got != test.want || len(list) != 3 {
			t.Errorf("%v, want %v: %v, %+v", got, test.want, err, list)
		}
	}
}

// One ratio has one interval: where the best and its rival have the same number of workers, that of the table.
func TestChoicesTakeTheIntervalsOfTables(t *testing.T) {
	a := fabricated{toml: "crawlers = [\"mutexmap\", \"cas\", \"syncmap\"]\nworkers = [1, 4]\n",
		speed: func(c plan.Cell, _ int) float64 {
			return map[string]map[int]float64{"mutexmap": {1: 500, 4: 900}, "cas": {1: 500, 4: 1800},
				"syncmap": {1: 600, 4: 200}}[c.Crawler()][c.Workers]
		}}.analyse(t)
	c := a.Choices[0]
	near, far := c.Others[0], c.Others[1]
	table := c.Table.Group(4).Comparison("cas", "mutexmap")
	if near.Impl != "mutexmap" || near.Own(c.Best) || near.Ratio != table.Ratio || near.Verdict != stat.Faster {
		t.Errorf("%s: %+v, in the table %+v", near.Impl, near.Comparison, table)
	}
	if far.Impl != "syncmap" || !far.Own(c.Best) || far.Verdict != stat.Faster {
		t.Errorf("%s: %+v", far.Impl, far.Comparison)
	}
}

// The best of each crawler, at its own number of workers, are compared.
func TestChoicesAreBestAgainstBest(t *testing.T) {
	a := fabricated{toml: "crawlers = [\"mutexmap\", \"cas\", \"syncmap\"]\nworkers = [1, 2, 4]\n",
		speed: func(c plan.Cell, _ int) float64 {
			return map[string]map[int]float64{"mutexmap": {1: 1000, 2: 900, 4: 800}, "cas": {1: 500, 2: 1800, 4: 700},
				"syncmap": {1: 100, 2: 200, 4: 1801}}[c.Crawler()][c.Workers]
		}}.analyse(t)
	if len(a.Choices) != 1 || len(a.Choices[0].Others) != 2 {
		t.Fatalf("%+v", a.Choices)
	}
	c := a.Choices[0]
	tie, last := c.Others[0], c.Others[1]
	if c.Best.Workers+tie.Workers != 6 || tie.Verdict == stat.Faster || tie.Verdict == stat.Slower {
		t.Errorf("%s %d and %s %d: %v", c.Best.Impl, c.Best.Workers, tie.Impl, tie.Workers, tie.Verdict)
	}
	if x := last.Times(); last.Impl != "mutexmap" || last.Workers != 1 || last.Verdict != stat.Faster || x.Lo > 1.8 ||
		x.Hi < 1.8 {
		t.Errorf("%s %d: %v %+v", last.Impl, last.Workers, last.Verdict, x)
	}
}

// More than a tenth of flagged samples, those of the control too, make a run untrusted; a tenth does not.
func TestFlaggedSamplesMakeARunUntrusted(t *testing.T) {
	for _, flagged := range []int{0, 4, 5, 48} {
		n := 0
		a := fabricated{toml: three, speed: func(plan.Cell, int) float64 { return 1000 },
			change: func(_ plan.Cell, s *store.Sample) {
				if n++; n <= flagged {
					s.Flags = []string{"preempted"}
				}
			}}.analyse(t)
		if tr := a.Trust; tr.Samples != 48 || tr.Flagged != flagged || tr.Untrusted() != (flagged > 4) {
			t.Errorf("%d flagged: %+v", flagged, tr)
		}
	}
}

// Rounds that depend on the one before make intervals wider, and it is said.
func TestDependentRoundsAreNoticed(t *testing.T) {
	lag := func(phi float64) diagnose.Noise {
		draw, state := rand.New(rand.NewPCG(7, 8)), map[string]float64{}
		return fabricated{toml: many(8, 20, ""), noise: 0.001, speed: func(c plan.Cell, _ int) float64 {
			x := phi*state[c.Impl] + math.Sqrt(1-phi*phi)*draw.NormFloat64()
			state[c.Impl] = x
			return 1000 * math.Exp(0.1*x)
		}}.analyse(t).Trust.Unlimited
	}
	if free, bound := lag(0), lag(0.6); free.LagOne > 0.2 || bound.LagOne < 0.3 ||
		math.Log(bound.Detectable) < 1.3*math.Log(free.Detectable) {
		t.Errorf("lag-1 %v and %v, MDE %v and %v", free.LagOne, bound.LagOne, free.Detectable, bound.Detectable)
	}
}

// A cell that lost most of its samples takes no rounds from the others.
func TestAComparisonOfFewRoundsIsLeftOut(t *testing.T) {
	a := fabricated{toml: three, speed: func(c plan.Cell, round int) float64 {
		switch {
		case c.Impl == "syncmap" && round > 3:
			return 0
		case c.Impl == "cas":
			return 2000
		}
		return 1000
	}}.analyse(t)
	g := a.Tables[0].Groups[0]
	if c := g.Comparison("cas", "mutexmap"); c.Verdict != stat.Faster || c.Blocks != 12 {
		t.Errorf("%+v", c)
	}
	c := g.Comparison("syncmap", "mutexmap")
	if c.Verdict == stat.Faster || c.Verdict == stat.Slower || c.Blocks != 4 {
		t.Errorf("%+v", c)
	}
}

// What a plan can find is what its runs then find.
func TestReach(t *testing.T) {
	reach := func(rounds int) []diagnose.DetectableEffect {
		m := fabricated{toml: many(4, rounds, ""), speed: func(plan.Cell, int) float64 { return 1000 }}
		return diagnose.DetectableEffects(m.run(t).Plan(), plan.Crawlers)
	}
	for _, rounds := range []int{1, 6, 14} {
		list := reach(rounds)
		if len(list) != 1 || list[0].Size != 6 || list[0].Decides() != (rounds > 1) ||
			(list[0].AtBusy < 1.2) != (rounds > 6) {
			t.Errorf("%d rounds: %+v", rounds, list)
		}
	}
	least, find := reach(6)[0].Enough(1.1)
	if r := reach(find)[0]; r.AtBusy > 1.1 || !reach(least)[0].Decides() {
		t.Errorf("%d rounds find %v", find, r.AtBusy)
	}
	if r := reach(find - 1)[0]; r.AtBusy <= 1.1 {
		t.Errorf("one round less than %d finds %v", find, r.AtBusy)
	}
}
