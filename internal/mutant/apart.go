package mutant

import (
	"context"
	"sync"

	"crawlbench/internal/crawl"
	"crawlbench/internal/engine"
)

// apart returns the mutants that are not a copy of the pool.
func apart() []Mutant {
	set := func(name, doc, seen string, byID crawl.NewVisited[uint32], byURL crawl.NewVisited[string]) Mutant {
		return Mutant{Contender: engine.FromVisited(name, doc, byID, byURL), Case: seen}
	}
	kept, keptURL := newStateful[uint32](false), newStateful[string](false)
	shared, sharedURL := newStateful[uint32](true), newStateful[string](true)
	return []Mutant{
		set("loadthenstore", "sync.Map is asked by Load and told by Store", "katana: Get, then Set", newLoadStore[uint32], newLoadStore[string]),
		set("norecheck", "what the read lock did not find is stored without a second look", "geziyor: a semaphore per host made twice", newNoRecheck[uint32], newNoRecheck[string]),
		set("unlockedmap", "a map without a lock", "a set that was right in the sequential crawler", newUnlocked[uint32], newUnlocked[string]),
		set("globalstate", "the visited set outlives the crawl", "colly PR 872: a policy object that two crawls share", kept, keptURL),
		set("sharedstate", "each crawl clears the visited set that all crawls share", "colly PR 872: a second Init while the first is in use", shared, sharedURL),
		{Contender: crawl.Contender{Name: "boundedfeedback", Doc: "workers send what they find into the bounded channel that they read from",
			ByID: bounded[uint32], ByURL: bounded[string]}, Case: "lychee 465: a page with more links than the queue holds"},
		{Contender: crawl.Contender{Name: "goroutineperlink", Doc: "a goroutine fetches every new link at once",
			ByID: unbounded[uint32], ByURL: unbounded[string]}, Case: "colly 381: goroutines without bound"},
	}
}

type loadStore[K comparable] struct{ seen sync.Map }

func newLoadStore[K comparable](int) crawl.Visited[K] { return &loadStore[K]{} }

func (s *loadStore[K]) AddNew(dst, links []K) []K {
	for _, link := range links {
		if _, ok := s.seen.Load(link); !ok {
			s.seen.Store(link, true)
			dst = append(dst, link)
		}
	}
	return dst
}

type noRecheck[K comparable] struct {
	mu   sync.RWMutex
	seen map[K]bool
}

func newNoRecheck[K comparable](int) crawl.Visited[K] { return &noRecheck[K]{seen: map[K]bool{}} }

func (s *noRecheck[K]) AddNew(dst, links []K) []K {
	for _, link := range links {
		s.mu.RLock()
		known := s.seen[link]
		s.mu.RUnlock()
		if known {
			continue
		}
		s.mu.Lock()
		s.seen[link] = true
		s.mu.Unlock()
		dst = append(dst, link)
	}
	return dst
}

type unlocked[K comparable] map[K]bool

func newUnlocked[K comparable](int) crawl.Visited[K] { return unlocked[K]{} }

func (s unlocked[K]) AddNew(dst, links []K) []K {
	for _, link := range links {
		if !s[link] {
			s[link] = true
			dst = append(dst, link)
		}
	}
	return dst
}

type stateful[K comparable] struct {
	mu   sync.Mutex
	seen map[K]bool
}

// newStateful returns a constructor that makes one set for all crawls, which may clear it.
func newStateful[K comparable](clears bool) crawl.NewVisited[K] {
	s := &stateful[K]{seen: map[K]bool{}}
	return func(int) crawl.Visited[K] {
		s.mu.Lock()
		defer s.mu.Unlock()
		if clears {
			clear(s.seen)
		}
		return s
	}
}

func (s *stateful[K]) AddNew(dst, links []K) []K {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, link := range links {
		if !s.seen[link] {
			s.seen[link] = true
			dst = append(dst, link)
		}
	}
	return dst
}

// bounded is a pool whose only queue is a channel of fixed size.
func bounded[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (did crawl.Result, err error) {
	if err := ctx.Err(); err != nil {
		return did, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	limiter := crawl.InTurn(o.Limiter)
	queue := make(chan K, 1024)
	var mu sync.Mutex
	seen := map[K]bool{}
	outstanding := 0
	done := make(chan struct{})
	add := func(links []K, finished int) {
		mu.Lock()
		var fresh []K
		for _, link := range links {
			if !seen[link] && (o.MaxPages == 0 || len(seen) < o.MaxPages) {
				seen[link] = true
				fresh = append(fresh, link)
			}
		}
		outstanding += len(fresh) - finished
		over := outstanding == 0
		mu.Unlock()
		for _, link := range fresh {
			select {
			case queue <- link:
			case <-ctx.Done():
				return
			}
		}
		if over {
			close(done)
		}
	}
	add(seeds, 0)
	var pool sync.WaitGroup
	for range max(1, o.Workers) {
		pool.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case <-done:
					return
				case page := <-queue:
					if limiter != nil {
						if err := limiter.Wait(ctx); err != nil {
							cancel(err)
							return
						}
					}
					links, err := web.Fetch(ctx, page)
					mu.Lock()
					did.Pages++
					if err != nil {
						did.Errors++
						links = nil
					}
					mu.Unlock()
					if err != nil && ctx.Err() != nil {
						return
					}
					add(links, 1)
				}
			}
		})
	}
	pool.Wait()
	select {
	case <-done:
		return did, nil
	default:
		return did, context.Cause(ctx)
	}
}

// unbounded fetches every new link on a goroutine of its own, at once.
func unbounded[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (did crawl.Result, err error) {
	limiter := crawl.InTurn(o.Limiter)
	var mu sync.Mutex
	var pending sync.WaitGroup
	seen := map[K]bool{}
	var spawn func(links []K)
	fail := func(e error) {
		mu.Lock()
		defer mu.Unlock()
		if err == nil {
			err = e
		}
	}
	spawn = func(links []K) {
		mu.Lock()
		defer mu.Unlock()
		for _, link := range links {
			if seen[link] || err != nil || o.MaxPages > 0 && len(seen) == o.MaxPages {
				continue
			}
			seen[link] = true
			pending.Go(func() {
				if e := ctx.Err(); e != nil {
					fail(e)
					return
				}
				if limiter != nil {
					if e := limiter.Wait(ctx); e != nil {
						fail(e)
						return
					}
				}
				links, e := web.Fetch(ctx, link)
				mu.Lock()
				did.Pages++
				if e != nil {
					did.Errors++
				}
				mu.Unlock()
				if e != nil {
					if ctx.Err() != nil {
						fail(ctx.Err())
					}
					return
				}
				spawn(links)
			})
		}
	}
	spawn(seeds)
	pending.Wait()
	return did, err
}
