package plan

import (
	"context"
	"slices"
	"strings"
	"testing"

	"crawlbench/internal/crawl"
)

const fleetScenario = `processes = [1, 2, 4]
rate = ["inf", 1000]
limiter = ["bucket", "shared"]
workers = [2]
control = false
[[graph]]
name = "g"
kind = "rmat"
scale = 10
`

// fleetTable returns a crawler that is made for fleets and one that is not.
func fleetTable() []crawl.Crawler {
	byID := func(context.Context, crawl.Web[uint32], []uint32, crawl.Options) (did crawl.Result, err error) {
		return
	}
	return []crawl.Crawler{{Name: "single", ByID: byID}, {Name: "joint", ByID: byID, Fleet: true}}
}

func sharedLimiter() crawl.LimiterKind {
	return crawl.LimiterKind{Name: "shared", Fleet: true,
		New: func(float64, int, *crawl.Fleet) (crawl.Limiter, error) { return nil, nil }}
}

// fleetCells returns the names of the cells of a scenario, without what they have in common.
func fleetCells(t *testing.T, text string, change func(*Scenario)) []string {
	t.Helper()
	s, err := Parse("x.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(s)
	}
	limiters := []crawl.LimiterKind{sharedLimiter()}
	p, err := Make(s, fleetTable(), 2, limiters...)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range p.Cells {
		name := strings.NewReplacer(",graph=g,keys=id,workers=2", "", "-2", "", "impl=", "").Replace(c.ID())
		names = append(names, name)
		if c.Resident && c.Processes > 0 {
			t.Errorf("%s is resident", name)
		}
	}
	chosen, err := Choose(s.Crawlers, fleetTable())
	if err != nil {
		t.Fatal(err)
	}
	a := axesOf(s, chosen, 2)
	a.fleets = fleetsOf(chosen, limiters)
	if len(s.Processes) > 0 && a.count() != float64(len(names)) {
		t.Errorf("%v cells are expected, want %d", a.count(), len(names))
	}
	return names
}

// Several processes share the crawl, or the rate if there is one. A crawler that is not made for fleets has several
// processes only under a limiter that is.
func TestProcessesAreAnAxis(t *testing.T) {
	got := fleetCells(t, fleetScenario, nil)
	want := []string{
		"single,rate=inf",
		"single,rate=1000,limiter=bucket",
		"single,rate=1000,limiter=shared,processes=1",
		"single,rate=1000,limiter=shared,processes=2",
		"single,rate=1000,limiter=shared,processes=4",
		"joint,rate=inf,processes=1",
		"joint,rate=inf,processes=2",
		"joint,rate=inf,processes=4",
		"joint,rate=1000,limiter=bucket,processes=1",
		"joint,rate=1000,limiter=shared,processes=1",
		"joint,rate=1000,limiter=shared,processes=2",
		"joint,rate=1000,limiter=shared,processes=4",
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("cells\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Without processes, * means crawlers that crawl alone, and a limiter of fleets serves a fleet of one.
func TestWithoutProcesses(t *testing.T) {
	got := fleetCells(t, strings.Replace(fleetScenario, "processes = [1, 2, 4]\n", "", 1), nil)
	want := []string{"single,rate=inf", "single,rate=1000,limiter=bucket",
		"single,rate=1000,limiter=shared,processes=1"}
	if !slices.Equal(got, want) {
		t.Errorf("cells %q, want %q", got, want)
	}
}

// The fleet has a budget, and each process that crawls its own copy has a part of it.
func TestTheBudgetOfAFleet(t *testing.T) {
	s, err := Parse("x.toml", []byte("sample = \"150ms\"\n"+fleetScenario))
	if err != nil {
		t.Fatal(err)
	}
	p, err := Make(s, fleetTable(), 2, sharedLimiter())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range p.Cells {
		switch {
		case c.Rate == 0 && c.MaxPages != 0, c.Rate > 0 && c.MaxPages != 150,
			c.Share() != (c.MaxPages+max(1, c.Processes)-1)/max(1, c.Processes):
			t.Errorf("%s: a budget of %d, and %d each", c.ID(), c.MaxPages, c.Share())
		}
	}
	slow := Cell{Graph: "g", Keys: "id", Workers: 2, Procs: 1, Processes: 4, Cost: Cost{Latency: 1e6, CPU: 5e5}}
	if n := budget(slow, s); n != 800 { // by latency and processor time 8 workers fetch 800, by the processors 1200
		t.Errorf("a budget of %d, want 800", n)
	}
	if d := slow.Ideal(800, 1, 1e6, 5e5); d != 150e6 {
		t.Errorf("at best %v, want 150ms", d)
	}
}

func TestFleetsThatShareNothingAreRefused(t *testing.T) {
	for what, test := range map[string]struct {
		change func(*Scenario)
		says   string
	}{
		"one that is not made for it": {func(s *Scenario) { s.Rates, s.Processes = []Rate{0}, []int{2, 4} },
			"crawler single is not made for fleets: each of its processes would crawl everything"},
		"no limiter that is": {func(s *Scenario) {
			s.Crawlers, s.Rates, s.Limiters = []string{"single"}, []Rate{0, 1000}, []string{"bucket"}
		}, "2 processes would share nothing: no crawler and no limiter is made for fleets"},
		"examples": {func(s *Scenario) { s.Crawlers, s.Rates = []string{"single"}, []Rate{0} },
			"or a rate with such a limiter (shared)"},
		"an unknown limiter": {func(s *Scenario) { s.Limiters = []string{"redisslots"} },
			`no limiter "redisslots": want one of bucket, ticker, gcra, paced, shared`},
		"simulated": {func(s *Scenario) { s.Simulated = true }, "a simulated scenario has no processes"},
		"polite":    {func(s *Scenario) { s.Politeness = &Politeness{} }, "gaps are not verified across processes"},
		"over HTTP": {func(s *Scenario) { s.Transports, s.Keys = []Transport{HTTP}, []string{"url"} },
			"a fleet does not crawl over HTTP"},
		"profiled": {func(s *Scenario) { s.Crawlers, s.Profiles.Kinds = []string{"joint"}, []string{"cpu"} },
			"profiles: fleets are not profiled"},
		"processes not given": {func(s *Scenario) { s.Processes, s.Crawlers = nil, []string{"joint"} },
			"crawler joint is made for fleets: set the number of processes"},
	} {
		s, err := Parse("x.toml", []byte(fleetScenario))
		if err != nil {
			t.Fatal(err)
		}
		test.change(s)
		_, err = Make(s, fleetTable(), 2, sharedLimiter())
		if err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %s", what, err, test.says)
		}
	}
}

func TestInvalidProcesses(t *testing.T) {
	for _, text := range []string{"processes = 0\n", "processes = [1, 65]\n", "processes = \"2\"\n",
		"processes = [2, 2]\n", "processes = []\n", "limiter = \"bukket\"\n",
		"limiter = \"a b\"\n", "limiter = \"\"\n"} {
		if _, err := Parse("x.toml", []byte(text+"[[graph]]\nname = \"g\"\nkind = \"rmat\"\nscale = 4\n")); err == nil {
			t.Errorf("%q is valid", text)
		}
	}
	own := strings.Replace(fleetScenario, "shared", "buckets", 1)
	if _, err := Parse("x.toml", []byte(own), "buckets"); err != nil {
		t.Errorf("a limiter of the program: %v", err)
	}
	for _, s := range []string{"", "0", "65", "1,1", "x", "1.5", "-1"} {
		if list, err := ParseProcesses(s); err == nil {
			t.Errorf("%q is valid: %v", s, list)
		}
	}
	if list, err := ParseProcesses("4, 1,2"); err != nil || !slices.Equal(list, []int{4, 1, 2}) {
		t.Errorf("%v, %v", list, err)
	}
	for _, c := range []Cell{
		{Impl: "c", Graph: "g", Keys: "id", Workers: 1, Procs: 1, Processes: -1},
		{Impl: "c", Graph: "g", Keys: "id", Workers: 1, Procs: 1, Processes: 65},
		{Impl: "c", Graph: "g", Keys: "id", Workers: 1, Procs: 1, Processes: 2, NoGC: true},
		{Impl: "c", Graph: "g", Keys: "url", Workers: 1, Procs: 1, Processes: 2, Transport: HTTP},
	} {
		if c.check() == nil {
			t.Errorf("cell %+v is valid", c)
		}
	}
}
