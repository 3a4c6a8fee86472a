package ui

import (
	"net/http"
	"sync"

	"crawlbench/internal/profile"
)

const (
	// flameMemory bounds what is kept of profiles: a small one takes some 100 kB, a large one 20 MB.
	flameMemory = 64 << 20
	// leastFlame is what any profile counts for, since its handlers take memory too.
	leastFlame = 1 << 20
)

// flames keeps pprof's handlers of the profiles that were looked at last.
type flames struct {
	mu   sync.Mutex
	open recent[http.Handler]
}

// handler returns the handler that is kept under key, or else makes it. Handlers are made one at a time.
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
