package parallel

import (
	"iter"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

func TestEachNumberOnce(t *testing.T) {
	for n := range 20 {
		calls, want := make([]int, n), make([]int, n)
		Each(n, func(i int) { calls[i]++ })
		for i := range want {
			want[i] = 1
		}
		if !slices.Equal(calls, want) {
			t.Errorf("of %d: %v", n, calls)
		}
	}
}

func TestAPanicIsTheCallers(t *testing.T) {
	for _, bad := range []int{0, 7, 99} {
		func() {
			defer func() {
				if p := recover(); p != "no" {
					t.Errorf("call %d panics, and the caller gets %v", bad, p)
				}
			}()
			Each(100, func(i int) {
				if i == bad {
					panic("no")
				}
			})
		}()
	}
}

func TestWorkersShareTheNumbersInOrder(t *testing.T) {
	for n := range 50 {
		var mu sync.Mutex
		var all []int
		workers := 0
		Workers(n, func(numbers iter.Seq[int]) {
			mu.Lock()
			workers++
			mu.Unlock()
			last := -1
			for i := range numbers {
				if i <= last {
					t.Errorf("of %d: %d comes after %d", n, i, last)
				}
				last = i
				mu.Lock()
				all = append(all, i)
				mu.Unlock()
			}
		})
		slices.Sort(all)
		for i := range n {
			if len(all) != n || all[i] != i {
				t.Fatalf("of %d: %v", n, all)
			}
		}
		if want := min(n, runtime.GOMAXPROCS(0)); workers != want {
			t.Errorf("of %d: %d workers, want %d", n, workers, want)
		}
	}
}

// A worker that stops leaves the rest to the others.
func TestWorkersMayStop(t *testing.T) {
	var calls atomic.Int64
	Workers(1000, func(numbers iter.Seq[int]) {
		for range numbers {
			calls.Add(1)
			break
		}
	})
	if n := int(calls.Load()); n != runtime.GOMAXPROCS(0) {
		t.Errorf("%d numbers were taken, want one for each processor", n)
	}
}
