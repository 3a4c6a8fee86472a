//go:build unix

package measure

import (
	"errors"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/plan"
	"crawlbench/internal/store"
	"crawlbench/internal/testing/fleettest"
	"crawlbench/internal/web"
)

// startFleet creates a run of fleets with a server of its own.
func startFleet(t *testing.T, change func(*plan.Scenario), names ...string) (*Runner, *store.Run, *fleettest.Server) {
	r, run := start(t, func(s *plan.Scenario) {
		s.Processes, s.Rounds, s.Deadline = []int{2}, 1, 10*time.Second
		if change != nil {
			change(s)
		}
	}, names...)
	r.Memory = 4 << 30 // which processes share: the race detector takes hundreds of MiB of each
	server, err := fleettest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	r.Server = server
	return r, run, server
}

// leftovers returns the directories of fleets.
func leftovers() []string {
	list, _ := filepath.Glob(filepath.Join(os.TempDir(), "crawlbench-*", "0"))
	return list
}

func TestAFleetSharesACrawl(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()) // other tests leave files in the shared one
	r, run, server := startFleet(t, func(s *plan.Scenario) {
		s.Processes, s.Rounds = []int{1, 2, 4}, 2
		s.Profiles = plan.Profiles{Kinds: []string{"cpu"}, Length: time.Millisecond}
	}, "sharing", "mutexmap")
	if err := r.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(run.Failed()) > 0 {
		t.Fatalf("failed: %+v", slices.Collect(maps.Values(run.Failed())))
	}
	samples := map[int]int{}
	for _, rec := range run.Samples() {
		if !strings.Contains(rec.Cell, "impl=sharing") {
			if rec.Sample.Fleet != nil || strings.Contains(rec.Cell, "processes") {
				t.Errorf("%s is a fleet", rec.Cell)
			}
			continue
		}
		i := slices.IndexFunc(run.Plan().Cells, func(c plan.Cell) bool { return c.ID() == rec.Cell })
		n := run.Plan().Cells[i].Processes
		samples[n]++
		v := rec.Sample.Values
		if v["pages/op"] != 400 || v["sec/op"] <= 0 || v["cpu-sec/op"] <= 0 ||
			v["peak-RSS-bytes"] < float64(n)*(1<<20) {
			t.Errorf("%s: values %v", rec.Cell, v)
		}
		// The server's processor time is exactly what the processes asked it to use.
		want := rec.Sample.Counts["server calls"] * 1e-6
		if math.Abs(v[store.ServerUnit]-want) > 1e-9 || want < 400e-6 {
			t.Errorf("%s: the server used %v s, want %v", rec.Cell, v[store.ServerUnit], want)
		}
		f := rec.Sample.Fleet
		if f == nil || f.LeastToMost < 0 || f.LeastToMost > 1 || n == 1 && f.LeastToMost != 1 || f.Skew < 0 ||
			n == 1 && f.Skew != 0 {
			t.Errorf("%s: %+v", rec.Cell, f)
		}
	}
	if want := map[int]int{1: 2, 2: 2, 4: 2}; !maps.Equal(samples, want) {
		t.Errorf("samples by processes %v, want %v", samples, want)
	}
	if n := server.Left(); n > 0 {
		t.Errorf("%d crawls were not forgotten", n)
	}
	names := slices.Sorted(slices.Values(server.Names()))
	if n := len(slices.Compact(slices.Clone(names))); n != len(names) || n < 12 {
		t.Errorf("%d names of %d crawls", n, len(names))
	}
	if left := leftovers(); len(left) > 0 {
		t.Errorf("fleets left %v", left)
	}
	for _, rec := range run.Records() {
		if rec.Profile != nil && strings.Contains(rec.Cell, "processes") {
			t.Errorf("%s was profiled", rec.Cell)
		}
	}
	text, err := run.Bench()
	if err != nil || !strings.Contains(string(text), "/processes=4-2 ") ||
		!strings.Contains(string(text), store.ServerUnit) {
		t.Errorf("bench.txt: %v\n%s", err, text)
	}
}

// Each of these broken crawlers is correct in the view of each single process.
func TestWrongFleetsAreFound(t *testing.T) {
	for name, want := range map[string]struct{ class, says string }{
		"everything": {"wrong", "400 fetches of pages that another process had fetched (page 0, 1, 2)"},
		"skipping":   {"wrong", "reachable pages were not fetched by any process (page "},
		"dying":      {"panic", "process 2 of 2: "},
	} {
		r, run, _ := startFleet(t, nil, name)
		if err := r.Do(t.Context()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		failed := slices.Collect(maps.Values(run.Failed()))
		if len(failed) != 1 {
			t.Fatalf("%s: failures %+v", name, failed)
		}
		if f := failed[0].Failure; f.Class != want.class || !strings.Contains(f.Message, want.says) {
			t.Errorf("%s: %s: %s, want %s: %s", name, f.Class, f.Message, want.class, want.says)
		}
	}
}

// A fleet of which a signal from outside ends a process is taken once more, as a process alone is.
func TestAFleetThatIsKilledIsTakenAgain(t *testing.T) {
	t.Setenv(fleettest.KilledOnce, filepath.Join(t.TempDir(), "killed"))
	r, run, _ := startFleet(t, nil, "mortal")
	if err := r.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(run.Samples()) != 1 || len(run.Failed()) > 0 {
		t.Errorf("killed once: %d samples, failed %+v", len(run.Samples()), slices.Collect(maps.Values(run.Failed())))
	}
	t.Setenv(fleettest.KilledOnce, "")
	r, run, _ = startFleet(t, nil, "mortal")
	if err := r.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	failed := slices.Collect(maps.Values(run.Failed()))
	if len(failed) != 1 || failed[0].Failure.Class != "killed" ||
		!strings.Contains(failed[0].Failure.Message, "process 2 of 2: it was killed twice") {
		t.Errorf("killed each time: %+v", failed)
	}
}

// The budget holds for the whole fleet.
func TestTheBudgetIsThatOfTheFleet(t *testing.T) {
	budget := func(s *plan.Scenario) {
		s.Costs, s.Sample = []plan.Cost{{Latency: time.Millisecond}}, 20*time.Millisecond
		s.Processes = []int{3}
	}
	r, run, _ := startFleet(t, budget, "sharing")
	if err := r.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, rec := range run.Samples() {
		// 3 processes with 2 workers each fetch 120 pages of 1 ms in 20 ms.
		if n := rec.Sample.Values["pages/op"]; n != 120 {
			t.Errorf("%v pages, want 120", n)
		}
	}
	if len(run.Samples()) != 1 {
		t.Errorf("%d samples, %+v", len(run.Samples()), run.Failed())
	}
}

// Crawlers that are not made for fleets share a limit: each process crawls its own copy, with its part of the budget.
func TestAFleetSharesALimit(t *testing.T) {
	limited := func(s *plan.Scenario) {
		s.Rates, s.Limiters, s.Sample = []plan.Rate{200}, []string{"gate", "gates"}, 200*time.Millisecond
		s.Processes = []int{1, 2}
	}
	r, run, _ := startFleet(t, limited, "mutexmap")
	if err := r.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(run.Failed()) > 0 {
		t.Fatalf("failed: %+v", slices.Collect(maps.Values(run.Failed())))
	}
	for _, rec := range run.Samples() {
		s := rec.Sample
		if s.Pace == nil || s.Fleet == nil || s.Values["pages/op"] != 40 || s.Fleet.Calls != 1 ||
			s.Fleet.LeastToMost < 0 || s.Fleet.LeastToMost > 1 || s.Pace.Window < 0.1 {
			t.Fatalf("%s: %+v, %+v, %v", rec.Cell, s.Pace, s.Fleet, s.Values)
		}
		// However busy the machine is, no grant comes before its time.
		share := s.Pace.Achieved / s.Pace.Asked
		if strings.Contains(rec.Cell, "limiter=gate,") && share > 1 {
			t.Errorf("%s: %.3f of the rate", rec.Cell, share)
		}
		t.Logf("%s: %.2f of the rate, worst window %.2f in %.3f s", rec.Cell, share, s.Pace.Worst, s.Pace.Window)
	}
	if len(run.Samples()) != 4 {
		t.Errorf("%d samples, want 4", len(run.Samples()))
	}
}

// The parts of a crawl are united in one clock: two processes that each keep the whole rate exceed it, whereas half of
// it each is right.
func TestPartsAreUnited(t *testing.T) {
	const n, rate = 400, 1000
	at := func(every, first time.Duration) (list []web.Wait) {
		for i := range n / 2 {
			list = append(list, web.Wait{Granted: first + time.Duration(i+1)*every})
		}
		return list
	}
	for _, x := range []struct {
		waits           [][]web.Wait
		achieved, worst float64
	}{
		// From the first grant to the last it is 399 ms, or 199, in which the rate and a bucket of 10 allow as many
		// and 10.
		{[][]web.Wait{at(2*time.Millisecond, 0), at(2*time.Millisecond, -time.Millisecond)}, 1, 400.0 / (399 + 10)},
		{[][]web.Wait{at(time.Millisecond, 0), at(time.Millisecond, 0)}, 2, 400.0 / (199 + 10)},
	} {
		f := &fleet{job: Job{Cell: plan.Cell{Rate: rate, Processes: 2}}}
		taken := &fleetTaking{f: f, s: &store.Sample{Crawls: 1}}
		taken.pace(&crawled{waits: x.waits})
		p := taken.s.Pace
		if math.Abs(p.Achieved/rate-x.achieved) > 1e-9 || math.Abs(p.Worst-x.worst) > 1e-9 || p.Window < 0.1 ||
			taken.grants != n {
			t.Errorf("%+v with %v grants, want %v of the rate and a worst window of %v", *p, taken.grants, x.achieved,
				x.worst)
		}
	}
	c := &crawled{parts: []part{{At: 50, Wall: 20}, {At: 40, Wall: 10}, {At: 45, Wall: 40}}}
	if first, last, latest := c.span(); first != 40 || last != 85 || latest != 50 {
		t.Errorf("from %d to %d, the last start at %d: want 40, 85 and 50", first, last, latest)
	}
}

// Errors that are not the crawler's fault end the run.
func TestErrorsOfTheServerEndTheRun(t *testing.T) {
	r, _, _ := startFleet(t, func(s *plan.Scenario) {
		s.Rates, s.Limiters = []plan.Rate{1000}, []string{"closed"}
	}, "mutexmap")
	if err := r.Do(t.Context()); err == nil || !strings.Contains(err.Error(), "limiter closed: no server answers") {
		t.Errorf("a limiter that cannot be made: %v", err)
	}
	r, _, server := startFleet(t, nil, "sharing")
	server.Broken = true
	if err := r.Do(t.Context()); err == nil || !strings.Contains(err.Error(), "delete the keys of a crawl: planted") {
		t.Errorf("a server that does not forget: %v", err)
	}
}

// dying is a server that answers a number of times.
type dying struct {
	*fleettest.Server
	left int
}

func (d *dying) CPU() (time.Duration, error) {
	if d.left--; d.left < 0 {
		return 0, errors.New("connection refused")
	}
	return d.Server.CPU()
}

// A crawler that fails when its server has died is not to blame for it, and is measured when the run is resumed.
func TestTheDeathOfTheServerIsNotThatOfTheCrawler(t *testing.T) {
	r, run, server := startFleet(t, nil, "everything")
	r.Server = &dying{server, 2} // before and after the first crawl, which is wrong
	err := r.Do(t.Context())
	if err == nil || !strings.Contains(err.Error(), "processes share does not answer: connection refused") ||
		!strings.Contains(err.Error(), "400 fetches of pages that another process had fetched") {
		t.Errorf("%v, want what the crawler did and that the server does not answer", err)
	}
	if len(run.Failed()) > 0 {
		t.Errorf("the crawler has failed: %+v", slices.Collect(maps.Values(run.Failed())))
	}
}

func TestTheFirstLookAtAFleet(t *testing.T) {
	r, run, _ := startFleet(t, nil, "sharing")
	f := &Firsts{Ideal: func(plan.Cell) time.Duration { return time.Nanosecond }}
	if err := f.Look(t.Context(), r, run.Plan(), 10*time.Second); err != nil {
		t.Fatal(err)
	}
	if c := run.Plan().Cells[0]; f.Seen() != 1 || f.of(c).Crawl < time.Millisecond {
		t.Errorf("%d cells were seen, %v", f.Seen(), f.of(c))
	}
}

func TestAProgramWithoutFleetsIsNamed(t *testing.T) {
	t.Setenv(oldProgram, "fleets")
	r, _, _ := startFleet(t, nil, "everything")
	if err := r.Do(t.Context()); err == nil || !strings.Contains(err.Error(), "rebuild") {
		t.Errorf("an old program: %v", err)
	}
}
