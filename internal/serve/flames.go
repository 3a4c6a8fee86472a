package serve

import (
	"net/http"
	"slices"
	"sync"

	"crawlbench/internal/flame"
)

const (
	// mostFlames and flameMemory bound what is kept of profiles: a small one takes some 100 kB, a large one 20 MB.
	mostFlames  = 64
	flameMemory = 64 << 20
)

// flames keeps pprof's handlers of the profiles that were looked at last.
type flames struct {
	mu     sync.Mutex
	open   map[string]*opened
	order  []string // the one that was used last at the end
	memory int
}

type opened struct {
	h    http.Handler
	size int
}

// handler returns the handler that is kept under key, or else makes it. Handlers are made one at a time.
func (f *flames) handler(key string, load func() (flame.Flame, error)) (http.Handler, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if o := f.open[key]; o != nil {
		f.order = append(slices.DeleteFunc(f.order, func(k string) bool { return k == key }), key)
		return o.h, nil
	}
	fl, err := load()
	if err != nil {
		return nil, err
	}
	h, err := flame.Handler(fl)
	if err != nil {
		return nil, err
	}
	o := &opened{h: h, size: fl.Size()}
	f.open[key], f.order = o, append(f.order, key)
	for f.memory += o.size; len(f.order) > 1 && (len(f.order) > mostFlames || f.memory > flameMemory); f.order = f.order[1:] {
		f.memory -= f.open[f.order[0]].size
		delete(f.open, f.order[0])
	}
	return h, nil
}
