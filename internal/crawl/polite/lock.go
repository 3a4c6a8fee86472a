package polite

import (
	"runtime"
	"sync"
)

// lock is a sync.Mutex that more workers than processors try for some microseconds before they wait for it. A
// sync.Mutex itself does not spin while its processor has other goroutines to run: a worker that finds it locked then
// gives way to another one, which takes several times as long as what the lock protects. With a processor for each
// worker a sync.Mutex spins by itself, and better.
type lock struct {
	sync.Mutex
	tries int
}

const (
	tries = 10
	// pause is how many steps lie between two tries. To look all the time would take the cache line of the lock from
	// the worker that holds it.
	pause = 1000
)

// newLock returns the lock of a number of workers.
func newLock(workers int) lock {
	if workers <= runtime.GOMAXPROCS(0) {
		return lock{}
	}
	return lock{tries: tries}
}

// Lock implements sync.Locker.
func (l *lock) Lock() {
	for range l.tries {
		if l.TryLock() {
			return
		}
		for range pause {
		}
	}
	l.Mutex.Lock()
}
