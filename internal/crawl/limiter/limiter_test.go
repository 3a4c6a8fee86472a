package limiter

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crawlbench/internal/crawl"
)

// load describes how a limiter is used: by goroutines that each wait many times, and sometimes
// cancel or pause.
type load struct {
	rate       float64
	burst      int
	goroutines int
	waits      int     // per goroutine
	quits      float64 // fraction of waits that are cancelled soon
	idles      float64 // fraction of waits after which the goroutine pauses
}

// drive uses l in virtual time and returns the times of its grants, in order.
func (d load) drive(t *testing.T, l crawl.Limiter, seed uint64) []time.Duration {
	begin := time.Now()
	turn := time.Duration(float64(d.goroutines) / d.rate * 1e9)
	at := make([][]time.Duration, d.goroutines)
	var all sync.WaitGroup
	for g := range d.goroutines {
		all.Go(func() {
			draw := rand.New(rand.NewPCG(seed, uint64(g)))
			for range d.waits {
				ctx, stop := context.WithCancel(t.Context())
				if draw.Float64() < d.quits {
					ctx, stop = context.WithTimeout(t.Context(), time.Duration(draw.Float64()*float64(turn)))
				}
				err := l.Wait(ctx)
				switch {
				case err == nil:
					at[g] = append(at[g], time.Since(begin))
				case ctx.Err() == nil:
					t.Errorf("a wait failed that was not cancelled: %v", err)
				}
				stop()
				if draw.Float64() < d.idles {
					time.Sleep(time.Duration(draw.ExpFloat64() * float64(turn)))
				}
			}
		})
	}
	all.Wait()
	list := slices.Concat(at...)
	slices.Sort(list)
	return list
}

func drawLoad(seed uint64) load {
	draw := rand.New(rand.NewPCG(seed, 77))
	d := load{
		rate:       math.Pow(10, 6*draw.Float64()),
		goroutines: int(math.Pow(2, 8*draw.Float64())),
		waits:      20, quits: 0.5 * draw.Float64(), idles: 0.5 * draw.Float64(),
	}
	d.burst = max(1, int(d.rate/100))
	if draw.IntN(2) == 0 {
		d.burst = 1 + draw.IntN(d.burst)
	}
	d.waits = max(20, 4*d.burst/d.goroutines)
	return d
}

// checkWindows returns an error if some window has too many grants.
func (d load) checkWindows(at []time.Duration) error {
	if ratio, window := Worst(at, d.rate, d.burst); ratio > 1+1e-9 {
		return fmt.Errorf("in %v it granted %.6f times what %+v allows", window, ratio, d)
	}
	return nil
}

// No window has more than rate x length + burst grants, whichever waits are cancelled or pause.
func TestPacedKeepsEveryWindow(t *testing.T) {
	loads := uint64(150)
	if testing.Short() {
		loads = 40
	}
	for seed := range loads {
		synctest.Test(t, func(t *testing.T) {
			d := drawLoad(seed)
			at := d.drive(t, newPaced(d.rate, d.burst), seed)
			if err := d.checkWindows(at); err != nil {
				t.Errorf("seed %d: %v", seed, err)
			}
		})
	}
}

// A limiter under load grants what it may: rate x time at any time, except for tokens not yet
// collected.
func TestPacedReachesItsRate(t *testing.T) {
	for _, rate := range []float64{1, 7, 100, 101, 1000, 12_345, 1e5, 1e6} {
		for _, goroutines := range []int{1, 8, 64, 256} {
			synctest.Test(t, func(t *testing.T) {
				burst := max(1, int(rate/100))
				d := load{rate: rate, burst: burst, goroutines: goroutines, waits: max(4, 10*burst/goroutines)}
				at := d.drive(t, newPaced(d.rate, d.burst), 0)
				if err := d.checkWindows(at); err != nil {
					t.Error(err)
				}
				for i, when := range at {
					due := time.Duration(float64(i+1) / rate * 1e9)
					if late := when - due; late < 0 || late > 1100*time.Microsecond {
						t.Fatalf("at %v/s with %d goroutines page %d came %v after it was due", rate, goroutines, i,
							late)
					}
				}
			})
		}
	}
}

// visit is a wait in virtual time.
type visit struct{ arrived, granted time.Duration }

// overtaken returns an error if a wait was granted before one that had arrived earlier.
func overtaken(list []visit) error {
	slices.SortFunc(list, func(a, b visit) int { return cmp.Compare(a.arrived, b.arrived) })
	for i := 1; i < len(list); i++ {
		if before, v := list[i-1], list[i]; v.granted < before.granted {
			return fmt.Errorf("the wait from %v was granted at %v, that from %v at %v", before.arrived,
				before.granted, v.arrived, v.granted)
		}
	}
	return nil
}

// Tokens are granted in the order of arrival. No two waits arrive at the same moment, since the
// order of those would be the scheduler's.
func TestPacedIsFirstComeFirstServed(t *testing.T) {
	for _, rate := range []float64{500, 10_000} { // one token per reading of the clock, and ten
		synctest.Test(t, func(t *testing.T) {
			l := newPaced(rate, 100)
			const goroutines, waits = 64, 50
			start := time.Now()
			lists := make([][]visit, goroutines)
			var all sync.WaitGroup
			for g := range goroutines {
				all.Go(func() {
					for range waits {
						time.Sleep(time.Duration(g+1) * time.Microsecond)
						v := visit{arrived: time.Since(start)}
						if l.Wait(t.Context()) == nil {
							v.granted = time.Since(start)
							lists[g] = append(lists[g], v)
						}
					}
				})
			}
			all.Wait()
			list := slices.Concat(lists...)
			if len(list) != goroutines*waits {
				t.Errorf("at %v/s %d waits were granted, want %d", rate, len(list), goroutines*waits)
			}
			if err := overtaken(list); err != nil {
				t.Errorf("at %v/s: %v", rate, err)
			}
		})
	}
	if overtaken([]visit{{arrived: 1, granted: 9}, {arrived: 2, granted: 8}}) == nil {
		t.Error("a wait that overtakes another passes")
	}
}
