package diagnose_test

import (
	"cmp"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plan"
	"crawlbench/internal/profile"
	"crawlbench/internal/profile/breakdown"
	"crawlbench/internal/stat"
	"crawlbench/internal/store"
	"crawlbench/internal/testing/runtest"
)

// fabricated is a fabricated run.
type fabricated struct {
	toml string
	// speed returns pages per second of a cell in a round, before noise of 1 %; 0 for no sample.
	speed func(c plan.Cell, round int) float64
	// change modifies a sample. breakdown returns the time breakdown of a cell, nil if it has none.
	change    func(c plan.Cell, s *store.Sample)
	breakdown func(c plan.Cell) *breakdown.Breakdown
	usage     func(c plan.Cell) *profile.Usage
	against   bool
	noise     float64 // of the logarithm of a speed; 0 is 1 %
	depth     int     // of the site; 0 is 9
}

const common = `
[[graph]]
name = "g"
kind = "hosts"
pages = 1000
`

func (m fabricated) analyse(t *testing.T) *diagnose.Analysis {
	t.Helper()
	a, err := diagnose.Analyse(m.run(t))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (m fabricated) run(t *testing.T) *store.Run {
	t.Helper()
	toml := m.toml + common
	if !strings.Contains(toml, "rounds = ") {
		toml = "rounds = 12\n" + toml
	}
	p, err := runtest.Plan(toml, m.against)
	if err != nil {
		t.Fatal(err)
	}
	noise := cmp.Or(m.noise, 0.01)
	r := runtest.Run{Plan: p, Speed: m.speed, Noise: noise, Breakdown: m.breakdown, Usage: m.usage,
		Manifest: store.Manifest{
			Scenario: "made", Graphs: []store.GraphInfo{{Name: "g", Digest: "d", Pages: 1000, Links: 9000,
				Reachable: 1000,
				Depth:     cmp.Or(m.depth, 9)}},
		}}
	if m.change != nil {
		r.Change = func(c plan.Cell, rec *store.Record) { m.change(c, rec.Sample) }
	}
	run, err := r.Write(filepath.Join(t.TempDir(), "run"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { run.Close() })
	return run
}

const three = `
crawlers = ["mutexmap", "cas", "syncmap"]
workers = [4]
`

// cas is twice as fast as mutexmap, syncmap equally fast.
func TestVerdictsTiesAndTrust(t *testing.T) {
	a := fabricated{toml: three, speed: func(c plan.Cell, round int) float64 {
		drift := 1 + 0.05*float64(round) // the machine gets faster by half, which pairing cancels
		if c.Impl == "cas" {
			return 2000 * drift
		}
		return 1000 * drift
	}}.analyse(t)
	table := a.Tables[0]
	cas, syncmap := table.Cell("cas", 4).Versus, table.Cell("syncmap", 4).Versus
	if x := cas.Times(); cas.Verdict != stat.Faster || x.Lo > 2 || x.Hi < 2 || x.Hi-x.Lo > 0.1 {
		t.Errorf("cas: %v %+v", cas.Verdict, x)
	}
	if syncmap.Verdict != stat.Equivalent {
		t.Errorf("syncmap: %v %+v", syncmap.Verdict, syncmap.Ratio)
	}
	g := table.Groups[0]
	if g.Best != "cas" || !slices.Equal(g.Ties, []string{"cas"}) || g.Second.Verdict != stat.Faster {
		t.Errorf("the best is %s, ties %v, second %+v", g.Best, g.Ties, g.Second)
	}
	n := a.Trust.Unlimited
	if a.Families.Size() != 3 || n.Controls != 1 || a.Trust.Untrusted() || n.Floor > 0.03 || a.Trust.Samples != 48 {
		t.Errorf("%d comparisons, trust %+v", a.Families.Size(), a.Trust)
	}
	if table.Cell("mutexmap", 4).Versus != nil {
		t.Error("the baseline has a comparison with itself")
	}
}

func TestTiesAreNotWinners(t *testing.T) {
	a := fabricated{toml: three, speed: func(plan.Cell, int) float64 { return 1000 }}.analyse(t)
	if g := a.Tables[0].Groups[0]; len(g.Ties) != 3 || g.Second.Verdict == stat.Faster {
		t.Errorf("ties %v, second %v", g.Ties, g.Second.Verdict)
	}
	if len(a.Findings) > 0 {
		t.Errorf("unexpected findings: %v", a.Findings)
	}
}

func TestControlThatDiffersMakesTheRunUntrusted(t *testing.T) {
	a := fabricated{toml: three, speed: func(c plan.Cell, _ int) float64 {
		if c.IsControl() {
			return 1030
		}
		return 1000
	}}.analyse(t)
	if !a.Trust.Untrusted() {
		t.Errorf("%+v", a.Trust)
	}
}

func TestOneRoundConcludesNothing(t *testing.T) {
	a := fabricated{toml: three, speed: func(c plan.Cell, round int) float64 {
		if round > 0 {
			return 0
		}
		if c.Impl == "cas" {
			return 5000
		}
		return 1000
	}}.analyse(t)
	if v := a.Tables[0].Cell("cas", 4).Versus.Verdict; v != stat.Inconclusive ||
		!math.IsInf(a.Trust.Unlimited.Detectable, 1) {
		t.Errorf("one round: %v, %+v", v, a.Trust.Unlimited)
	}
}

func TestFlaggedAndBimodalSamplesAreCounted(t *testing.T) {
	a := fabricated{toml: three, speed: func(c plan.Cell, round int) float64 {
		if c.Impl == "syncmap" && round%2 == 0 {
			return 500
		}
		return 1000
	}, change: func(c plan.Cell, s *store.Sample) {
		if c.Impl == "cas" {
			s.Flags, s.Before = []string{"preempted"}, &store.Sample{}
		}
	}}.analyse(t)
	if tr := a.Trust; tr.Flags["preempted"] != 12 || tr.Repeated != 12 || tr.Bimodal != 1 ||
		!a.Tables[0].Cell("syncmap", 4).Bimodal {
		t.Errorf("%+v", tr)
	}
}

func TestBounds(t *testing.T) {
	bound := func(toml string) diagnose.Bound {
		a := fabricated{toml: toml, speed: func(c plan.Cell,
			_ int) float64 {
			return 1000 * float64(min(2, c.Workers))
		}}.analyse(t)
		r := a.Tables[0].Rows[0]
		return r.Cells[len(r.Cells)-1].Bound
	}
	base := "crawlers = [\"mutexmap\"]\nworkers = [1, 8]\n"
	near := func(x, want float64) bool { return math.Abs(x/want-1) < 0.05 }
	if b := bound(base); b.By != "cores" || !near(b.Speed, 4000) || !near(b.Share, 0.5) {
		t.Errorf("cores: %+v", b)
	}
	if b := bound(base + "rate = [500]\n"); b.By != "rate" || b.Speed != 500 {
		t.Errorf("rate: %+v", b)
	}
	if b := bound(base + "[fetch]\nlatency = \"constant\"\nmedian = \"100ms\"\n"); b.By != "latency" || b.Speed != 80 {
		t.Errorf("latency: %+v", b)
	}
	// 1000 pages in 10 levels, each of 100 ms: 1000 pages/s at most, however many workers.
	if b := bound("crawlers = [\"mutexmap\"]\nworkers = [1, 4096]\n[fetch]\nlatency = \"constant\"\nmedian = \"100ms\"\n"); b.All["depth"] != 1000 || b.By != "depth" {
		t.Errorf("depth: %+v", b)
	}
}

func TestKneeAndLaw(t *testing.T) {
	law := func(n int) float64 { return 1000 * float64(n) / (1 + 0.05*float64(n-1) + 0.01*float64(n*(n-1))) }
	a := fabricated{toml: "crawlers = [\"mutexmap\"]\nworkers = [1, 2, 4, 8, 16, 32]\n[fetch]\nlatency = \"constant\"\nmedian = \"1ms\"\n",
		speed: func(c plan.Cell, _ int) float64 { return law(c.Workers) }}.analyse(t)
	r := a.Tables[0].Rows[0]
	if f := r.Fit; f.Refused != "" || !f.Retrograde() || f.Sigma.Lo > 0.05 || f.Sigma.Hi < 0.05 || f.Kappa.Lo > 0.01 ||
		f.Kappa.Hi < 0.01 {
		t.Errorf("%+v", f)
	}
	if r.Knee.Workers != 8 {
		t.Errorf("knee %+v", r.Knee)
	}
	if len(a.Findings) != 1 || a.Findings[0].Rule.Kind != diagnose.StoppedGaining {
		t.Errorf("%+v", a.Findings)
	}
}

// account returns a time breakdown in which a state has the given share, and the rest is running.
func account(class breakdown.State, share float64, more ...breakdown.Role) *breakdown.Breakdown {
	return &breakdown.Breakdown{Workers: 8, Crawls: 1, Wall: 1, Worker: 8,
		Seconds: map[breakdown.State]float64{class: 8 * share, breakdown.Running: 8 * (1 - share)},
		Sites: []breakdown.Site{{State: class, Where: "pkg.f f.go:1", Primitive: "sync.(*Mutex).Lock", Count: 5,
			Seconds: 8 * share, Share: share}},
		Ends:  []breakdown.End{{State: class, Where: "pkg.f f.go:1", By: "pkg.g f.go:9", Count: 5, Seconds: 8 * share}},
		Roles: more}
}

func TestBreakdownsAreDiagnosed(t *testing.T) {
	caller := breakdown.Role{Entry: "(caller)", Count: 1, Running: 0.95, Share: 0.95, Ended: 6}
	crowd, alone := caller, caller // of several goroutines, or one for which nobody waits
	crowd.Count, crowd.Running, alone.Ended, alone.Running = 8, 0, 0.1, 0
	const chain = 999
	for _, test := range []struct {
		breakdown *breakdown.Breakdown
		want      diagnose.Kind
		value     float64
		depth     int
	}{
		{account(breakdown.Lock, 0.6), diagnose.ContendedLock, 0.6, 0},
		{account(breakdown.Idle, 0.85), diagnose.NarrowFrontier, 0.85, chain},
		{account(breakdown.Idle, 0.85), diagnose.IdleWorkers, 0.85, 0}, // the site is wide
		{account(breakdown.Idle, 0.7), "", 0, chain},                   // the others keep the processors busy
		{account(breakdown.Idle, 0.7), "", 0, 0},
		{account(breakdown.Idle, 0.85, crowd, alone), diagnose.NarrowFrontier, 0.85, chain},
		{account(breakdown.Idle, 0.85, caller), diagnose.SaturatedOwner, 0.95, 0},
		{account(breakdown.RateLimit, 0.9), diagnose.RateLimited, 0.9, 0},
		{account(breakdown.Network, 0.9), diagnose.LatencyBound, 0.9, 0},
		{account(breakdown.Runnable, 0.7), diagnose.ProcessorBound, 0.7, 0},
		{account(breakdown.Lock, 0.05), "", 0, 0},
	} {
		a := fabricated{toml: "crawlers = [\"mutexmap\"]\nworkers = [8]\n[profiles]\nkinds = [\"wall\"]\n",
			depth:     test.depth,
			speed:     func(plan.Cell, int) float64 { return 1000 },
			breakdown: func(plan.Cell) *breakdown.Breakdown { return test.breakdown }}.analyse(t)
		if test.want == "" {
			if len(a.Findings) > 0 {
				t.Errorf("unexpected findings: %+v", a.Findings)
			}
			continue
		}
		if len(a.Findings) != 1 || a.Findings[0].Rule.Kind != test.want ||
			math.Abs(a.Findings[0].Value.Median-test.value) > 1e-9 || a.Findings[0].Value.N != 3 {
			t.Errorf("%s: %+v", test.want, a.Findings)
			continue
		}
		if f := a.Findings[0]; test.want == diagnose.ContendedLock &&
			(f.Site.Where != "pkg.f f.go:1" || f.End.By != "pkg.g f.go:9" || f.Faster != nil) {
			t.Errorf("evidence %+v %+v %+v", f.Site, f.End, f.Faster)
		}
	}
}

func TestFlaggedCellsHaveNoFindings(t *testing.T) {
	list := fabricated{toml: "crawlers = [\"cas\"]\nworkers = [1, 8]\n", speed: func(plan.Cell,
		int) float64 {
		return 1000
	},
		change: func(c plan.Cell, s *store.Sample) {
			if c.Workers == 8 {
				s.Values["cpu-sec/op"] *= 2
				s.Flags = []string{"preempted"}
			}
		}}.analyse(t).Findings
	if len(list) > 0 {
		t.Errorf("%+v", list)
	}
}

func TestWastedCyclesAndCollector(t *testing.T) {
	run := func(change func(plan.Cell, *store.Sample)) []diagnose.Finding {
		return fabricated{toml: "crawlers = [\"cas\"]\nworkers = [1, 8]\n",
			speed: func(plan.Cell, int) float64 { return 1000 }, change: change}.analyse(t).Findings
	}
	list := run(func(c plan.Cell, s *store.Sample) {
		if c.Workers == 8 {
			s.Values["cpu-sec/op"] *= 2
		}
	})
	if len(list) != 1 || list[0].Rule.Kind != diagnose.WastedCycles || math.Abs(list[0].Value.Median-2) > 0.05 {
		t.Errorf("%+v", list)
	}
	list = run(func(_ plan.Cell, s *store.Sample) { s.Host["gc-sec"], s.Host["user-sec"] = 0.4, 0.6 })
	if len(list) != 1 || list[0].Rule.Kind != diagnose.CollectorBound || math.Abs(list[0].Value.Median-0.4) > 1e-9 {
		t.Errorf("%+v", list)
	}
}

func TestChangesAgainstAnotherProgram(t *testing.T) {
	a := fabricated{toml: three, against: true, speed: func(c plan.Cell, _ int) float64 {
		if c.Impl == "cas" {
			return 900 // the other program reaches 1000
		}
		return 1000
	}}.analyse(t)
	if len(a.Changes) != 3 || a.Families.Size() != 3 {
		t.Fatalf("%d changes, %d comparisons", len(a.Changes), a.Families.Size())
	}
	for _, c := range a.Changes {
		slower := c.Cell.Impl == "cas"
		want := map[bool]stat.Gate{false: stat.Pass, true: stat.Fail}[slower]
		if c.Gate(0.05) != want || c.Gate(0.2) != stat.Pass || (c.Verdict == stat.Equivalent) == slower {
			t.Errorf("%s: %v %+v", c.Cell.Impl, c.Verdict, c.Ratio)
		}
	}
}

func TestDamagedBreakdownIsNamed(t *testing.T) {
	m := fabricated{toml: "crawlers = [\"mutexmap\"]\nworkers = [8]\n[profiles]\nkinds = [\"wall\"]\n",
		speed:     func(plan.Cell, int) float64 { return 1000 },
		breakdown: func(plan.Cell) *breakdown.Breakdown { return account(breakdown.Lock, 0.5) }}
	run := m.run(t)
	files, _ := filepath.Glob(filepath.Join(run.Dir(), "profiles/*/breakdown.json"))
	if err := os.WriteFile(files[0], []byte("["), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := diagnose.Analyse(run); err == nil || !strings.Contains(err.Error(), "breakdown.json") {
		t.Errorf("error %v", err)
	}
	if err := os.Remove(files[0]); err != nil { // as the message suggests
		t.Fatal(err)
	}
	a, err := diagnose.Analyse(run)
	if err != nil {
		t.Fatal(err)
	}
	if c := a.Tables[0].Cell("mutexmap", 8); c.Traces != nil || c.Files["breakdown"] != "" {
		t.Errorf("without its time breakdown the cell is %+v, with the files %v", c.Traces, c.Files)
	}
}

// A round cannot exceed the bound of its cores, even where more workers need less processor time per page than one.
func TestNoSpeedExceedsTheBoundOfItsCores(t *testing.T) {
	a := fabricated{toml: "crawlers = [\"mutexmap\"]\nworkers = [1, 2, 8]\n",
		speed: func(c plan.Cell, round int) float64 {
			return 1000 * float64(min(2, c.Workers)) * (1 + float64(round)/10)
		},
		change: func(c plan.Cell, s *store.Sample) {
			v := s.Values // all of the cores that the workers have, more of them as caches warm up
			v["cpu-sec/op"] = v["sec/op"] * float64(min(2, c.Workers))
		}}.analyse(t)
	for c := range a.Cells() {
		if c.Bound.By != "cores" || c.Bound.Share > 1 || c.Workers > 1 && c.Bound.Share < 0.5 {
			t.Errorf("%s: %+v", c.ID(), c.Bound)
		}
	}
}
