package limiter

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"crawlbench/internal/crawl"
)

// call is a wait measured by the real clock. It was granted at some moment between its begin and
// its end.
type call struct{ begin, end time.Duration }

func calls(l crawl.Limiter, goroutines, each int) []call {
	base := time.Now()
	lists := make([][]call, goroutines)
	var all sync.WaitGroup
	for g := range goroutines {
		all.Go(func() {
			for range each {
				c := call{begin: time.Since(base)}
				l.Wait(context.Background())
				c.end = time.Since(base)
				lists[g] = append(lists[g], c)
			}
		})
	}
	all.Wait()
	return slices.Concat(lists...)
}

// excessWindow returns an error if there is a window in which more calls both began and ended than
// rate and burst allow. These were granted within it, however late the operating system woke their
// callers: no scheduling delay makes a correct limiter fail.
func excessWindow(list []call, rate float64, burst int) error {
	slices.SortFunc(list, func(a, b call) int { return cmp.Compare(a.begin, b.begin) })
	for from := 0; from < len(list); from += 1 + len(list)/50 {
		var ends []time.Duration
		for _, c := range list[from:] {
			ends = append(ends, c.end)
		}
		slices.Sort(ends)
		for i, end := range ends {
			d := end - list[from].begin
			if allowed := rate*d.Seconds() + float64(burst); float64(i+1) > allowed {
				return fmt.Errorf("within %v %d waits began and ended, want at most %.1f", d, i+1, allowed)
			}
		}
	}
	return nil
}

type unlimited struct{}

func (unlimited) Wait(context.Context) error { return nil }

func TestPacedNeverExceedsByTheClock(t *testing.T) {
	for _, rate := range []float64{1000, 30_000, 1e6} {
		for _, goroutines := range []int{1, 8, 64, 256} {
			burst := int(math.Ceil(rate / 100))
			each := max(2, int(min(rate/20, 10_000))/goroutines)
			if err := excessWindow(calls(newPaced(rate, burst), goroutines, each), rate, burst); err != nil {
				t.Errorf("at %v/s with %d goroutines: %v", rate, goroutines, err)
			}
		}
	}
	if excessWindow(calls(unlimited{}, 8, 1000), 1000, 10) == nil {
		t.Error("an unlimited limiter passes")
	}
}
