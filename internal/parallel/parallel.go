// Package parallel runs independent tasks on all processors.
package parallel

import (
	"iter"
	"runtime"
	"sync"
	"sync/atomic"
)

// Each calls f for 0 to n-1, each processor with numbers that follow on each other, and returns
// when all calls have. It panics as one of them has, so that its caller can recover.
func Each(n int, f func(i int)) {
	var panicked atomic.Value
	parts := runtime.GOMAXPROCS(0)
	together(parts, func(part int) {
		defer func() {
			if p := recover(); p != nil {
				panicked.CompareAndSwap(nil, thrown{p})
			}
		}()
		for i := n * part / parts; i < n*(part+1)/parts; i++ {
			f(i)
		}
	})
	if p, ok := panicked.Load().(thrown); ok {
		panic(p.value)
	}
}

// thrown is what a call has panicked with.
type thrown struct{ value any }

// Workers calls f on each processor and returns when all calls have. Together they range over 0 to n-1 in order: a
// number goes to whoever asks next. It suits parts of unequal cost, and work that keeps a state for each processor.
func Workers(n int, f func(numbers iter.Seq[int])) {
	var next atomic.Int64
	together(min(n, runtime.GOMAXPROCS(0)), func(int) {
		f(func(yield func(int) bool) {
			for i := int(next.Add(1)) - 1; i < n && yield(i); i = int(next.Add(1)) - 1 {
			}
		})
	})
}

// together runs f for 0 to n-1, each on a goroutine of its own.
func together(n int, f func(i int)) {
	var pool sync.WaitGroup
	for i := range n {
		pool.Go(func() { f(i) })
	}
	pool.Wait()
}
