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

// debtOf says what a limiter that began empty has reserved for waits that were given up: of a crowd each gives up a
// microsecond after the one before it, the worst order for a limiter that can take back only its last reservation. Whoever
// comes next must get its page as if nobody had been there.
func debtOf(l crawl.Limiter, rate float64, crowd int) error {
	interval := time.Duration(1e9 / rate)
	var all sync.WaitGroup
	for i := range crowd {
		all.Go(func() {
			ctx, stop := context.WithCancel(context.Background()) // no deadline: a limiter may refuse to wait for one
			time.AfterFunc(interval/2+time.Duration(i)*time.Microsecond, stop)
			l.Wait(ctx)
		})
		synctest.Wait() // it is waiting
	}
	all.Wait()
	start := time.Now()
	if err := l.Wait(context.Background()); err != nil {
		return err
	}
	if took := time.Since(start); took > interval/2 {
		return fmt.Errorf("after %d waits that were given up the next took %v, at a page every %v", crowd, took, interval)
	}
	return nil
}

// indebted says that it leaves no debt, and does.
type indebted struct{ crawl.Limiter }

func (indebted) NoDebt() {}

func TestDebtless(t *testing.T) {
	kinds := append(All(), Kind{Name: "indebted", New: func(rate float64, burst int) crawl.Limiter {
		return indebted{newBucket(rate, burst)}
	}})
	claims := 0
	for _, k := range kinds {
		for _, crowd := range []int{1, 2, 20, 256} {
			synctest.Test(t, func(t *testing.T) {
				const rate = 10
				l := k.New(rate, 1)
				if _, ok := l.(crawl.Debtless); ok {
					claims++
				} else {
					l = crawl.InTurn(l)
				}
				err := debtOf(l, rate, crowd)
				if bad := k.Name == "indebted" && crowd > 1; bad != (err != nil) {
					t.Errorf("%s: %v", k.Name, err)
				}
			})
		}
	}
	if claims != 3*4 { // of the table, and the twin
		t.Errorf("%d claims to leave no debt", claims)
	}
}

// A wait that was given up at the moment of its turn hands the turn on.
func TestPacedHandsTheTurnOn(t *testing.T) {
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
				t.Errorf("four waits, with four given up at the first token, took %v", took)
			}
			if p := l.(*paced); p.queue.Len() != 0 || p.timer.Stop() {
				t.Error("it still waits for somebody")
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
				t.Errorf("%s: with tokens to be had a wait that was given up beforehand ended with %v", k.Name, err)
			}
		})
	}
}
