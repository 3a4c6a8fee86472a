//go:build unix

package measure

import (
	"slices"
	"testing"
	"time"

	"crawlbench/internal/plan"
)

const ms = time.Millisecond

func TestTimesOfSlicesAndBlocksByHand(t *testing.T) {
	for _, c := range []struct{ crawl, want time.Duration }{
		{ms / 10, 5 * ms},    // 50 crawls of at least 5 ms
		{2 * ms, 6 * ms},     // 3 that reach 5 ms, after 5 that do not count
		{6 * ms, 18 * ms},    // 3 after 2 that do not count: at least 5
		{10 * ms, 20 * ms},   // 2 after one that does not count: 25 ms in all
		{400 * ms, 400 * ms}, // one
		{0, 5 * ms},
	} {
		if got := SliceTime(c.crawl, 5*ms); got != c.want {
			t.Errorf("a slice of crawls of %v takes %v, want %v", c.crawl, got, c.want)
		}
	}
	p := &plan.Plan{Turns: 6, Slice: 5 * ms, Sample: 100 * ms}
	for _, c := range []struct {
		cells []First
		want  time.Duration
	}{
		// Processes, and 6 turns of two slices, two hand-overs and two lead-ins.
		{[]First{{ms / 10, 20 * ms}, {2 * ms, 30 * ms}}, 50*ms + 6*(5*ms+6*ms+2*(1+10)*ms)},
		// Two crawls that take longer than a sample: 2 turns, twice their time.
		{[]First{{400 * ms, 500 * ms}, {200 * ms, 300 * ms}}, 800*ms + 2*(600*ms+2*ms)},
	} {
		if got := blockTime(p, c.cells); got != c.want {
			t.Errorf("a block of %v takes %v, want %v", c.cells, got, c.want)
		}
	}
}

func TestTotalAddsUp(t *testing.T) {
	fast, slow := plan.Cell{Impl: "a", Graph: "g", Workers: 1}, plan.Cell{Impl: "b", Graph: "g", Workers: 1}
	limited, control := plan.Cell{Impl: "a", Graph: "g", Workers: 1, Rate: 500}, fast
	control.Impl = plan.Control("a")
	p := &plan.Plan{Rounds: 10, RateLimitedRounds: 4, Sample: 100 * ms, Length: 200 * ms,
		Cells: []plan.Cell{fast, slow, limited, control}, Passes: []plan.Pass{{Cell: 1}}}
	f := &Firsts{Ideal: func(plan.Cell) time.Duration { return 80 * ms },
		seen: map[plan.Cell]First{fast: {2 * ms, 30 * ms}, slow: {300 * ms, 310 * ms}}}
	perRound := 2*(100*ms+ms+30*ms) + 300*ms + 310*ms // the control as its crawler; the slow one exceeds its sample
	paced := 100*ms + 40*ms + 170*ms                  // the mean process
	pass := 310*ms + 350*ms
	if got, want := f.Total(p), 10*perRound+4*paced+pass; got != want {
		t.Errorf("total %v, want %v", got, want)
	}
	if got := f.FitRounds(p, 20*perRound+4*paced+pass+ms); got != 20 {
		t.Errorf("%d rounds fit, want 20", got)
	}
	if got := f.FitRounds(p, ms); got != 1 {
		t.Errorf("%d rounds fit into a millisecond, want 1 at least", got)
	}
	// Blocks of a group rest.
	for i := range p.Cells {
		p.Cells[i].Resident = p.Cells[i].Rate == 0
	}
	f.seen = map[plan.Cell]First{p.Cells[0]: {2 * ms, 30 * ms}, p.Cells[1]: {300 * ms, 310 * ms}}
	p.Turns, p.Slice, p.Rest = 6, 5*ms, 10*time.Second
	block := blockTime(p, []First{{2 * ms, 30 * ms}, {300 * ms, 310 * ms}, {2 * ms, 30 * ms}})
	paced = 100*ms + 40*ms + 170*ms
	if got, want := f.Total(p), 10*block+4*paced+3*(p.Rest-paced)+6*p.Rest; got != want {
		t.Errorf("total with rests %v, want %v", got, want)
	}
	// Passes fill the rests, and may take longer.
	p.Passes = slices.Repeat(p.Passes, 1000)
	if got, want := f.Total(p), 10*block+4*paced+1000*pass; got != want {
		t.Errorf("total with many passes %v, want %v", got, want)
	}
	if got := f.After(p, 1); got != block+paced+1000*pass {
		t.Errorf("a round takes %v", got)
	}
}

// Traces are shorter than other profiles, but have to be read; those of a crawl that waits are small.
func TestTimeOfPasses(t *testing.T) {
	busy, waits := plan.Cell{Impl: "a", Graph: "g", Workers: 1}, plan.Cell{Impl: "b", Graph: "g", Workers: 1}
	f := &Firsts{seen: map[plan.Cell]First{busy: {4 * ms, 30 * ms}, waits: {3000 * ms, 30 * ms}}}
	for _, c := range []struct {
		pass plan.Pass
		want time.Duration
	}{
		{plan.Pass{Cell: 0, Kinds: []string{"cpu"}}, 30*ms + 502*ms},
		{plan.Pass{Cell: 0, Kinds: []string{"wall"}}, 30*ms + 906*ms*19/10},
		{plan.Pass{Cell: 1, Kinds: []string{"block", "mutex"}}, 30*ms + 3000*ms},
		{plan.Pass{Cell: 1, Kinds: []string{"wall"}}, 30*ms + 1350*ms + 1350*ms*9/1000},
	} {
		p := &plan.Plan{Length: 500 * ms, Cells: []plan.Cell{busy, waits}, Passes: []plan.Pass{c.pass}}
		if got := f.PassTime(p); got < c.want-ms || got > c.want+ms {
			t.Errorf("%v takes %v, want %v", c.pass, got, c.want)
		}
	}
}

// A first look crawls once in each unlimited cell; a crawler that fails is left to the run.
func TestFirstLook(t *testing.T) {
	r, run := start(t, func(s *plan.Scenario) { s.Rates = []plan.Rate{0, 1000} }, "mutexmap", "panics")
	f := &Firsts{Ideal: func(plan.Cell) time.Duration { return 0 }}
	if err := f.Look(t.Context(), r, run.Plan(), time.Minute); err != nil {
		t.Fatal(err)
	}
	if len(run.Records()) != 0 {
		t.Errorf("it left %d records", len(run.Records()))
	}
	for c, x := range f.seen {
		if c.Impl != "mutexmap" || c.Rate > 0 || x.Crawl <= 0 || x.Process <= 0 {
			t.Errorf("%s: %+v", c.ID(), x)
		}
	}
	if f.Seen() == 0 || f.Cells != 2*f.Seen() {
		t.Errorf("%d of %d cells seen, want those of mutexmap", f.Seen(), f.Cells)
	}
	if err := f.Look(t.Context(), r, run.Plan(), 0); err != nil || f.Seen() != 0 {
		t.Errorf("without time %d cells are seen (%v)", f.Seen(), err)
	}
}
