package polite

import "sync"

// lock is a sync.Mutex that is tried for some microseconds before it is waited for. A sync.Mutex itself does not spin
// while its processor has other goroutines to run, as it has with more workers than processors: a worker that finds it
// locked then gives way to another one, which takes several times as long as what the lock protects.
type lock struct{ sync.Mutex }

const (
	tries = 10
	// pause is how many steps lie between two tries. To look all the time would take the cache line of the lock from
	// the worker that holds it.
	pause = 1000
)

// Lock implements sync.Locker.
func (l *lock) Lock() {
	for range tries {
		if l.TryLock() {
			return
		}
		for range pause {
		}
	}
	l.Mutex.Lock()
}
