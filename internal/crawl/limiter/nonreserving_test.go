package limiter

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crawlbench/internal/crawl"
)

// checkNonReserving returns an error if l, whose bucket begins empty, has reserved tokens for
// cancelled waits. The waits are cancelled one microsecond apart in the order of arrival, the worst
// order for a limiter that can return only its last reservation. The next wait must get its token
// as if there had been no others.
func checkNonReserving(l crawl.Limiter, rate float64, crowd int) error {
	interval := time.Duration(1e9 / rate)
	var all sync.WaitGroup
	for i := range crowd {
		all.Go(func() {
			// No deadline: a limiter may refuse one that it cannot meet.
			ctx, stop := context.WithCancel(context.Background())
			time.AfterFunc(interval/2+time.Duration(i)*time.Microsecond, stop)
			l.Wait(ctx)
		})
		synctest.Wait() // until it is waiting
	}
	all.Wait()
	start := time.Now()
	if err := l.Wait(context.Background()); err != nil {
		return err
	}
	if took := time.Since(start); took > interval/2 {
		return fmt.Errorf("after %d cancelled waits the next one took %v, at one token every %v", crowd, took, interval)
	}
	return nil
}

// falselyNonReserving claims to be non-reserving, but reserves.
type falselyNonReserving struct{ crawl.Limiter }

func (falselyNonReserving) NonReserving() {}

func TestNonReserving(t *testing.T) {
	kinds := append(All(), Kind{Name: "reserving", New: func(rate float64, burst int) crawl.Limiter {
		return falselyNonReserving{newBucket(rate, burst)}
	}})
	claims := 0
	for _, k := range kinds {
		for _, crowd := range []int{1, 2, 20, 256} {
			synctest.Test(t, func(t *testing.T) {
				const rate = 10
				l := k.New(rate, 1)
				if _, ok := l.(crawl.NonReserving); ok {
					claims++
				} else {
					l = crawl.InTurn(l)
				}
				err := checkNonReserving(l, rate, crowd)
				if bad := k.Name == "reserving" && crowd > 1; bad != (err != nil) {
					t.Errorf("%s: %v", k.Name, err)
				}
			})
		}
	}
	if claims != 3*4 { // ticker, paced and falselyNonReserving
		t.Errorf("%d limiters claim to be non-reserving", claims)
	}
}

// A wait that is cancelled at the moment of its turn wakes the next.
func TestPacedPassesTheTurnOn(t *testing.T) {
	for seed := range 50 {
		synctest.Test(t, func(t *testing.T) {
			l := newPaced(10, 1)
			ctx, stop := context.WithTimeout(t.Context(), 100*time.Millisecond) // when the first token comes
			defer stop()
			start := time.Now()
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
			if took := time.Since(start); took < 400*time.Millisecond || took > 500*time.Millisecond {
				t.Errorf("four waits, with four others cancelled at the first token, took %v", took)
			}
			if p := l.(*paced); p.queue.Len() != 0 || p.timer.Stop() {
				t.Error("the queue is not empty, or the timer still runs")
			}
		})
	}
}

func TestNoWaitAfterTheEnd(t *testing.T) {
	for _, k := range All() {
		synctest.Test(t, func(t *testing.T) {
			l := k.New(10, 5)
			time.Sleep(10 * time.Second)
			ctx, stop := context.WithCancel(t.Context())
			stop()
			if err := l.Wait(ctx); err != context.Canceled {
				t.Errorf("%s: with tokens available, a wait with a cancelled context returned %v", k.Name, err)
			}
		})
	}
}
