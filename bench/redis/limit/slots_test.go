package limit

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/limiter"
)

// member is a process of a fleet in a world.
func member(t *testing.T, w *world, i, processes int, rate float64, burst int) *slots {
	t.Helper()
	f := crawl.Fleet{Index: i, Processes: processes, Server: "redis://127.0.0.1:1", Name: "crawl"}
	l, err := newSlots(newConn(Default, w.client(t, i), &f, rate, burst), rate, burst)
	if err != nil {
		t.Fatal(err)
	}
	return l.(*slots)
}

// inWorld runs test in a bubble with a world, and closes what it has opened.
func inWorld(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(delay)
		test(t, w)
		w.Close()
	})
}

// load is how a fleet is used: by waiters of which some cancel or pause.
type load struct {
	processes, waiters, waits int
	rate                      float64
	burst                     int
	quits, idles              float64 // fractions of the waits
}

func drawLoad(seed uint64) load {
	draw := rand.New(rand.NewPCG(seed, 19))
	d := load{processes: 1 + draw.IntN(5), waiters: 1 + draw.IntN(20), waits: 20,
		rate: math.Pow(10, 1+4*draw.Float64()), quits: 0.5 * draw.Float64(), idles: 0.5 * draw.Float64()}
	d.burst = max(1, int(d.rate/100))
	if draw.IntN(2) == 0 {
		d.burst = 1 + draw.IntN(2*d.burst)
	}
	return d
}

// drive uses the limiters of a fleet and returns the times of the grants, in order. halfway is called in the middle. It
// ends early, with fewer grants, if they call the server over and over.
func (d load) drive(t *testing.T, limiters []crawl.Limiter, seed uint64, halfway func()) []time.Duration {
	inTime, giveUp := context.WithCancel(t.Context())
	var watch sync.WaitGroup
	watch.Go(func() {
		for callsOf(limiters) <= d.mostCalls() {
			select {
			case <-time.After(time.Second):
			case <-inTime.Done():
				return
			}
		}
		giveUp()
	})
	defer watch.Wait()
	defer giveUp()
	start := time.Now()
	turn := float64(d.processes*d.waiters) / d.rate * 1e9
	var mu sync.Mutex
	var at []time.Duration
	var all sync.WaitGroup
	for g := range d.processes * d.waiters {
		all.Go(func() {
			draw := rand.New(rand.NewPCG(seed, uint64(g)))
			for range d.waits {
				ctx, stop := context.WithCancel(inTime)
				if draw.Float64() < d.quits {
					time.AfterFunc(time.Duration(draw.Float64()*turn), stop)
				}
				err := limiters[g%d.processes].Wait(ctx)
				mu.Lock()
				switch {
				case err == nil:
					at = append(at, time.Since(start))
				case ctx.Err() == nil:
					t.Errorf("a wait failed that was not cancelled: %v", err)
				}
				mu.Unlock()
				stop()
				if draw.Float64() < d.idles {
					time.Sleep(time.Duration(draw.ExpFloat64() * turn))
				}
			}
		})
	}
	if halfway != nil {
		time.Sleep(time.Duration(turn * float64(d.waits) / 2))
		halfway()
	}
	all.Wait()
	slices.Sort(at)
	return at
}

// mostCalls is far more calls than a load needs.
func (d load) mostCalls() int64 { return int64(1000 + 20*d.processes*d.waiters*d.waits) }

func callsOf(limiters []crawl.Limiter) (sum int64) {
	for _, l := range limiters {
		sum += l.(interface{ Calls() int64 }).Calls()
	}
	return sum
}

// checkWindows drives a fleet with a load drawn from seed, and returns an error if some window has more than rate x
// length + burst, or if the fleet calls the server over and over. The server forgets everything if the seed is odd.
func checkWindows(t *testing.T, seed uint64, change func(*slots) crawl.Limiter) (err error) {
	inWorld(t, func(t *testing.T, w *world) {
		d := drawLoad(seed)
		var limiters []crawl.Limiter
		for i := range d.processes {
			l := member(t, w, i, d.processes, d.rate, d.burst)
			defer l.Close()
			limiters = append(limiters, change(l))
		}
		var forget func()
		if seed%2 == 1 {
			forget = func() { w.FlushAll() }
		}
		at := d.drive(t, limiters, seed, forget)
		// The server's clock counts microseconds.
		tick := 1.1e-6 * d.rate / float64(d.burst)
		if ratio, window := limiter.Worst(at, d.rate, d.burst); ratio > 1+tick {
			err = fmt.Errorf("in %v it granted %.6f times what %+v allows", window, ratio, d)
		}
		if n := callsOf(limiters); n > d.mostCalls() {
			err = fmt.Errorf("it called the server %d times for %+v", n, d)
		}
	})
	return err
}

// No window has more than rate x length + burst, whoever cancels or pauses, and even if the server forgets everything.
func TestSlotsKeepEveryWindow(t *testing.T) {
	loads := uint64(60)
	if testing.Short() {
		loads = 15
	}
	for seed := range loads {
		if err := checkWindows(t, seed, func(l *slots) crawl.Limiter { return l }); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
}

// hoarder is slots whose slots never expire.
type hoarder struct{ *slots }

func (h hoarder) Wait(ctx context.Context) error {
	granted := make(chan grant, 1)
	h.mu.Lock()
	place := h.queue.PushBack(granted)
	h.serve()
	h.mu.Unlock()
	select {
	case g := <-granted:
		return g.err
	case <-ctx.Done():
		h.leave(place, granted)
		return ctx.Err()
	}
}

// Each part of the limiter that keeps the windows is needed.
func TestSlotsWithFaultsBreakWindows(t *testing.T) {
	if testing.Short() {
		t.Skip("tries many loads")
	}
	script := func(old, changed string) func(l *slots) crawl.Limiter {
		if !strings.Contains(reserveScript, old) {
			t.Fatalf("the script has no %q", old)
		}
		mutant := redis.NewScript(strings.Replace(reserveScript, old, changed, 1))
		return func(l *slots) crawl.Limiter {
			l.script = mutant
			return l
		}
	}
	for name, change := range map[string]func(*slots) crawl.Limiter{
		"slots never expire":                 func(l *slots) crawl.Limiter { return hoarder{l} },
		"what others hold is not skipped":    script("burst + others", "0"),
		"what the process knows is not used": script("known > 0 and", "false and"),
		"a full bucket has a page too many":  script("now, 0 -- the bucket is full", "now, -1"),
		"reserved pages are not written":     script("reserved + pages", "reserved + pages - 1"),
		"pages may be fetched an interval early": func(l *slots) crawl.Limiter {
			l.tolerance += l.interval
			return l
		},
	} {
		found := false
		for seed := uint64(0); seed < 60 && !found; seed++ {
			found = checkWindows(t, seed, change) != nil
		}
		if !found {
			t.Errorf("%s, and no window shows it", name)
		}
	}
}

// A fleet under load reaches its rate.
func TestSlotsReachTheRate(t *testing.T) {
	for _, rate := range []float64{1, 7, 100, 101, 1000, 12_345, 50_000} {
		for _, processes := range []int{1, 2, 5} {
			inWorld(t, func(t *testing.T, w *world) {
				burst := max(1, int(rate/100))
				d := load{processes: processes, waiters: 4, waits: 10 + 5*burst/processes, rate: rate, burst: burst}
				var limiters []crawl.Limiter
				for i := range processes {
					limiters = append(limiters, member(t, w, i, processes, rate, burst))
				}
				for i, when := range d.drive(t, limiters, 0, nil) {
					due := time.Duration(float64(i+1) / rate * 1e9)
					// What the blocks of the others hold at the end is not used.
					late, most := when-due, 2*delay+20*time.Millisecond*time.Duration(processes)
					if late < 0 || late > most {
						t.Fatalf("at %v/s with %d processes page %d came %v after it was due", rate, processes, i, late)
					}
				}
				for _, l := range limiters {
					l.(*slots).Close()
				}
			})
		}
	}
}

// Slots are given out in the order of arrival.
func TestSlotsAreFirstComeFirstServed(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		l := member(t, w, 0, 1, 1000, 10)
		type visit struct{ arrived, granted time.Duration }
		start := time.Now()
		var mu sync.Mutex
		var list []visit
		var all sync.WaitGroup
		for g := range 64 {
			all.Go(func() {
				for range 10 {
					time.Sleep(time.Duration(g+1) * time.Microsecond)
					v := visit{arrived: time.Since(start)}
					if l.Wait(t.Context()) == nil {
						v.granted = time.Since(start)
						mu.Lock()
						list = append(list, v)
						mu.Unlock()
					}
				}
			})
		}
		all.Wait()
		l.Close()
		slices.SortFunc(list, func(a, b visit) int { return int(a.arrived - b.arrived) })
		for i := 1; i < len(list); i++ {
			if list[i].granted < list[i-1].granted {
				t.Fatalf("the wait from %v was granted at %v, that from %v at %v", list[i-1].arrived, list[i-1].granted,
					list[i].arrived, list[i].granted)
			}
		}
		if len(list) != 640 {
			t.Errorf("%d waits were granted, want 640", len(list))
		}
	})
}

// reserved returns how far ahead of now pages are reserved, by the schedule at the server.
func (w *world) reserved(t *testing.T, l *slots) time.Duration {
	t.Helper()
	text, err := w.Get(l.key)
	if err != nil {
		t.Fatal(err)
	}
	var moment int64
	var pages float64
	if _, err := fmt.Sscan(text, &moment, &pages); err != nil {
		t.Fatal(err)
	}
	return time.Until(time.UnixMicro(moment).Add(time.Duration(pages * l.interval)))
}

// Any number of waits that are cancelled leave no more than a block and a half, and the next wait gets its slot as if
// there had been no others.
func TestCancelledWaitsLeaveABlockAndAHalf(t *testing.T) {
	for _, crowd := range []int{1, 2, 30, 500} {
		inWorld(t, func(t *testing.T, w *world) {
			const rate, burst = 1000, 10
			l := member(t, w, 0, 1, rate, burst)
			var all sync.WaitGroup
			for i := range crowd {
				all.Go(func() {
					ctx, stop := context.WithCancel(t.Context())
					time.AfterFunc(900*time.Microsecond+time.Duration(i), stop) // the first slot comes later
					if l.Wait(ctx) == nil {
						t.Error("a wait was granted before its time")
					}
				})
			}
			all.Wait()
			time.Sleep(10 * delay) // the call that nobody waits for any more
			// The slots may be used as much earlier as the burst allows.
			allowed := time.Duration(float64(l.block+l.spare)*l.interval + float64(burst)*l.interval)
			if ahead := w.reserved(t, l); ahead > allowed {
				t.Errorf("after %d cancelled waits pages are reserved for %v, want at most %v", crowd, ahead, allowed)
			}
			if l.queue.Len() != 0 || l.timer.Stop() {
				t.Errorf("after %d cancelled waits the queue has %d, or the timer runs", crowd, l.queue.Len())
			}
			start := time.Now()
			if err := l.Wait(t.Context()); err != nil || time.Since(start) > time.Millisecond {
				t.Errorf("after %d cancelled waits the next took %v, %v", crowd, time.Since(start), err)
			}
			l.Close()
		})
	}
}

// A wait that is cancelled at the moment of its turn passes the slot on.
func TestSlotsPassTheTurnOn(t *testing.T) {
	for seed := range 30 {
		inWorld(t, func(t *testing.T, w *world) {
			l := member(t, w, 0, 1, 10, 1)
			start := time.Now()
			ctx, stop := context.WithTimeout(t.Context(), 100*time.Millisecond+2*delay) // when the first slot comes
			defer stop()
			var all sync.WaitGroup
			for i := range 8 {
				all.Go(func() {
					if i%2 == seed%2 {
						l.Wait(ctx)
						return
					}
					l.Wait(t.Context())
				})
			}
			all.Wait()
			if took := time.Since(start); took < 400*time.Millisecond || took > 501*time.Millisecond {
				t.Errorf("four waits, with four others cancelled at the first slot, took %v", took)
			}
			l.Close()
		})
	}
}

// Slots that nobody uses expire: they are not let through later, all at once. A process that lets them expire reserves
// fewer, and more again when it uses them.
func TestSlotsExpire(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		const rate, burst = 1000, 10
		l := member(t, w, 0, 1, rate, burst)
		for range 20 {
			if err := l.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if l.size != 1 {
			t.Errorf("a process that uses one page in 100 ms reserves %d, want 1", l.size)
		}
		// 20 pages took 2 s, in which 2,000 were due. Now a full bucket is all there is.
		start := time.Now()
		for range burst + 90 {
			l.Wait(t.Context())
		}
		if took := time.Since(start); took < 89*time.Millisecond || took > 95*time.Millisecond {
			t.Errorf("%d pages with a full bucket of %d took %v, want 90 ms", burst+90, burst, took)
		}
		if l.size != l.block {
			t.Errorf("a process that uses all of its slots reserves %d, want %d", l.size, l.block)
		}
		l.Close()
	})
}

// Another rate has another schedule, so that what was reserved at the old one does not count.
func TestChangedRate(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		slow := member(t, w, 0, 1, 0.001, 1)
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if slow.Wait(ctx) == nil {
			t.Error("the first page of a bucket that begins empty came at once")
		}
		fast := member(t, w, 1, 1, 1000, 10)
		start := time.Now()
		if err := fast.Wait(t.Context()); err != nil || time.Since(start) > time.Millisecond+6*delay {
			t.Errorf("the first page at 1000/s came after %v, %v", time.Since(start), err)
		}
		if slow.key == fast.key || !strings.Contains(fast.key, "1000/s") || !strings.HasPrefix(fast.key, "crawl") {
			t.Errorf("the keys are %q and %q", slow.key, fast.key)
		}
		slow.Close()
		fast.Close()
	})
}

// A process that was stopped for a while, so that its timer is late, does not use up what it had reserved before.
func TestSlotsOfAStoppedProcessExpire(t *testing.T) {
	for stopped, lost := range map[time.Duration]bool{9 * time.Millisecond: false, time.Second: true} {
		inWorld(t, func(t *testing.T, w *world) {
			l := member(t, w, 0, 1, 100, 1)
			var all sync.WaitGroup
			all.Go(func() {
				if err := l.Wait(t.Context()); err != nil {
					t.Error(err)
				}
			})
			time.Sleep(9 * time.Millisecond) // the first slot comes after 10 ms and a call
			l.mu.Lock()
			due := time.Duration(l.blocks[0].due)
			l.timer.Stop()
			l.mu.Unlock()
			time.Sleep(due - time.Since(l.start) + stopped)
			calls := l.Calls()
			l.mu.Lock()
			l.serve() // what the timer does
			l.mu.Unlock()
			all.Wait()
			if got := l.Calls() > calls; got != lost {
				t.Errorf("after %v the slot was lost: %v", stopped, got)
			}
			l.Close()
		})
	}
}
