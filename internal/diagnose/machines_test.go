package diagnose

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"crawlbench/internal/plan"
	"crawlbench/internal/stat"
	"crawlbench/internal/store"
	"crawlbench/internal/testing/runtest"
)

const onMachines = `
crawlers = ["mutexmap", "cas", "owner"]
workers = [2, 4]
rate = ["inf"]
rounds = %d
[[graph]]
name = "g"
kind = "hosts"
pages = 1000
`

// fleet fabricates a run of 7 rounds on each machine, given by the processors of each. ratio returns how many times as
// fast as mutexmap cas is on a machine; owner is half as fast everywhere.
func fleet(t *testing.T, models []string, ratio func(machine int) float64, against bool,
	change func(c plan.Cell, rec *store.Record)) *store.Run {
	t.Helper()
	p, err := runtest.Plan(fmt.Sprintf(onMachines, 7*len(models)), against)
	if err != nil {
		t.Fatal(err)
	}
	m := store.Manifest{Scenario: "fleet", State: store.Complete, Started: time.Unix(0, 0).UTC(),
		Host: map[string]string{"os": "linux"}}
	for i, model := range models {
		m.Machines = append(m.Machines, store.Machine{Name: fmt.Sprintf("m%d", i+1), ID: fmt.Sprint(i),
			Host: map[string]string{"os": "linux", "cores": "2", "cpu": model}, Shards: []int{i + 1}})
	}
	run, err := runtest.Run{Manifest: m, Plan: p, Noise: 0.01,
		Speed: func(c plan.Cell, round int) float64 {
			machine := round % len(models)
			speed := 1e6 / float64(1+machine) // machines are not equally fast
			switch {
			case c.Crawler() == "cas" && !c.IsAgainst():
				speed *= ratio(machine)
			case c.Crawler() == "owner":
				speed /= 2
			}
			return speed
		},
		Change: func(c plan.Cell, rec *store.Record) {
			rec.Machine = fmt.Sprintf("m%d", rec.Round%len(models)+1)
			if change != nil {
				change(c, rec)
			}
		},
	}.Write(filepath.Join(t.TempDir(), "run"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { run.Close() })
	return run
}

func alike(n int) []string { return slices.Repeat([]string{"x"}, n) }

// find returns a joint comparison with the baseline.
func find(t *testing.T, s *Stratum, crawler string, workers int) *Joint {
	t.Helper()
	for _, j := range s.Pairs {
		if j.Base.Impl == "mutexmap" && j.Cell.Impl == crawler && j.Cell.Workers == workers {
			return j
		}
	}
	t.Fatalf("no comparison of %s with %d workers", crawler, workers)
	return nil
}

// Over eight machines the ratio is the geometric mean of the machines' ratios, and the machines that agree are counted.
func TestEightMachines(t *testing.T) {
	ratios := []float64{1.5, 1.6, 1.4, 1.5, 0.95, 1.5, 1.6, 1.4}
	run := fleet(t, alike(8), func(machine int) float64 { return ratios[machine] }, false, nil)
	a, err := Analyse(run)
	if err != nil {
		t.Fatal(err)
	}
	s := a.Machines.Joint()
	if s == nil || len(s.Machines) != 8 {
		t.Fatalf("strata %+v: want one of 8 machines, with verdicts", a.Machines.Strata)
	}
	product := 1.0
	for _, r := range ratios {
		product *= r
	}
	j := find(t, s, "cas", 4)
	if got, want := j.Times().Value, math.Pow(product, 1.0/8); math.Abs(got/want-1) > 0.02 {
		t.Errorf("cas has %.3f times the speed: want %.3f, the geometric mean", got, want)
	}
	if j.Faster != 7 || j.Of != 8 || j.Blocks != 8 {
		t.Errorf("faster on %d of %d machines, by %d blocks: want 7 of 8, by 8", j.Faster, j.Of, j.Blocks)
	}
	if j.Spread.P > 0.001 || math.Abs(j.Spread.Between-0.172) > 0.03 || math.Abs(j.Spread.Within-0.014) > 0.005 {
		t.Errorf("heterogeneity %+v: want sd 0.17 between and 0.014 within, p near 0", j.Spread)
	}
	half := math.Log(j.Alone.Hi/j.Alone.Lo) / 2 // t with 7 degrees of freedom
	if want := 2.3646 * j.SD / math.Sqrt(8); math.Abs(half/want-1) > 1e-3 {
		t.Errorf("the 95 %% interval has half width %.4f: want %.4f", half, want)
	}
	o := find(t, s, "owner", 2)
	if o.Verdict != stat.Slower || o.Faster != 0 || o.Spread.P < 0.001 {
		t.Errorf("owner: %v, faster on %d, %+v: want slower on all, which agree", o.Verdict, o.Faster, o.Spread)
	}
	if c := s.Choices[0]; c.Best.Impl != "cas" || len(c.Others) != 2 {
		t.Errorf("choice %s among %d others: want cas among 2", c.Best.Impl, len(c.Others))
	}
	if a.Trust.Untrusted() || a.Trust.Samples != len(run.Samples()) || s.Unlimited.Controls != 2 ||
		s.Unlimited.Rejected != 0 || !(s.Unlimited.Floor < 0.05) {
		t.Errorf("trust %+v, noise %+v: want a trusted run with all samples and 2 controls", a.Trust, s.Unlimited)
	}
}

// A ratio that is the same on seven machines and far off on one is a difference if rounds are pooled, but not over
// machines.
func TestOneMachineOfEightProvesNothing(t *testing.T) {
	ratio := func(machine int) float64 {
		if machine == 3 {
			return 4
		}
		return 1
	}
	a := Compare(fleet(t, alike(8), ratio, false, nil))
	if j := find(t, a.Machines.Joint(), "cas", 2); j.Verdict != stat.Inconclusive {
		t.Errorf("over machines: %v, want inconclusive", j.Verdict)
	}
	// The known-bad twin treats the same rounds as rounds of one machine.
	run := fleet(t, alike(1), func(int) float64 { return 1 }, false, nil)
	twin := Compare(run)
	if twin.Machines != nil {
		t.Fatal("a run on one machine has machines: want none")
	}
	var pooled []float64 // in the order of the rounds
	for r := range a.Run.Plan().Rounds {
		t := a.Machines.List[r%8].Own.Tables[0]
		base, cas := t.Cell("mutexmap", 2), t.Cell("cas", 2)
		pooled = append(pooled, stat.LogRatios(base.times[r:r+1], cas.times[r:r+1])...)
	}
	f := stat.Family{Size: 1, Alpha: 0.05, Margin: 0.03, Looks: stat.FinalLook(len(pooled)), Uneven: true}
	if d, err := f.Decide([][]float64{pooled}); err != nil || d.Comparisons[0].Verdict != stat.Faster {
		t.Errorf("over rounds: %+v, %v: want faster, which is wrong", d.Comparisons, err)
	}
}

// Two and three machines have no joint verdict, and neither have machines with different processors.
func TestNoJointVerdict(t *testing.T) {
	for _, x := range []struct {
		models []string
		strata int
	}{
		{alike(2), 1}, {alike(3), 1},
		{append(alike(5), "y"), 2},
	} {
		run := fleet(t, x.models, func(int) float64 { return 2 }, true, nil)
		a, err := Analyse(run)
		if err != nil {
			t.Fatal(err)
		}
		if a.Machines.Joint() != nil || len(a.Machines.Strata) != x.strata {
			t.Errorf("%v: %d strata, joint verdict %v: want %d and none", x.models, len(a.Machines.Strata),
				a.Machines.Joint() != nil, x.strata)
		}
		for _, s := range a.Machines.Strata {
			if s.Decided() != (len(s.Machines) >= 4) {
				t.Errorf("%v: %d machines of %s are decided: %v", x.models, len(s.Machines), s.Model, s.Decided())
			}
		}
		for _, m := range a.Machines.List {
			if v := m.Own.Tables[0].Group(2).Comparison("cas", "mutexmap"); v.Verdict != stat.Faster || m.Rounds != 7 {
				t.Errorf("%v: on %s alone, cas is %v in %d rounds: want faster in 7", x.models, m.Name, v.Verdict, m.Rounds)
			}
		}
		for _, c := range a.Changes {
			if c.Gate(10) != stat.CannotTell {
				t.Errorf("%v: the gate says %v of %s: want that it cannot tell", x.models, c.Gate(10), c.Cell.ID())
			}
		}
		if len(a.Changes) != 6 {
			t.Errorf("%v: %d changes, want 6", x.models, len(a.Changes))
		}
	}
}

// A gate is decided over machines, if there are enough.
func TestGateOverMachines(t *testing.T) {
	a := Compare(fleet(t, alike(6), func(int) float64 { return 0.5 }, true, nil))
	if got := Gate(a.Changes, 0.05); got != stat.Fail {
		t.Errorf("the gate says %v: want fail, as cas is half as fast", got)
	}
	for _, c := range a.Changes {
		want := stat.Equivalent
		if c.Cell.Impl == "cas" {
			want = stat.Slower
		}
		if c.Verdict != want {
			t.Errorf("%s is %v: want %v", c.Cell.ID(), c.Verdict, want)
		}
	}
}

// A machine on which the baseline differs from itself makes the run untrusted, and the report names
// it.
func TestOneBadMachine(t *testing.T) {
	a := Compare(fleet(t, alike(5), func(int) float64 { return 2 }, false, func(c plan.Cell, rec *store.Record) {
		if rec.Machine == "m3" && c.IsControl() {
			for _, unit := range []string{"sec/op", "cpu-sec/op"} {
				rec.Sample.Values[unit] *= 1.5
			}
		}
	}))
	if bad := a.Trust.Machines; !a.Trust.Untrusted() || len(bad) != 1 || bad[0].Name != "m3" {
		t.Errorf("machines that cannot be believed: %+v, want m3", bad)
	}
}

// A cell that fails on one machine is failed on all.
func TestFailureOnOneMachine(t *testing.T) {
	a := Compare(fleet(t, alike(4), func(int) float64 { return 2 }, false, func(c plan.Cell, rec *store.Record) {
		if rec.Machine == "m2" && c.Impl == "cas" && c.Workers == 4 {
			rec.Kind, rec.Sample, rec.Failure = store.KindFailure, nil, &store.Failure{Class: "wrong", Message: "twice"}
			if rec.Round > 1 {
				rec.Failure = nil
			}
		}
	}))
	for _, j := range a.Machines.Joint().Pairs {
		if j.Cell.Impl == "cas" && j.Cell.Workers == 4 || j.Base.Impl == "cas" && j.Base.Workers == 4 {
			t.Errorf("%s against %s is compared, which failed on a machine", j.Cell.ID(), j.Base.ID())
		}
	}
	if len(a.Failures) != 1 || find(t, a.Machines.Joint(), "cas", 2).Verdict != stat.Faster {
		t.Errorf("failures %v: want that of cas with 4 workers alone", a.Failures)
	}
}

// Runs on several machines are not compared with each other.
func TestRunsOfSeveralMachinesAreNotComparable(t *testing.T) {
	one := fleet(t, alike(1), func(int) float64 { return 2 }, false, nil)
	two := fleet(t, alike(2), func(int) float64 { return 2 }, false, nil)
	if err := checkComparable(two, two); err == nil {
		t.Error("two machines: want an error")
	}
	if err := checkComparable(one, one); err != nil {
		t.Error(err)
	}
}
