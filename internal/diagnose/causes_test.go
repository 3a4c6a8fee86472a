package diagnose_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plan"
	"crawlbench/internal/profile"
	"crawlbench/internal/profile/breakdown"
	"crawlbench/internal/store"
)

// planted is a crawler whose workers spend their time in a known way, and what must be found.
type planted struct {
	name      string
	breakdown *breakdown.Breakdown // with 8 workers; nil: not traced
	// one and many are nanoseconds of processor time per page by class, with one worker and with eight; nil: not
	// profiled.
	one, many map[profile.Class]float64
	called    string // by the line that grows
	spots     int    // lines that share each class; 0 is 1
	// counters are events per page of one and eight workers, by name
	counters [2]map[string]float64
	rate     string
	change   func(c plan.Cell, s *store.Sample)
	want     []diagnose.Kind
}

const (
	line  = "pkg.(*set).add set.go:40"
	other = "pkg.(*set).add set.go:44"
)

// spent returns a time breakdown of 8 workers with the given shares of their time; the rest is running. Site is where
// they wait.
func spent(shares map[breakdown.State]float64, site breakdown.Site,
	change ...func(*breakdown.Breakdown)) *breakdown.Breakdown {
	l := &breakdown.Breakdown{Workers: 8, Crawls: 1, Pages: 1000, Wall: 1, Worker: 8,
		Seconds: map[breakdown.State]float64{}}
	rest := 1.0
	for state, share := range shares {
		l.Seconds[state] = 8 * share
		rest -= share
	}
	l.Seconds[breakdown.Running] = 8 * rest
	site.Where, site.Seconds = line, 8*shares[site.State]
	l.Sites = []breakdown.Site{site}
	l.Ends = []breakdown.End{{State: site.State, Where: line, By: other, Count: site.Count, Seconds: site.Seconds}}
	for _, f := range change {
		f(l)
	}
	return l
}

// usage returns processor time by class from ns per page, in five repeats of 1000 pages. Each class is spent on the
// given number of lines.
func usage(ns map[profile.Class]float64, lines int, called string) *profile.Usage {
	u := &profile.Usage{}
	for range 5 {
		r := profile.Repeat{Pages: 1000, Samples: 100, Seconds: map[profile.Class]float64{}}
		for class, x := range ns {
			r.Seconds[class] = x * 1e-6
			r.CPU += x * 1e-6
			for i := range lines {
				r.Spots = append(r.Spots, profile.Spot{Class: class, Where: fmt.Sprintf("pkg.f f.go:%d", 10+i),
					Called:  called,
					Seconds: x * 1e-6 / float64(lines)})
			}
		}
		u.Repeats = append(u.Repeats, r)
	}
	return u
}

func total(ns map[profile.Class]float64) (sum float64) {
	for _, x := range ns {
		sum += x
	}
	return sum
}

// find analyses the crawler with one and with eight workers, and returns the findings about its eight.
func (p planted) find(t *testing.T) (*diagnose.Analysis, []diagnose.Finding) {
	t.Helper()
	m := fabricated{
		toml: "crawlers = [\"mutexmap\"]\nworkers = [1, 8]\n" + p.rate +
			"[profiles]\nkinds = [\"cpu\", \"wall\"]\nworkers = [1, 8]\n",
		speed: func(c plan.Cell, _ int) float64 { return 1e5 },
		change: func(c plan.Cell, s *store.Sample) {
			ns := p.one
			if c.Workers == 8 {
				ns = p.many
			}
			if ns != nil {
				s.Values["cpu-sec/op"] = total(ns) * 1e-9 * s.Values["pages/op"]
			}
			if p.change != nil {
				p.change(c, s)
			}
		},
		breakdown: func(c plan.Cell) *breakdown.Breakdown {
			if c.Workers == 1 {
				return nil
			}
			return p.breakdown
		},
		usage: func(c plan.Cell) *profile.Usage {
			if p.one == nil {
				return nil
			}
			ns, counts := p.many, p.counters[1]
			if c.Workers == 1 {
				ns, counts = p.one, p.counters[0]
			}
			u := usage(ns, max(1, p.spots), p.called)
			for i := range u.Repeats {
				u.Repeats[i].Counters = map[string]float64{}
				for name, n := range counts {
					u.Repeats[i].Counters[name] = n * float64(u.Repeats[i].Pages)
				}
			}
			return u
		},
	}
	a := m.analyse(t)
	var list []diagnose.Finding
	for _, f := range a.Findings {
		if f.Cell.Workers == 8 && f.Rule.Kind != diagnose.StoppedGaining && f.Rule.Kind != diagnose.ProcessorBound {
			list = append(list, f)
		}
	}
	return a, list
}

// The causes, each with a twin that differs in what makes the cause and must not get it.
func TestCausesAndTheirTwins(t *testing.T) {
	type shares = map[breakdown.State]float64
	type ns = map[profile.Class]float64
	locked := shares{breakdown.Lock: 0.8}
	mutex := breakdown.Site{State: breakdown.Lock, Primitive: "sync.(*Mutex).Lock", Count: 1000, Wakes: 1000}
	hold := func(away, here float64) func(*breakdown.Breakdown) {
		return func(l *breakdown.Breakdown) {
			l.Holds = []breakdown.LockHold{{Where: line, At: other, For: "time.Sleep", Seconds: away},
				{Where: line, Seconds: here}}
		}
	}
	pair := func(p breakdown.Pair) func(*breakdown.Breakdown) {
		p.Send, p.Receive = line, other
		return func(l *breakdown.Breakdown) { l.Pairs = []breakdown.Pair{p} }
	}
	role := func(r breakdown.Role) func(*breakdown.Breakdown) {
		r.Entry = "pkg.stage"
		return func(l *breakdown.Breakdown) { l.Roles = []breakdown.Role{r} }
	}
	called := func(name string) func(*breakdown.Breakdown) {
		return func(l *breakdown.Breakdown) { l.Ends[0].Called = name }
	}
	send := breakdown.Site{State: breakdown.Channel, Primitive: "chan send", Count: 1000, Wakes: 1000}
	receive := breakdown.Site{State: breakdown.Idle, Primitive: "chan receive", Count: 1000, Wakes: 1000}
	cond := breakdown.Site{State: breakdown.Idle, Primitive: "sync.(*Cond).Wait", Count: 1000, Wakes: 1000, Vain: 900}
	nap := breakdown.Site{State: breakdown.Other, Primitive: "time.Sleep", Count: 1000, Vain: 900}
	yields := breakdown.Site{State: breakdown.Runnable, Primitive: "runtime.Gosched", Count: 5000}
	own := ns{profile.OwnCode: 1000}
	tail := func(sec float64, pages int, cut bool) func(*breakdown.Breakdown) {
		return func(l *breakdown.Breakdown) { l.Tail, l.Pages, l.Cut = sec, pages, cut }
	}
	paced := func(achieved float64) func(plan.Cell, *store.Sample) {
		return func(_ plan.Cell, s *store.Sample) {
			s.Pace = &store.Pace{Asked: 1000, Achieved: achieved, Worst: 1, Window: 0.001}
		}
	}
	stopped := func(share float64) func(plan.Cell, *store.Sample) {
		return func(_ plan.Cell, s *store.Sample) {
			s.Host["throttled-sec"] = share * float64(s.Crawls) * s.Values["sec/op"]
			if share > 0 {
				s.Flags, s.Before = []string{"throttled"}, &store.Sample{}
			}
		}
	}
	with := func(s breakdown.Site, f func(*breakdown.Site)) breakdown.Site {
		f(&s)
		return s
	}
	counted := func(instructions, cycles float64) [2]map[string]float64 { // one worker takes 5000 of both
		return [2]map[string]float64{{"instructions": 5000, "cycles": 5000},
			{"instructions": instructions, "cycles": cycles}}
	}
	kinds := func(list ...diagnose.Kind) []diagnose.Kind { return list }
	for _, p := range []planted{
		{name: "a contended lock", breakdown: spent(locked, mutex, hold(0.1, 0.9)),
			want: kinds(diagnose.ContendedLock)},
		{name: "twin: workers queue for processors that their own code keeps busy",
			breakdown: spent(shares{breakdown.Lock: 0.75}, mutex, func(l *breakdown.Breakdown) {
				l.Queue = map[breakdown.State]float64{breakdown.Lock: 5.9}
			}), one: own, many: own},
		{name: "a lock held across a sleep", breakdown: spent(locked, mutex, hold(0.9, 0.1)),
			want: kinds(diagnose.HeldAcross)},
		{name: "twin: the holder computes", breakdown: spent(locked, mutex, hold(0.2, 0.8)),
			want: kinds(diagnose.ContendedLock)},
		{name: "twin: a lock held across a sleep, while other workers keep the processors busy",
			breakdown: spent(shares{breakdown.Lock: 0.2}, mutex, hold(0.9, 0.1)), one: own, many: own},
		{name: "twin: workers queue for a lock while the processors idle for another reason",
			breakdown: spent(shares{breakdown.Lock: 0.3, breakdown.Idle: 0.55}, mutex, func(l *breakdown.Breakdown) {
				l.Queue = map[breakdown.State]float64{breakdown.Lock: 2.3}
			}), one: own, many: own, want: kinds(diagnose.IdleWorkers)},
		{name: "a logger's lock", want: kinds(diagnose.LoggerLock),
			breakdown: spent(locked, with(mutex, func(s *breakdown.Site) { s.Primitive = "log.(*Logger).Printf" }))},
		{name: "twin: a lock in the crawler's own code", want: kinds(diagnose.ContendedLock),
			breakdown: spent(locked, with(mutex, func(s *breakdown.Site) { s.Primitive = "logs.(*Mutex).Lock" }))},
		{name: "a channel used as a lock", want: kinds(diagnose.ChannelAsLock),
			breakdown: spent(shares{breakdown.Channel: 0.8}, send, pair(breakdown.Pair{SendSleeps: 1000, Locks: 900}))},
		{name: "a token in a channel used as a lock", want: kinds(diagnose.ChannelAsLock),
			breakdown: spent(shares{breakdown.Idle: 0.85}, receive, pair(breakdown.Pair{ReceiveSleeps: 1000,
				Locks: 900}))},
		{name: "twin: a full queue", breakdown: spent(shares{breakdown.Channel: 0.8}, send,
			pair(breakdown.Pair{SendSleeps: 1000, Locks: 10}))},
		{name: "twin: an empty queue", want: kinds(diagnose.IdleWorkers),
			breakdown: spent(shares{breakdown.Idle: 0.85}, receive, pair(breakdown.Pair{ReceiveSleeps: 1000}))},
		{name: "a small channel", breakdown: spent(shares{breakdown.Channel: 0.3}, send,
			pair(breakdown.Pair{SendSleeps: 500, ReceiveSleeps: 400})), want: kinds(diagnose.SmallChannel),
			one: own, many: ns{profile.OwnCode: 1000, profile.Channels: 250, profile.Scheduler: 200}},
		{name: "twin: only one end sleeps", breakdown: spent(shares{breakdown.Channel: 0.3}, send,
			pair(breakdown.Pair{SendSleeps: 900, ReceiveSleeps: 10})),
			one: own, many: ns{profile.OwnCode: 1000, profile.Channels: 250, profile.Scheduler: 200}},
		{name: "a serial stage", breakdown: spent(shares{breakdown.Idle: 0.85}, receive,
			role(breakdown.Role{Count: 1, Away: 0.9, Ended: 5})), want: kinds(diagnose.SerialStage)},
		{name: "twin: a goroutine that sleeps and for which nobody waits", want: kinds(diagnose.IdleWorkers),
			breakdown: spent(shares{breakdown.Idle: 0.85}, receive, role(breakdown.Role{Count: 1, Away: 0.9,
				Ended: 0.1}))},
		{name: "twin: a stage that waits for a processor, as the workers do", breakdown: spent(
			shares{breakdown.Idle: 0.5}, receive, role(breakdown.Role{Count: 1, Runnable: 0.9, Ended: 3}))},
		{name: "twin: a stage of eight", want: kinds(diagnose.IdleWorkers),
			breakdown: spent(shares{breakdown.Idle: 0.85}, receive, role(breakdown.Role{Count: 8, Away: 0.9,
				Ended: 5}))},
		{name: "a thundering herd", want: kinds(diagnose.Herd),
			breakdown: spent(shares{breakdown.Idle: 0.3}, cond, called("sync.(*Cond).Broadcast"),
				func(l *breakdown.Breakdown) { l.Seconds[breakdown.Running] = 1.2 })},
		{name: "twin: woken one by one", breakdown: spent(shares{breakdown.Idle: 0.3}, cond,
			called("sync.(*Cond).Signal"),
			func(l *breakdown.Breakdown) { l.Seconds[breakdown.Running] = 1.2 })},
		{name: "polling", breakdown: spent(shares{breakdown.Other: 0.85}, nap), want: kinds(diagnose.Sleeping)},
		{name: "twin: others keep the processors busy", breakdown: spent(shares{breakdown.Other: 0.5}, nap)},
		{name: "twin: a sleep now and then", breakdown: spent(shares{breakdown.Other: 0.1}, nap)},
		{name: "twin: joining", breakdown: spent(shares{breakdown.Other: 0.85},
			with(nap, func(s *breakdown.Site) { s.Primitive = "sync.(*WaitGroup).Wait" }))},
		{name: "spinning with Gosched", breakdown: spent(shares{breakdown.Runnable: 0.5}, yields),
			want: kinds(diagnose.Yielding)},
		{name: "twin: a worker yields to others that have something to do", one: own,
			many: ns{profile.OwnCode: 1000, profile.Scheduler: 50}, breakdown: spent(shares{breakdown.Runnable: 0.5},
				yields)},
		{name: "twin: preempted", breakdown: spent(shares{breakdown.Runnable: 0.5},
			with(yields, func(s *breakdown.Site) { s.Primitive = "preempted" }))},
		{name: "latency", breakdown: spent(shares{breakdown.Network: 0.9}, receive), one: own,
			many: ns{profile.OwnCode: 400, profile.Collect: 300, profile.Syscalls: 300},
			want: kinds(diagnose.LatencyBound)},
		{name: "twin: the processors are busy, so that more workers fetch no more",
			breakdown: spent(shares{breakdown.Network: 0.75}, receive)},
		{name: "system calls", one: own, many: ns{profile.OwnCode: 800, profile.Syscalls: 400},
			want: kinds(diagnose.SystemCalls)},
		{name: "twin: few system calls", one: own, many: ns{profile.OwnCode: 950, profile.Syscalls: 50}},
		{name: "allocation", one: own, many: ns{profile.OwnCode: 700, profile.Allocate: 400},
			want: kinds(diagnose.Allocation)},
		{name: "twin: some allocation", one: own, many: ns{profile.OwnCode: 950, profile.Allocate: 100}},
		{name: "the collector", one: own, many: ns{profile.OwnCode: 700, profile.Collect: 300},
			want: kinds(diagnose.CollectorBound)},
		{name: "twin: the runtime's own figure on a busy machine", one: own,
			many: ns{profile.OwnCode: 980, profile.Collect: 20}, change: func(_ plan.Cell, s *store.Sample) {
				s.Host["gc-sec"], s.Host["user-sec"] = 0.4, 0.6
			}},
		{name: "twin: the runtime's own figure has next to nothing", one: own,
			many: ns{profile.OwnCode: 700, profile.Collect: 300}, change: func(_ plan.Cell, s *store.Sample) {
				s.Host["gc-sec"], s.Host["user-sec"] = 0.001, 0.1
			}},
		{name: "readers of an RWMutex", called: "sync.(*RWMutex).RLock", one: own, want: kinds(diagnose.ReaderCounter),
			many: ns{profile.OwnCode: 1000, profile.Atomics: 900}},
		{name: "a hot atomic counter", called: "atomic.(*Int64).Add", one: own, want: kinds(diagnose.HotAtomic),
			many: ns{profile.OwnCode: 1000, profile.Atomics: 900}},
		{name: "twin: the atomic operations of a free mutex", called: "sync.(*Mutex).Lock", one: own,
			want: kinds(diagnose.WastedCycles), many: ns{profile.OwnCode: 1000, profile.Atomics: 900}},
		{name: "twin: as many atomic operations as with one worker", called: "atomic.(*Int64).Add",
			one:  ns{profile.OwnCode: 1000, profile.Atomics: 900},
			many: ns{profile.OwnCode: 1000, profile.Atomics: 910}},
		{name: "false sharing", one: own, many: ns{profile.OwnCode: 2500}, want: kinds(diagnose.HotLine)},
		{name: "twin: the harness is slower as well", many: ns{profile.OwnCode: 1000, profile.Harness: 4000},
			one: ns{profile.OwnCode: 500, profile.Harness: 2000}},
		{name: "false sharing, with hardware counters", one: own, many: ns{profile.OwnCode: 2500},
			counters: counted(5000, 12500), want: kinds(diagnose.HotLine)},
		{name: "twin: the line executes more instructions", one: own, many: ns{profile.OwnCode: 2500},
			counters: counted(12000, 12500), want: kinds(diagnose.WastedCycles)},
		{name: "a hot atomic counter, with hardware counters", called: "atomic.(*Int64).Add", one: own,
			counters: counted(5200, 9500), want: kinds(diagnose.HotAtomic),
			many: ns{profile.OwnCode: 1000, profile.Atomics: 900}},
		{name: "twin: attempts are repeated", called: "atomic.(*Int64).CompareAndSwap", one: own,
			counters: counted(9000, 9500), want: kinds(diagnose.WastedCycles),
			many: ns{profile.OwnCode: 1000, profile.Atomics: 900}},
		{name: "twin: all lines are slower", one: own, many: ns{profile.OwnCode: 2500}, spots: 5,
			want: kinds(diagnose.WastedCycles)},
		{name: "memory bandwidth", one: ns{profile.OwnCode: 200, profile.Copying: 800},
			want: kinds(diagnose.MemoryCopies),
			many: ns{profile.OwnCode: 200, profile.Copying: 2000}},
		{name: "twin: copies that cost the same", one: ns{profile.OwnCode: 200, profile.Copying: 800},
			many: ns{profile.OwnCode: 210, profile.Copying: 800}},
		{name: "a slow last page", breakdown: spent(shares{breakdown.Idle: 0.6}, receive, tail(0.6, 1000, false)),
			want: kinds(diagnose.LongTail)},
		{name: "twin: a crawl that was cut", breakdown: spent(shares{breakdown.Idle: 0.85}, receive, tail(0.6, 1000,
			true)),
			want: kinds(diagnose.IdleWorkers)},
		{name: "twin: a site of few pages", breakdown: spent(shares{breakdown.Idle: 0.85}, receive, tail(0.6, 20,
			false)),
			want: kinds(diagnose.IdleWorkers)},
		{name: "a burst that is too small", rate: "rate = [1000]\n", change: paced(800),
			breakdown: spent(shares{breakdown.RateLimit: 0.9}, send),
			want:      kinds(diagnose.RateLimited, diagnose.SmallBurst)},
		{name: "twin: the rate is kept", rate: "rate = [1000]\n", change: paced(995),
			breakdown: spent(shares{breakdown.RateLimit: 0.9}, send), want: kinds(diagnose.RateLimited)},
		{name: "twin: the crawler is slower than the rate", rate: "rate = [1000]\n", change: paced(500),
			breakdown: spent(shares{breakdown.RateLimit: 0.1}, send)},
		{name: "a quota below GOMAXPROCS", change: stopped(0.2), want: kinds(diagnose.Throttled)},
		{name: "twin: not throttled", change: stopped(0)},
		{name: "twin: others used up the quota", change: func(c plan.Cell, s *store.Sample) {
			stopped(0.2)(c, s)
			s.Flags = append(s.Flags, "preempted")
		}},
	} {
		_, list := p.find(t)
		var got []diagnose.Kind
		for _, f := range list {
			got = append(got, f.Rule.Kind)
		}
		if !slices.Equal(got, p.want) {
			t.Errorf("%s: found %q, want %q", p.name, got, p.want)
		}
	}
}

// The growth of all classes adds up to the growth of the processor time, and this with the idle time to the loss.
func TestGrowthByClassAddsUp(t *testing.T) {
	one := map[profile.Class]float64{profile.OwnCode: 900, profile.Maps: 100}
	many := map[profile.Class]float64{profile.OwnCode: 950, profile.Maps: 150, profile.LockPath: 1200,
		profile.Scheduler: 300}
	a, _ := planted{one: one, many: many}.find(t)
	l := a.Tables[0].Cell("mutexmap", 8).Loss
	sum := 0.0
	for _, g := range l.Classes {
		sum += g.More.Value
		want := (many[g.Class] - one[g.Class]) * 1e-9
		if math.Abs(g.More.Value-want) > 1e-12 || g.More.Lo > g.More.Value || g.More.Hi < g.More.Value {
			t.Errorf("%s grows by %+v, want %g", g.Class, g.More, want)
		}
	}
	if math.Abs(sum/l.CPU.Value-1) > 0.05 || math.Abs((l.CPU.Value+l.Idle.Value)/l.Total.Value-1) > 0.05 {
		t.Errorf("the classes add up to %g of %+v, with %+v idle, of a loss of %+v", sum, l.CPU, l.Idle, l.Total)
	}
	if top := l.Classes[0]; top.Class != profile.LockPath || top.Spot.Where != "pkg.f f.go:10" ||
		math.Abs(top.Part-1) > 1e-9 {
		t.Errorf("the largest growth is %+v", top)
	}
}

// The growth by class adds up to the measured growth within 5 %, however the profile divides a page: with classes that
// only one number of workers has, with repeats that differ, and with a profiler that slows the crawls.
func TestGrowthByClassAddsUpForAnyProfile(t *testing.T) {
	for seed := range uint64(20) {
		draw := rand.New(rand.NewPCG(seed, 1))
		costs := func(least, most float64) map[profile.Class]float64 {
			ns := map[profile.Class]float64{profile.OwnCode: least}
			for _, c := range profile.Classes() {
				if draw.IntN(3) > 0 {
					ns[c] += draw.Float64() * most
				}
			}
			return ns
		}
		one, many := costs(500, 300), costs(900, 900)
		slowed := 1 + draw.Float64()
		m := fabricated{
			toml:  "crawlers = [\"mutexmap\"]\nworkers = [1, 8]\n[profiles]\nkinds = [\"cpu\"]\nworkers = [1, 8]\n",
			speed: func(c plan.Cell, _ int) float64 { return 1e5 },
			change: func(c plan.Cell, s *store.Sample) {
				ns := map[bool]map[profile.Class]float64{true: one, false: many}[c.Workers == 1]
				s.Values["cpu-sec/op"] = total(ns) * 1e-9 * s.Values["pages/op"]
			},
			usage: func(c plan.Cell) *profile.Usage {
				u := usage(map[bool]map[profile.Class]float64{true: one, false: many}[c.Workers == 1], 1, "")
				for i := range u.Repeats {
					for class := range u.Repeats[i].Seconds {
						u.Repeats[i].Seconds[class] *= slowed * (0.5 + draw.Float64())
					}
				}
				return u
			},
		}
		l := m.analyse(t).Tables[0].Cell("mutexmap", 8).Loss
		measured := (total(many) - total(one)) * 1e-9
		sum := 0.0
		for _, g := range l.Classes {
			sum += g.More.Value
		}
		if math.Abs(sum/measured-1) > 0.05 || math.Abs(l.CPU.Value/measured-1) > 0.05 ||
			math.Abs((sum+l.Idle.Value)/l.Total.Value-1) > 0.05 {
			t.Errorf("seed %d: the classes add up to %g, with %g idle, measured %g of %g", seed, sum, l.Idle.Value,
				measured, l.Total.Value)
		}
	}
}
