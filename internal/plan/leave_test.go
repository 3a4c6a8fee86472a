package plan_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
	"crawlbench/internal/testing/runtest"
)

// simulated is a run that is played in memory.
type simulated struct {
	*plan.Plan
	times  map[plan.Cell][]float64
	failed map[plan.Cell]int
}

func simulate(t testing.TB, toml string, against bool) *simulated {
	t.Helper()
	p, err := runtest.Plan(toml+"[[graph]]\nname = \"g\"\nkind = \"chain\"\npages = 9\n", against)
	if err != nil {
		t.Fatal(err)
	}
	return &simulated{p, map[plan.Cell][]float64{}, map[plan.Cell]int{}}
}

// before returns the run as it was before a round.
func (s *simulated) before(round int) plan.Measured {
	return plan.Measured{
		Plan:  s.Plan,
		Times: func(c plan.Cell) []float64 { return s.times[c][:min(round, len(s.times[c]))] },
		Failed: func(c plan.Cell) (int, bool) {
			at, ok := s.failed[c]
			return at, ok && at < round
		},
	}
}

// play plays all rounds. log returns the logarithm of the seconds per page of a cell; NaN makes it fail.
func (s *simulated) play(log func(c plan.Cell, round int) float64) {
	plays, _ := s.before(0).Plays()
	for round := range s.Rounds {
		if slices.ContainsFunc(s.Looks, func(l stat.Look) bool { return l.Blocks == round }) {
			plays, _ = s.before(round).Plays()
		}
		for i, c := range s.Cells {
			if _, failed := s.failed[c]; failed || round >= plays[i] {
				continue
			}
			if x := log(c, round); math.IsNaN(x) {
				s.failed[c] = round
			} else {
				s.times[c] = append(s.times[c], math.Exp(x))
			}
		}
	}
}

const four = "crawlers = [\"mutexmap\", \"cas\", \"syncmap\", \"spawn\"]\nworkers = [1, 4]\nstop = true\nrounds = 28\n"

// noise returns times that vary by sd, around a level by crawler.
func noise(draw *rand.Rand, sd float64, level map[string]float64) func(plan.Cell, int) float64 {
	return func(c plan.Cell, _ int) float64 { return level[c.Crawler()] + sd*draw.NormFloat64() }
}

func TestCrawlersLeaveWhenTheirComparisonsAreSettled(t *testing.T) {
	s := simulate(t, four+"rate = [\"inf\", 500]\nrate_limited_rounds = 4\n", false)
	draw := rand.New(rand.NewPCG(1, 1))
	unlimited := noise(draw, 0.08, map[string]float64{"syncmap": 3, "spawn": 2})
	s.play(func(c plan.Cell, round int) float64 {
		if c.Rate > 0 {
			return 0.001 * draw.NormFloat64()
		}
		return unlimited(c, round)
	})
	for _, c := range s.Cells {
		want := 28 // mutexmap and cas are equal
		switch {
		case c.Rate > 0:
			want = 4
		case c.Crawler() == "syncmap" || c.Crawler() == "spawn":
			want = 6
		}
		if got := len(s.times[c]); got != want {
			t.Errorf("%s: %d rounds, want %d", c.ID(), got, want)
		}
	}
	// Two groups have 6 comparisons each without a rate; those of mutexmap with cas stay open.
	if _, count := s.before(28).Plays(); count != (plan.Settled{Settled: 10, Of: 12, Rounds: 28}) || count.All() {
		t.Errorf("%+v are settled", count)
	}
}

func TestTheRunEndsWhenAllIsSettled(t *testing.T) {
	s := simulate(t, four, true)
	s.play(func(c plan.Cell, round int) float64 {
		level := map[string]float64{"mutexmap": 1, "cas": 2, "syncmap": 3, "spawn": 4}[c.Crawler()]
		if c.IsAgainst() {
			level += 0.5
		}
		return level + 0.001*float64(round*round*len(c.Crawler())%11)
	})
	for _, c := range s.Cells {
		if len(s.times[c]) != 6 {
			t.Errorf("%s: %d rounds, want 6", c.ID(), len(s.times[c]))
		}
	}
	if _, count := s.before(6).Plays(); count != (plan.Settled{Settled: 20, Of: 20, Rounds: 6}) || !count.All() {
		t.Errorf("%+v are settled, want all 12 of crawlers and 8 of programs", count)
	}
}

// The control stays as long as anybody, also where the baseline is settled first, and with stop = false all stay.
func TestTheControlStaysAsLongAsAnybody(t *testing.T) {
	level := map[string]float64{"mutexmap": 5}
	for _, stop := range []bool{true, false} {
		s := simulate(t, four, false)
		if !stop {
			s.Stop = false
			s.SetRounds(28)
		}
		s.play(func(c plan.Cell, round int) float64 {
			return noise(rand.New(rand.NewPCG(uint64(round), uint64(len(c.ID())))), 0.1, level)(c, round)
		})
		for _, c := range s.Cells {
			if len(s.times[c]) != 28 {
				t.Errorf("stop %v, %s: %d rounds, want 28", stop, c.ID(), len(s.times[c]))
			}
		}
	}
}

func TestCellsComparedWithNobodyStay(t *testing.T) {
	s := simulate(t, "crawlers = [\"cas\"]\nworkers = [1, 4]\nstop = true\nrounds = 10\n", false)
	s.play(func(plan.Cell, int) float64 { return 0 })
	for _, c := range s.Cells {
		if len(s.times[c]) != 10 {
			t.Errorf("%s: %d rounds, want all: nothing is compared but the control", c.ID(), len(s.times[c]))
		}
	}
}

// Who plays a round is the same whether it is computed before the round, from the rounds before the last look alone,
// or when the run is over; crawlers that fail in between included.
func TestAResumedRunIsTheSameRun(t *testing.T) {
	for seed := range uint64(30) {
		draw := rand.New(rand.NewPCG(2, seed))
		level, fails := map[string]float64{}, map[plan.Cell]int{}
		s := simulate(t, four, seed%2 == 0)
		for _, c := range s.Cells {
			level[c.Crawler()] = 0.3 * draw.NormFloat64()
			if fails[c] = -1; draw.IntN(8) == 0 {
				fails[c] = draw.IntN(28)
			}
		}
		log := noise(draw, 0.12, level)
		s.play(func(c plan.Cell, round int) float64 {
			if fails[c] == round {
				return math.NaN()
			}
			return log(c, round)
		})
		end, _ := s.before(28).Plays()
		for round := range 28 {
			now, _ := s.before(round).Plays()
			look := 0
			for _, l := range s.Looks {
				if l.Blocks <= round {
					look = l.Blocks
				}
			}
			then, _ := s.before(look).Plays()
			for i, c := range s.Cells {
				if at, failed := s.failed[c]; failed && at < round {
					continue
				}
				if a, b, d := round < then[i], round < now[i], round < end[i]; a != b || b != d {
					t.Fatalf("seed %d, round %d, %s: %v by the look at %d, %v before the round, %v at the end (failures %v)",
						seed, round, c.ID(), a, look, b, d, s.failed)
				}
				if got := len(s.times[c]) > round; got != (round < now[i]) && fails[c] != round {
					t.Fatalf("seed %d, round %d, %s: played %v", seed, round, c.ID(), got)
				}
			}
		}
	}
}

// Verdicts do not change after a crawler has left.
func TestSettledComparisonsKeepTheirDecisions(t *testing.T) {
	draw := rand.New(rand.NewPCG(3, 3))
	s := simulate(t, four, false)
	s.play(noise(draw, 0.12, map[string]float64{"cas": -0.2, "syncmap": 0.3, "spawn": 2}))
	var before []stat.Decision
	for _, l := range s.Looks {
		_, now := s.before(l.Blocks).Decide(plan.Crawlers)
		for i, d := range before {
			if d.Settled && fmt.Sprint(now[i]) != fmt.Sprint(d) {
				t.Errorf("comparison %d: %+v, later %+v", i, d, now[i])
			}
		}
		before = now
	}
	blocks := map[int]bool{}
	for _, d := range before {
		blocks[d.Blocks] = true
		x := d.Ratio
		within := x.Lo <= 1 && 1 <= x.Hi
		if within != (d.Verdict == stat.Inconclusive || d.Verdict == stat.Equivalent) {
			t.Errorf("%v by %+v", d.Verdict, x)
		}
	}
	if len(blocks) < 2 {
		t.Errorf("all comparisons have the same number of blocks: %v", blocks)
	}
}
