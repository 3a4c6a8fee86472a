package breakdown_test

import (
	"context"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/limiter"
	"crawlbench/internal/profile/breakdown"
)

// pool returns a crawl in which each worker visits the given number of pages on average. All
// workers end together.
func pool(workers, pages int, visit func(worker, page int)) func() {
	return func() {
		var all, busy sync.WaitGroup
		var next atomic.Int64
		busy.Add(workers)
		for w := range workers {
			all.Go(func() {
				for p := next.Add(1); p <= int64(workers*pages); p = next.Add(1) {
					breakdown.Mark()
					visit(w, int(p))
				}
				busy.Done()
				busy.Wait()
			})
		}
		all.Wait()
	}
}

// requireSite fails unless state c has a site in the given function with this primitive.
func requireSite(t testing.TB, l *breakdown.Breakdown, c breakdown.State, function, primitive string) breakdown.Site {
	t.Helper()
	for _, s := range l.Sites {
		if s.State == c && strings.Contains(s.Where, function) && s.Primitive == primitive {
			return s
		}
	}
	t.Errorf("no %s in %s at %s", c, function, primitive)
	show(t, l)
	return breakdown.Site{}
}

const nap = time.Millisecond

// hot holds a lock for long. The line of its Unlock ends the waits.
func hot(mu *sync.Mutex) {
	mu.Lock()
	time.Sleep(nap)
	mu.Unlock() // the waits end here
}

func TestLock(t *testing.T) {
	patient(t, func(t testing.TB) {
		var mu sync.Mutex
		l, _ := measured(t, 8, pool(8, 20, func(int, int) { hot(&mu) }))
		requireDominant(t, l, breakdown.Lock, 0.6)
		requireSite(t, l, breakdown.Lock, "breakdown_test.hot cause_test.go:", "sync.(*Mutex).Lock")
		_, file, line, _ := runtime.Caller(0)
		unlock := lineOf(t, file, "mu.Unlock() // the waits"+" end here")
		if unlock >= line {
			t.Fatal("lineOf found the text in this test itself")
		}
		for _, e := range l.Ends {
			if e.State == breakdown.Lock && !strings.HasSuffix(e.By, "breakdown_test.hot cause_test.go:"+itoa(unlock)) {
				t.Errorf("a wait for the lock ended at %s, want line %d", e.By, unlock)
			}
		}
	})
}

func TestReadersLock(t *testing.T) {
	patient(t, func(t testing.TB) {
		var mu sync.RWMutex
		l, _ := measured(t, 8, pool(8, 20, func(_, page int) {
			if page%20 == 1 { // and not one worker, which may come when the others have visited all pages
				mu.Lock()
				time.Sleep(nap)
				mu.Unlock()
				return
			}
			mu.RLock()
			runtime.Gosched()
			mu.RUnlock()
		}))
		requireSite(t, l, breakdown.Lock, "TestReadersLock", "sync.(*RWMutex).RLock")
	})
}

func TestChannelSendToASlowReceiver(t *testing.T) {
	for name, send := range map[string]func(c chan int, done chan bool){
		"send":   func(c chan int, _ chan bool) { c <- 1 },
		"select": func(c chan int, done chan bool) { sendOrEnd(c, done) },
	} {
		for taker, take := range map[string]func(c chan int, done chan bool){
			"receives": func(c chan int, _ chan bool) { <-c },
			"selects":  func(c chan int, done chan bool) { takeOrEnd(c, done) },
		} {
			t.Run(name+", ended by a goroutine that "+taker, func(t *testing.T) {
				patient(t, func(t testing.TB) {
					c, done := make(chan int), make(chan bool)
					l, _ := measured(t, 8, func() {
						var slow sync.WaitGroup
						slow.Go(func() {
							for range 8 * 20 {
								time.Sleep(nap)
								take(c, done)
							}
						})
						pool(8, 20, func(int, int) { send(c, done) })()
						slow.Wait()
					})
					requireDominant(t, l, breakdown.Channel, 0.6)
				})
			})
		}
	}
}

func sendOrEnd(c chan int, done chan bool) {
	select {
	case c <- 1:
	case <-done:
	}
}

func takeOrEnd(c chan int, done chan bool) {
	select {
	case <-c:
	case <-done:
	}
}

func giveOrEnd(c chan int, done chan bool) {
	select {
	case c <- 1:
	case done <- true:
	}
}

func TestIdleOnAChannel(t *testing.T) {
	for name, take := range map[string]func(c chan int, done chan bool){
		"receive": func(c chan int, _ chan bool) { <-c },
		"select":  func(c chan int, done chan bool) { takeOrEnd(c, done) },
	} {
		t.Run(name, func(t *testing.T) {
			patient(t, func(t testing.TB) {
				c, done := make(chan int), make(chan bool)
				l, _ := measured(t, 8, func() {
					var slow sync.WaitGroup
					slow.Go(func() {
						for range 8 * 20 {
							time.Sleep(nap)
							c <- 1
						}
					})
					pool(8, 20, func(int, int) { take(c, done) })()
					slow.Wait()
				})
				requireDominant(t, l, breakdown.Idle, 0.6)
			})
		})
	}
}

// A select ended by another select is blocked on a channel or idle, depending on which of the two
// sends. The trace gives only the line in the runtime's source.
func TestSelectEndedBySelect(t *testing.T) {
	patient(t, func(t testing.TB) {
		out, in := make(chan int), make(chan int)
		done := make(chan bool)
		l, _ := measured(t, 2, func() {
			var slow sync.WaitGroup
			slow.Go(func() {
				for range 40 {
					time.Sleep(nap)
					takeOrEnd(out, done)
					time.Sleep(nap)
					giveOrEnd(in, nil)
				}
			})
			pool(2, 1, func(w, _ int) {
				for range 40 {
					if w == 0 {
						sendOrEnd(out, done)
					} else {
						takeOrEnd(in, done)
					}
				}
			})()
			slow.Wait()
		})
		h := requireSite(t, l, breakdown.Channel, "sendOrEnd", "select")
		s := requireSite(t, l, breakdown.Idle, "takeOrEnd", "select")
		if h.Share < 0.4 || s.Share < 0.4 {
			t.Errorf("blocked on a channel %.2f, idle %.2f: want about half each", h.Share, s.Share)
		}
		for _, s := range l.Sites {
			if s.State == breakdown.Channel && strings.Contains(s.Where, "takeOrEnd") ||
				s.State == breakdown.Idle && strings.Contains(s.Where, "sendOrEnd") {
				t.Errorf("%+v is classified the wrong way round", s)
			}
		}
	})
}

func TestIdleOnACondition(t *testing.T) {
	patient(t, func(t testing.TB) {
		var mu sync.Mutex
		some := sync.NewCond(&mu)
		have := 0
		l, _ := measured(t, 8, func() {
			var slow sync.WaitGroup
			slow.Go(func() {
				for range 8 * 20 {
					time.Sleep(nap)
					mu.Lock()
					have++
					mu.Unlock()
					some.Signal()
				}
			})
			pool(8, 20, func(int, int) {
				mu.Lock()
				defer mu.Unlock()
				for have == 0 {
					some.Wait()
				}
				have--
			})()
			slow.Wait()
		})
		requireDominant(t, l, breakdown.Idle, 0.6)
		requireSite(t, l, breakdown.Idle, "TestIdleOnACondition", "sync.(*Cond).Wait")
	})
}

func TestRateLimit(t *testing.T) {
	bare := rate.NewLimiter(1000, 1)
	for name, l := range map[string]crawl.Limiter{"bare": bare, "in turn": crawl.InTurn(bare),
		"non-reserving": limiter.New("paced", 1000, 1)} {
		t.Run(name, func(t *testing.T) {
			patient(t, func(t testing.TB) {
				got, _ := measured(t, 8, pool(8, 20, func(int, int) { waitOn(l) }))
				requireDominant(t, got, breakdown.RateLimit, 0.8)
				for _, s := range got.Sites {
					if s.State == breakdown.RateLimit &&
						!strings.HasPrefix(s.Where, "breakdown_test.waitOn cause_test.go:") {
						t.Errorf("rate limit at %s, want the crawler's call", s.Where)
					}
				}
			})
		})
	}
}

func waitOn(l crawl.Limiter) {
	if err := l.Wait(context.Background()); err != nil {
		panic(err)
	}
}

func sleepyFetch() { time.Sleep(nap) }

func TestFetch(t *testing.T) {
	patient(t, func(t testing.TB) {
		l, _ := measured(t, 8, pool(8, 20, func(int, int) { sleepyFetch() }))
		requireDominant(t, l, breakdown.Network, 0.6)
		for _, e := range l.Ends {
			if e.State == breakdown.Network && e.By != "(runtime)" {
				t.Errorf("a timer is %s", e.By)
			}
		}
	})
}

func TestJoinIsOther(t *testing.T) {
	patient(t, func(t testing.TB) {
		l, _ := measured(t, 8, pool(8, 20, func(int, int) {
			var part sync.WaitGroup
			part.Go(func() { time.Sleep(nap) })
			part.Wait()
		}))
		requireDominant(t, l, breakdown.Other, 0.6)
		requireSite(t, l, breakdown.Other, "TestJoinIsOther", "sync.(*WaitGroup).Wait")
	})
}

func TestCallerIsTheWorker(t *testing.T) {
	patient(t, func(t testing.TB) {
		l, _ := measured(t, 1, func() {
			breakdown.Mark()
			spin(10_000_000)
		})
		if l.Share(breakdown.Running)+l.Share(breakdown.Runnable)+l.Share(breakdown.GC) < 0.98 ||
			l.Seconds[breakdown.Running] == 0 ||
			len(l.Roles) != 0 || l.Seconds[breakdown.Other] > 0 {
			t.Errorf("%v, roles %v", l.Seconds, l.Roles)
		}
	})
}

func TestSleepElsewhereIsOther(t *testing.T) {
	patient(t, func(t testing.TB) {
		l, _ := measured(t, 8, pool(8, 20, func(int, int) { time.Sleep(nap) }))
		requireDominant(t, l, breakdown.Other, 0.6)
		requireSite(t, l, breakdown.Other, "TestSleepElsewhere", "time.Sleep")
	})
}

func TestMoreWorkersThanProcessors(t *testing.T) {
	patient(t, func(t testing.TB) {
		workers := 8 * runtime.GOMAXPROCS(0)
		l, wall := measured(t, workers, pool(workers, 100, func(w, _ int) { spin(200_000) }))
		requireDominant(t, l, breakdown.Runnable, 0.6)
		if got, most := l.Seconds[breakdown.Running], l.Wall*float64(runtime.GOMAXPROCS(0)); got > most*1.001 {
			t.Errorf("%g s running on processors that have %g", got, most)
		}
		for tries := 0; l.Samples == 0; tries++ { // the profiler samples a hundred times a second
			if tries == 20 {
				t.Fatal("no CPU samples")
			}
			l, wall = measured(t, workers, pool(workers, 100, func(w, _ int) { spin(200_000) }))
		}
		found := false
		for _, s := range wall.Sample {
			names := stack(s)
			found = found || names[len(names)-1] == "[running]" && strings.HasSuffix(names[0], "breakdown_test.spin")
		}
		if !found {
			t.Error("the running time is not below the function that spent it")
		}
	})
}

//go:noinline
func spin(rounds int) {
	x := uint64(rounds)
	for range rounds {
		x = x*0xbf58476d1ce4e5b9 + 1
	}
	runtime.KeepAlive(x)
}

func TestCollector(t *testing.T) {
	patient(t, func(t testing.TB) {
		type node struct{ next [8]*node }
		var roots [8]*node
		defer debug.SetGCPercent(debug.SetGCPercent(10))
		l, _ := measured(t, 8, pool(8, 400, func(w, _ int) {
			for range 500 {
				roots[w] = &node{next: [8]*node{roots[w]}}
			}
		}))
		if l.Share(breakdown.GC) < 0.02 {
			t.Errorf("gc %.2f %%, want allocating workers to assist", 100*l.Share(breakdown.GC))
			show(t, l)
		}
		requireSite(t, l, breakdown.GC, "TestCollector", "collecting")
		runtime.KeepAlive(&roots)
	})
}
