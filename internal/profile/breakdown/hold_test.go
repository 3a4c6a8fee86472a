package breakdown_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"crawlbench/internal/profile/breakdown"
)

// held returns the time that the locks waited for in a function were held, and the part in which the holder slept.
func held(l *breakdown.Breakdown, function string) (all, asleep float64) {
	for _, h := range l.Holds {
		if strings.Contains(h.Where, function) {
			all += h.Seconds
			if h.For == "time.Sleep" {
				asleep += h.Seconds
			}
		}
	}
	return all, asleep
}

// before sleeps, then holds the lock for a moment.
func before(mu *sync.Mutex) {
	time.Sleep(nap)
	mu.Lock()
	spin(20_000)
	mu.Unlock()
}

func TestHolderThatSleeps(t *testing.T) {
	patient(t, func(t testing.TB) {
		var mu sync.Mutex
		l, _ := measured(t, 8, pool(8, 20, func(int, int) { hot(&mu) }))
		if all, asleep := held(l, "breakdown_test.hot"); all == 0 || asleep < 0.7*all {
			t.Errorf("the lock was held for %g s, %g s of them asleep: want nearly all", all, asleep)
		}
		// The same sleep before the lock is not the lock's.
		l, _ = measured(t, 8, pool(8, 40, func(int, int) { before(&mu) }))
		if all, asleep := held(l, "breakdown_test.before"); asleep > 0.3*all {
			t.Errorf("the lock was held for %g s, %g s of them asleep: want none", all, asleep)
		}
	})
}

// All waiters are woken for every item, and all but one wait again.
func TestVainWakeUps(t *testing.T) {
	patient(t, func(t testing.TB) {
		herd := func(wake func(*sync.Cond), sleep time.Duration) breakdown.Site {
			var mu sync.Mutex
			some := sync.NewCond(&mu)
			have := 0
			l, _ := measured(t, 8, func() {
				var slow sync.WaitGroup
				slow.Go(func() {
					for range 8 * 20 {
						time.Sleep(sleep)
						mu.Lock()
						have++
						mu.Unlock()
						wake(some)
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
			return requireSite(t, l, breakdown.Idle, "TestVainWakeUps", "sync.(*Cond).Wait")
		}
		if s := herd((*sync.Cond).Broadcast, nap); s.Vain < 5*20*8 {
			t.Errorf("%d of %d wake-ups by a broadcast were in vain, want most", s.Vain, s.Wakes)
		}
		if s := herd((*sync.Cond).Signal, nap); s.Vain > 40 {
			t.Errorf("%d of %d wake-ups by a signal were in vain, want few", s.Vain, s.Wakes)
		}
	})
}

// Both ends of an unbuffered channel are one pair.
func TestPairsOfAChannel(t *testing.T) {
	patient(t, func(t testing.TB) {
		c := make(chan int)
		l, _ := measured(t, 1, func() {
			var taker sync.WaitGroup
			taker.Go(func() {
				for range 40 {
					<-c
					time.Sleep(nap)
					<-c
				}
			})
			pool(1, 40, func(int, int) {
				c <- 1
				c <- 1
				time.Sleep(2 * nap)
			})()
			taker.Wait()
		})
		send, receive := 0, 0
		for _, p := range l.Pairs {
			if strings.Contains(p.Send, "TestPairsOfAChannel") && strings.Contains(p.Receive, "TestPairsOfAChannel") {
				send, receive = send+p.SendSleeps, receive+p.ReceiveSleeps
			}
		}
		if send < 20 || receive < 20 {
			t.Errorf("the sender slept %d times and the receiver %d times, want about 40 each: %+v", send, receive, l.Pairs)
		}
	})
}

// Workers that wait for a dispatcher wait for the stage that the dispatcher waits for.
func TestStageBehindADispatcher(t *testing.T) {
	patient(t, func(t testing.TB) {
		l, _ := measured(t, 4, func() {
			pages, found, parsed := make(chan int), make(chan int), make(chan int)
			var all sync.WaitGroup
			for range 4 {
				all.Go(func() {
					for page := range pages {
						breakdown.Mark()
						found <- page
					}
				})
			}
			all.Go(func() { sleepyStage(found, parsed) })
			for page := range 40 {
				pages <- page
				<-parsed
			}
			close(pages)
			close(found)
			all.Wait()
		})
		for _, r := range l.Roles {
			stage := strings.Contains(r.Entry, "sleepyStage") || strings.Contains(r.Entry, "TestStageBehindADispatcher")
			if stage && r.Away > 0.5*l.Wall && r.Ended > 0.4*l.Worker {
				return
			}
		}
		t.Errorf("no stage that sleeps and for which workers wait: %+v of %g s", l.Roles, l.Worker)
	})
}

func sleepyStage(found <-chan int, parsed chan<- int) {
	for page := range found {
		time.Sleep(nap)
		parsed <- page
	}
}
