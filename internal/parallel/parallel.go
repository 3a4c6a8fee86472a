// Package parallel does work that falls into many independent parts on all processors.
package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Each calls f for 0 to n-1, each processor with numbers that follow on each other, and returns when all calls have. It
// panics as one of them has, so that its caller can recover.
func Each(n int, f func(i int)) {
	var pool sync.WaitGroup
	var panicked atomic.Value
	parts := runtime.GOMAXPROCS(0)
	for part := range parts {
		pool.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					panicked.CompareAndSwap(nil, thrown{p})
				}
			}()
			for i := n * part / parts; i < n*(part+1)/parts; i++ {
				f(i)
			}
		})
	}
	pool.Wait()
	if p, ok := panicked.Load().(thrown); ok {
		panic(p.value)
	}
}

// thrown is what a call has panicked with.
type thrown struct{ value any }
