package ui

import (
	"net/http"
	"sync"

	"crawlbench/internal/profile"
)

const (
	// flameMemory limits the memory of cached profiles: a small one takes about 100 kB, a large one 20 MB.
	flameMemory = 64 << 20
	// leastFlame is the minimum size that a profile counts as, because its handlers also take memory.
	leastFlame = 1 << 20
)

// flames caches pprof's handlers of the most recently used profiles.
type flames struct {
	mu   sync.Mutex
	open lru[http.Handler]
}

// handler returns the cached handler for key, or makes it with load. Handlers are made one at a time.
func (f *flames) handler(key string, load func() (profile.Flame, error)) (http.Handler, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if h, ok := f.open.use(key); ok {
		return h, nil
	}
	fl, err := load()
	if err != nil {
		return nil, err
	}
	h, err := profile.Handler(fl)
	if err != nil {
		return nil, err
	}
	f.open.put(key, h, max(leastFlame, int64(fl.Size())))
	return h, nil
}
