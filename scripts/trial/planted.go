package main

import (
	"log"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"crawlbench/bench"
)

// planted returns crawlers with one cause each, and beside each a twin that differs in the cause alone.
func planted() []bench.Crawler {
	set := func(name, doc string, add func(s *shared, dst, links []uint32) []uint32) bench.Crawler {
		return bench.FromVisited(name, doc, func(int) bench.Visited[uint32] {
			return &adder{shared: newShared(), add: add}
		}, nil)
	}
	return []bench.Crawler{
		set("heldacross", "sleeps with its lock", func(s *shared, dst, links []uint32) []uint32 {
			s.mu.Lock()
			defer s.mu.Unlock()
			time.Sleep(200 * time.Microsecond)
			return s.insert(dst, links)
		}),
		set("heldacross.not", "sleeps before its lock", func(s *shared, dst, links []uint32) []uint32 {
			time.Sleep(200 * time.Microsecond)
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.insert(dst, links)
		}),
		set("chanlock", "uses a channel as its lock", func(s *shared, dst, links []uint32) []uint32 {
			s.token <- true
			defer func() { <-s.token }()
			spin(40_000)
			return s.insert(dst, links)
		}),
		set("chanlock.not", "uses a mutex as its lock", func(s *shared, dst, links []uint32) []uint32 {
			s.mu.Lock()
			defer s.mu.Unlock()
			spin(40_000)
			return s.insert(dst, links)
		}),
		set("readers", "takes its RWMutex for reading once a link", func(s *shared, dst, links []uint32) []uint32 {
			for range 50 {
				for _, link := range links {
					s.rw.RLock()
					s.read(link)
					s.rw.RUnlock()
				}
			}
			return s.locked(dst, links)
		}),
		set("readers.not", "takes its RWMutex for reading once a page", func(s *shared, dst, links []uint32) []uint32 {
			s.rw.RLock()
			for range 50 {
				for _, link := range links {
					s.read(link)
				}
			}
			s.rw.RUnlock()
			return s.locked(dst, links)
		}),
		set("hotcounter", "counts in one atomic word", func(s *shared, dst, links []uint32) []uint32 {
			for range 50 {
				for range links {
					s.counters[0].n.Add(1)
				}
			}
			return s.locked(dst, links)
		}),
		set("hotcounter.not", "counts in a word of its own", func(s *shared, dst, links []uint32) []uint32 {
			i := s.slot()
			defer s.free(i)
			for range 50 {
				for range links {
					s.counters[i].n.Add(1)
				}
			}
			return s.locked(dst, links)
		}),
		set("falseshare", "counts in words on one cache line", func(s *shared, dst, links []uint32) []uint32 {
			i := s.slot()
			defer s.free(i)
			for range 2000 {
				for range links {
					s.close[i]++
				}
			}
			return s.locked(dst, links)
		}),
		set("falseshare.not", "counts in words on cache lines of their own", func(s *shared, dst,
			links []uint32) []uint32 {
			i := s.slot()
			defer s.free(i)
			for range 2000 {
				for range links {
					s.apart[i].n++
				}
			}
			return s.locked(dst, links)
		}),
		set("gosched", "yields until its lock is free", func(s *shared, dst, links []uint32) []uint32 {
			for !s.mu.TryLock() {
				runtime.Gosched()
			}
			defer s.mu.Unlock()
			spin(40_000)
			return s.insert(dst, links)
		}),
		set("gosched.not", "sleeps until its lock is free", func(s *shared, dst, links []uint32) []uint32 {
			s.mu.Lock()
			defer s.mu.Unlock()
			spin(40_000)
			return s.insert(dst, links)
		}),
		set("herd", "wakes all that wait for a turn", func(s *shared, dst, links []uint32) []uint32 {
			s.turn(s.changed.Broadcast)
			return s.locked(dst, links)
		}),
		set("herd.not", "wakes one that waits for a turn", func(s *shared, dst, links []uint32) []uint32 {
			s.turn(s.changed.Signal)
			return s.locked(dst, links)
		}),
		set("polling", "sleeps until its lock is free", func(s *shared, dst, links []uint32) []uint32 {
			for !s.mu.TryLock() {
				time.Sleep(50 * time.Microsecond)
			}
			defer s.mu.Unlock()
			spin(40_000)
			return s.insert(dst, links)
		}),
		set("logging", "logs every link", func(s *shared, dst, links []uint32) []uint32 {
			for _, link := range links {
				s.log.Printf("found %d", link)
			}
			return s.locked(dst, links)
		}),
		set("logging.not", "has a logger for every page", func(s *shared, dst, links []uint32) []uint32 {
			own := log.New(slow{}, "", log.LstdFlags)
			for _, link := range links {
				own.Printf("found %d", link)
			}
			return s.locked(dst, links)
		}),
		set("syscalls", "asks the kernel for every link", func(s *shared, dst, links []uint32) []uint32 {
			for range links {
				os.Getppid()
			}
			return s.locked(dst, links)
		}),
		set("syscalls.not", "asks the kernel now and then", func(s *shared, dst, links []uint32) []uint32 {
			if len(links) > 0 && links[0]%64 == 0 {
				os.Getppid()
			}
			return s.locked(dst, links)
		}),
		set("allocates", "allocates for every link", func(s *shared, dst, links []uint32) []uint32 {
			i := s.slot()
			defer s.free(i)
			for range 20 {
				for range links {
					s.kept[i].p = new([64]byte)
				}
			}
			return s.locked(dst, links)
		}),
		set("allocates.not", "reuses what it allocated", func(s *shared, dst, links []uint32) []uint32 {
			i := s.slot()
			defer s.free(i)
			keep := new([64]byte)
			for range 20 {
				for range links {
					s.kept[i].p = keep
				}
			}
			return s.locked(dst, links)
		}),
	}
}

// adder is a set whose AddNew is a function.
type adder struct {
	*shared
	add func(s *shared, dst, links []uint32) []uint32
}

func (a *adder) AddNew(dst, links []uint32) []uint32 { return a.add(a.shared, dst, links) }

const slots = 64

type padded struct {
	n atomic.Int64
	_ [56]byte
}

// shared is what the workers share.
type shared struct {
	mu       sync.Mutex
	rw       sync.RWMutex
	token    chan bool
	seen     set
	log      *log.Logger
	counters [slots]padded

	close [slots]int64
	apart [slots]struct {
		n int64
		_ [120]byte
	}
	// kept has pointers that a goroutine writes alone, or all would contend for one cache line.
	kept [slots]struct {
		p *[64]byte
		_ [120]byte
	}
	used [slots]atomic.Bool

	changed sync.Cond
	busy    bool
	waiting sync.Mutex
}

func newShared() *shared {
	s := &shared{token: make(chan bool, 1), seen: set{}, log: log.New(slow{}, "", log.LstdFlags)}
	s.changed.L = &s.waiting
	return s
}

// slow is a file to log to that takes a while.
type slow struct{}

func (slow) Write(p []byte) (int, error) {
	spin(2000)
	return len(p), nil
}

// insert adds links; the caller has exclusive access.
func (s *shared) insert(dst, links []uint32) []uint32 { return s.seen.insert(dst, links) }

// set are pages.
type set map[uint32]bool

func (s set) insert(dst, links []uint32) []uint32 {
	for _, link := range links {
		if !s[link] {
			s[link] = true
			dst = append(dst, link)
		}
	}
	return dst
}

// locked adds links under a lock that is held briefly.
func (s *shared) locked(dst, links []uint32) []uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.insert(dst, links)
}

func (s *shared) read(link uint32) {
	runtime.KeepAlive(s.counters[link%slots].n.Load())
}

// slot returns the number of a counter that nobody else uses until free.
func (s *shared) slot() int {
	for {
		for i := range s.used {
			if s.used[i].CompareAndSwap(false, true) {
				return i
			}
		}
	}
}

func (s *shared) free(i int) { s.used[i].Store(false) }

// turn works while nobody else does.
func (s *shared) turn(wake func()) {
	s.waiting.Lock()
	for s.busy {
		s.changed.Wait()
	}
	s.busy = true
	s.waiting.Unlock()
	spin(40_000)
	s.waiting.Lock()
	s.busy = false
	s.waiting.Unlock()
	wake()
}
