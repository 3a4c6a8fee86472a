package paper

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// simulate returns what a model does, or stops the test.
func simulate(t *testing.T, m Model) Result {
	t.Helper()
	r, err := Simulate(m)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// near reports whether x is within a share of want.
func near(x, want, share float64) bool { return math.Abs(x-want) <= share*want }

// fast is a fleet that has nothing to wait for but what a test adds.
func fast(processes, workers int) Model {
	return Model{
		Costs: Costs{Batch: 1, Processes: 4}, Processes: processes, Workers: workers, Hosts: 100_000,
		Median: 10 * time.Millisecond, WarmUp: time.Second, Window: 2 * time.Second, Seed: 1,
	}
}

func TestOneWorkerTakesOneTimeAfterTheOther(t *testing.T) {
	m := fast(1, 1)
	m.Median, m.RoundTrip, m.Linger = time.Millisecond, 200*time.Microsecond, time.Hour
	m.ClientPage, m.ClientCall = 100*time.Microsecond, 60*time.Microsecond
	m.Costs.Batch, m.ServerCall, m.ServerPage = 4, 40*time.Microsecond, 10*time.Microsecond
	r := simulate(t, m)
	page := m.Median + m.ClientPage // the process calls the server during the next fetch
	if want := 1 / page.Seconds(); !near(r.Rate, want, 0.003) || r.Binds != Workers || r.Wait != 0 || r.Batch != 4 {
		t.Errorf("%+v, want %.1f pages/s, and nothing but the worker in the way", r, want)
	}
	if want := m.call(4).Seconds() / (4 * page).Seconds(); !near(r.Server, want, 0.01) {
		t.Errorf("the server is busy for %.4f of the time, want %.4f", r.Server, want)
	}
	if want := (4*m.ClientPage + m.ClientCall).Seconds() / (4 * page).Seconds(); !near(r.Client, want, 0.01) {
		t.Errorf("the processor is busy for %.4f of the time, want %.4f", r.Client, want)
	}
	// A call takes so long that two batches wait for it, after which the worker waits, too.
	m.RoundTrip = 20 * time.Millisecond
	r = simulate(t, m)
	if want := 4 / (m.ClientCall + m.RoundTrip + m.call(4)).Seconds(); !near(r.Rate, want, 0.01) ||
		r.Batch != 4 || r.Binds != Calls {
		t.Errorf("%+v, want %.1f pages/s: a batch per call, and calls as the limit", r, want)
	}
}

func TestWorkersBindIfNothingElseDoes(t *testing.T) {
	m := fast(8, 16)
	m.Median, m.Sigma, m.Window = 60*time.Millisecond, 0.87, 20*time.Second
	mean := m.Median.Seconds() * math.Exp(m.Sigma*m.Sigma/2) // of a lognormal law
	if r, want := simulate(t, m), 128/mean; !near(r.Rate, want, 0.02) || r.Binds != Workers {
		t.Errorf("%+v, want %.0f pages/s, limited by workers", r, want)
	}
}

// saturates returns an error unless the server limits the fleet to one page per cost, with the batches that it has.
func saturates(m Model, r Result) error {
	cost := m.ServerPage.Seconds() + m.ServerCall.Seconds()/r.Batch
	if !near(r.Rate, 1/cost, 0.002) || r.Server < 0.999 || r.Binds != Server {
		return fmt.Errorf("%+v, want %.0f pages/s, limited by the server", r, 1/cost)
	}
	return nil
}

func TestServerSaturatesAtOnePagePerCost(t *testing.T) {
	for _, batch := range []int{1, 16} {
		m := fast(100, 64) // which would fetch 640,000 pages/s
		m.Costs.Batch, m.ServerCall, m.ServerPage = batch, 32*time.Microsecond, 8*time.Microsecond
		if err := saturates(m, simulate(t, m)); err != nil {
			t.Error(err)
		}
		m.unbound = true
		if r := simulate(t, m); saturates(m, r) == nil {
			t.Errorf("a server that answers all at once saturates too: %+v", r)
		}
	}
}

func TestServerWakesUpForEachCallIfItHasNothingElseToDo(t *testing.T) {
	m := fast(1, 1)
	m.ServerCall, m.ServerWake, m.ClientWait = 10*time.Microsecond, 90*time.Microsecond, time.Millisecond
	r := simulate(t, m)
	if want := 1 / 0.011; r.Woken != 1 || !near(r.Rate, want, 0.01) || !near(r.Server, want*100e-6, 0.01) {
		t.Errorf("%+v, want %.1f pages/s, and a server that wakes up for each", r, want)
	}
	m = fast(100, 64)
	m.ServerCall, m.ServerWake = 100*time.Microsecond, 90*time.Microsecond
	if r = simulate(t, m); r.Woken > 0.001 || !near(r.Rate, 1e4, 0.002) {
		t.Errorf("%+v, want 10,000 pages/s of a server that never sleeps", r)
	}
}

func TestProcessorsSaturate(t *testing.T) {
	m := fast(4, 64)
	m.ClientPage = 500 * time.Microsecond
	if r := simulate(t, m); !near(r.Rate, 4*2000, 0.001) || r.Binds != Processors {
		t.Errorf("%+v, want 8,000 pages/s, limited by processors", r)
	}
}

// A call is made by one of many workers after a random time, so that calls arrive nearly as in a Poisson process. The
// mean wait is then that of M/D/1 (Pollaczek and Khinchine).
func TestWaitForTheServerIsThatOfMD1(t *testing.T) {
	for _, load := range []float64{0.3, 0.5, 0.8} {
		m := fast(4000, 1)
		m.latency = func(draw *rand.Rand) time.Duration {
			return time.Duration(draw.ExpFloat64() * float64(time.Second))
		}
		m.ServerCall, m.WarmUp, m.Window = time.Duration(load*float64(time.Second)/4000), 5*time.Second, 100*time.Second
		r := simulate(t, m)
		want := r.Server * m.ServerCall.Seconds() / (2 * (1 - r.Server))
		if !near(r.Wait.Seconds(), want, 0.06) || !near(r.Server, load, 0.02) {
			t.Errorf("load %.2f: a call waits for %v, want %.1f us; the server is busy for %.3f", load, r.Wait,
				want*1e6, r.Server)
		}
	}
}

// Results that gather for a while share a call, so that a page costs the server less the more it has to do.
func TestBatchesFillAsTheServerGetsBusy(t *testing.T) {
	m := fast(1, 100)
	m.Costs.Batch, m.Linger, m.ServerCall, m.ServerPage = 64, time.Millisecond, 20*time.Microsecond, time.Microsecond
	m.Sigma = 0.5
	alone := simulate(t, m)
	if want := alone.Rate * (m.Linger + m.call(int(alone.Batch))).Seconds(); !near(alone.Batch, want, 0.05) {
		t.Errorf("one process: %.2f pages a call, want %.2f: those of the time between calls", alone.Batch, want)
	}
	m.Processes = 200
	r := simulate(t, m)
	if err := saturates(m, r); r.Batch < 3*alone.Batch || err != nil {
		t.Errorf("200 processes: %.2f pages a call, want thrice the %.2f of one: %v", r.Batch, alone.Batch, err)
	}
}

// A server that is busy all the time limits nobody as long as longer waits only make calls longer.
func TestBusyServerIsNoLimitWhileBatchesGrow(t *testing.T) {
	m := fast(50, 10)
	m.Sigma, m.Costs.Batch, m.ServerCall = 0.5, 512, 200*time.Microsecond
	mean := m.Median.Seconds() * math.Exp(m.Sigma*m.Sigma/2)
	if r := simulate(t, m); r.Server < 0.999 || r.Binds != Workers || !near(r.Rate, 500/mean, 0.02) {
		t.Errorf("%+v, want a busy server, and %.0f pages/s that workers limit", r, 500/mean)
	}
}

func TestPolitenessBindsAtOnePagePerHostAndRest(t *testing.T) {
	for _, sharded := range []bool{false, true} {
		m := fast(4, 500)
		m.Sharded, m.Shards = sharded, 64
		m.Hosts, m.Median, m.Gap = 500, 60*time.Millisecond, time.Second
		m.WarmUp, m.Window = 5*(m.Median+m.Gap), 20*(m.Median+m.Gap)
		r := simulate(t, m)
		if want := 500 / (m.Median + m.Gap).Seconds(); !near(r.Rate, want, 0.001) ||
			r.Binds != Politeness || r.Ready > 0 {
			t.Errorf("sharded %v: %+v, want %.1f pages/s, limited by politeness", sharded, r, want)
		}
	}
}

func TestProcessesWithoutShardsAreLimitedByShards(t *testing.T) {
	m := fast(128, 4)
	m.Sharded, m.Shards = true, 64
	r := simulate(t, m)
	if want := 64 * 4 / m.Median.Seconds(); !near(r.Rate, want, 0.001) || r.Binds != Shards ||
		!near(r.Misplaced, 0.5, 1e-9) {
		t.Errorf("%+v, want %.0f pages/s, limited by shards, since half of the processes have none", r, want)
	}
	m.Shards = 4096
	if r := simulate(t, m); !near(r.Rate, 128*4/m.Median.Seconds(), 0.001) || r.Binds != Workers {
		t.Errorf("%+v, want that all workers work", r)
	}
}

func TestSharedProcessorsServeAll(t *testing.T) {
	m := fast(4, 16)
	m.Shared, m.Median = 2, 0
	m.ClientPage, m.ServerCall = 20*time.Microsecond, 5*time.Microsecond
	if r := simulate(t, m); !near(r.Rate, 2/25e-6, 0.01) || r.Binds != Processors {
		t.Errorf("%+v, want 80,000 pages/s of 25 us each, limited by two processors", r)
	}
}

func TestSimulationsRepeat(t *testing.T) {
	m := fast(16, 16)
	m.Sharded, m.Shards, m.Sigma, m.Gap = true, 64, 1, 100*time.Millisecond
	m.Costs.Batch, m.ServerPage, m.ClientPage = 8, 10*time.Microsecond, 10*time.Microsecond
	if a, b := simulate(t, m), simulate(t, m); a != b {
		t.Errorf("%+v and %+v of one seed", a, b)
	}
}

func TestRowsBeyondWhatWasComparedSaySo(t *testing.T) {
	for processes, want := range map[int]bool{1: false, 4: false, 5: true} {
		if r := simulate(t, fast(processes, 1)); r.Extrapolated != want {
			t.Errorf("%d processes, compared up to 4: extrapolated %v, want %v", processes, r.Extrapolated, want)
		}
	}
}

func TestModelsAreChecked(t *testing.T) {
	if err := fast(1, 1).Check(); err != nil {
		t.Error(err)
	}
	for what, change := range map[string]func(*Model){
		"no process":              func(m *Model) { m.Processes = 0 },
		"no host":                 func(m *Model) { m.Hosts = 0 },
		"no batch":                func(m *Model) { m.Costs.Batch = 0 },
		"sharded, no shard":       func(m *Model) { m.Sharded = true },
		"negative gap":            func(m *Model) { m.Gap = -1 },
		"no window":               func(m *Model) { m.Window = 0 },
		"pages that take no time": func(m *Model) { m.Median = 0 },
	} {
		m := fast(1, 1)
		change(&m)
		if _, err := Simulate(m); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}
