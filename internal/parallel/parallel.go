// Package parallel does work that falls into many independent parts on all processors.
package parallel

import (
	"runtime"
	"sync"
)

// Each calls f for 0 to n-1, each processor with numbers that follow on each other, and returns when all calls have.
func Each(n int, f func(i int)) {
	var pool sync.WaitGroup
	parts := runtime.GOMAXPROCS(0)
	for part := range parts {
		pool.Go(func() {
			for i := n * part / parts; i < n*(part+1)/parts; i++ {
				f(i)
			}
		})
	}
	pool.Wait()
}
