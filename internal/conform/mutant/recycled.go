package mutant

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// recycled is a lock-free stack (Treiber, 1986) that reuses its nodes and so has the ABA problem: a node
// that was popped and pushed again cannot be told from one that stayed, and a goroutine that was
// preempted before its compare-and-swap may make a node the top that is no longer in the stack. Garbage
// collection prevents this as long as nodes are not reused.
type recycled[K any] struct {
	top  atomic.Pointer[node[K]]
	mu   sync.Mutex
	free []*node[K]
}

type node[K any] struct {
	page K
	next atomic.Pointer[node[K]]
}

func (s *recycled[K]) push(page K) {
	n := s.node()
	n.page = page
	for {
		top := s.top.Load()
		n.next.Store(top)
		if s.top.CompareAndSwap(top, n) {
			return
		}
	}
}

func (s *recycled[K]) pop() (page K, ok bool) {
	for {
		top := s.top.Load()
		if top == nil {
			return page, false
		}
		next := top.next.Load()
		runtime.Gosched()
		if s.top.CompareAndSwap(top, next) {
			page = top.page
			s.mu.Lock()
			defer s.mu.Unlock()
			s.free = append(s.free, top)
			return page, true
		}
	}
}

func (s *recycled[K]) node() *node[K] {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.free) == 0 {
		return new(node[K])
	}
	n := s.free[0]
	s.free = s.free[1:]
	return n
}
