package mutant

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"sync"

	"crawlbench/internal/crawl"
)

// Unusual returns correct crawlers with unusual designs. A check that fails one of them is wrong.
func Unusual() []crawl.Crawler {
	one := func(name, doc string, maxWorkers int, id crawl.Func[uint32], url crawl.Func[string]) crawl.Crawler {
		return crawl.Crawler{Name: name, Doc: doc, MaxWorkers: maxWorkers, ByID: id, ByURL: url}
	}
	return []crawl.Crawler{
		one("depthfirst", "fetches the newest page first", 0, simple[uint32](habits{order: newest}),
			simple[string](habits{order: newest})),
		one("randomorder", "fetches known pages in random order", 0, simple[uint32](habits{order: random}),
			simple[string](habits{order: random})),
		one("linkscopied", "copies all links", 0, simple[uint32](habits{copies: true}),
			simple[string](habits{copies: true})),
		one("lazyworkers", "starts workers when there are pages, and ends them when there are none", 0,
			simple[uint32](habits{lazy: true}), simple[string](habits{lazy: true})),
		one("waitineach", "waits on the limiter in each worker", 0, simple[uint32](habits{crowd: true}),
			simple[string](habits{crowd: true})),
		one("oneatatime", "fetches sequentially", 1, inOrder[uint32], inOrder[string]),
		one("batches", "handles the links of a batch when all its fetches have ended", 0, batches[uint32], batches[string]),
		one("oneowner", "one goroutine owns the state and sends pages to workers", 0, owned[uint32], owned[string]),
		one("poolschannels", "reuses a channel from a sync.Pool", 0, poolsChannels[uint32](),
			poolsChannels[string]()),
		one("attends", "catches interrupts, and has a ticker", 0, attends[uint32], attends[string]),
		one("lockapage", "one lock per page", 0, lockAPage[uint32], lockAPage[string]),
	}
}

// order chooses the next of n pages.
type order func(n int) int

func oldest(int) int   { return 0 }
func newest(n int) int { return n - 1 }
func random(n int) int { return rand.IntN(n) }

// habits are the variations of a simple crawler.
type habits struct {
	order  order // nil: oldest
	copies bool
	crowd  bool
	lazy   bool
}

// frontier is the state of a crawl behind one lock.
type frontier[K comparable] struct {
	mu    sync.Mutex
	seen  map[K]bool
	pages []K
	left  int // of the budget; negative: no budget
	did   crawl.Result
	err   error
}

func newFrontier[K comparable](seeds []K, o crawl.Options) *frontier[K] {
	f := &frontier[K]{seen: map[K]bool{}, left: -1}
	if o.MaxPages > 0 {
		f.left = o.MaxPages
	}
	f.add(seeds)
	return f
}

// add adds the new pages that the budget admits. The caller holds the lock.
func (f *frontier[K]) add(pages []K) (n int) {
	for _, p := range pages {
		if !f.seen[p] && f.left != 0 {
			f.seen[p] = true
			f.left--
			f.pages = append(f.pages, p)
			n++
		}
	}
	return n
}

// book records a fetch. The caller holds the lock.
func (f *frontier[K]) book(ctx context.Context, links []K, err error) {
	f.did.Pages++
	switch {
	case err == nil:
		f.add(links)
	case ctx.Err() != nil && f.err == nil:
		f.err = ctx.Err()
		fallthrough
	default:
		f.did.Errors++
	}
}

// pacedFetch waits on limiter, if there is one, and fetches page unless the limiter refuses.
func pacedFetch[K comparable](ctx context.Context, web crawl.Web[K], limiter crawl.Limiter, page K) (links []K,
	refused bool, err error) {
	if limiter != nil {
		if err := limiter.Wait(ctx); err != nil {
			return nil, true, err
		}
	}
	links, err = web.Fetch(ctx, page)
	return links, false, err
}

// simple returns a crawler whose workers share one frontier.
func simple[K comparable](h habits) crawl.Func[K] {
	return func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result, error) {
		if err := ctx.Err(); err != nil {
			return crawl.Result{}, err
		}
		if h.order == nil {
			h.order = oldest
		}
		limiter := o.Limiter
		if !h.crowd {
			limiter = crawl.InTurn(limiter)
		}
		own, stop := context.WithCancel(ctx)
		defer stop()
		f := newFrontier(seeds, o)
		changed := sync.NewCond(&f.mu)
		defer context.AfterFunc(own, func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			changed.Broadcast()
		})()
		busy, running := 0, 0
		var all sync.WaitGroup
		var work func()
		start := func() { // the caller holds the lock
			for most := o.Workers; running < most && (running < len(f.pages)+busy || !h.lazy); running++ {
				all.Go(work)
			}
		}
		work = func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			defer func() { running-- }()
			for {
				for len(f.pages) == 0 && busy > 0 && own.Err() == nil && !h.lazy {
					changed.Wait()
				}
				if len(f.pages) == 0 || own.Err() != nil {
					changed.Broadcast()
					return
				}
				at := h.order(len(f.pages))
				page := f.pages[at]
				if at == 0 {
					f.pages = f.pages[1:]
				} else {
					f.pages[at] = f.pages[len(f.pages)-1]
					f.pages = f.pages[:len(f.pages)-1]
				}
				busy++
				f.mu.Unlock()
				links, refused, err := pacedFetch(own, web, limiter, page)
				if h.copies {
					links = slices.Clone(links)
				}
				f.mu.Lock()
				busy--
				if refused {
					f.err = cmp.Or(f.err, ctx.Err(), err)
					stop()
					changed.Broadcast()
					return
				}
				f.book(ctx, links, err)
				if h.lazy {
					start()
				}
				changed.Broadcast()
			}
		}
		f.mu.Lock()
		start()
		f.mu.Unlock()
		all.Wait()
		if f.err == nil && ctx.Err() != nil && len(f.pages) > 0 {
			f.err = ctx.Err()
		}
		return f.did, f.err
	}
}

func inOrder[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result, error) {
	f := newFrontier(seeds, o)
	for len(f.pages) > 0 {
		if err := ctx.Err(); err != nil {
			return f.did, err
		}
		links, refused, err := pacedFetch(ctx, web, o.Limiter, f.pages[0])
		if refused {
			return f.did, err
		}
		f.pages = f.pages[1:]
		if f.book(ctx, links, err); f.err != nil {
			return f.did, f.err
		}
	}
	return f.did, nil
}

// batches fetches all known pages, Workers at a time, and then handles their links.
func batches[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result, error) {
	f := newFrontier(seeds, o)
	limiter := crawl.InTurn(o.Limiter)
	for len(f.pages) > 0 && f.err == nil {
		batch := f.pages
		f.pages = nil
		own, stop := context.WithCancel(ctx)
		found := make([][]K, len(batch))
		next := 0
		var all sync.WaitGroup
		for range min(o.Workers, len(batch)) {
			all.Go(func() {
				f.mu.Lock()
				defer f.mu.Unlock()
				for next < len(batch) && f.err == nil {
					at := next
					next++
					if f.err = ctx.Err(); f.err != nil {
						return
					}
					f.mu.Unlock()
					links, refused, err := pacedFetch(own, web, limiter, batch[at])
					f.mu.Lock()
					if refused {
						f.err = cmp.Or(f.err, err)
						stop()
					} else {
						f.book(ctx, nil, err)
						found[at] = links
					}
				}
			})
		}
		all.Wait()
		stop()
		for _, links := range found {
			f.add(links)
		}
	}
	if f.err != nil && ctx.Err() != nil {
		f.err = ctx.Err()
	}
	return f.did, f.err
}

// owned is a crawler in which one goroutine owns the state.
func owned[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result, error) {
	return ownedOver(ctx, web, seeds, o, make(chan K))
}

// ownedOver is owned with a given channel, which it does not close.
func ownedOver[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options,
	pages chan K) (crawl.Result, error) {
	if err := ctx.Err(); err != nil {
		return crawl.Result{}, err
	}
	type answer struct {
		links   []K
		refused bool
		err     error
	}
	own, stop := context.WithCancel(ctx)
	limiter := crawl.InTurn(o.Limiter)
	answers := make(chan answer)
	var all sync.WaitGroup
	for range o.Workers {
		all.Go(func() {
			for {
				var page K
				select {
				case page = <-pages:
				case <-own.Done():
					return
				}
				links, refused, err := pacedFetch(own, web, limiter, page)
				answers <- answer{links, refused, err}
			}
		})
	}
	f := newFrontier(seeds, o)
	for out := 0; out > 0 || len(f.pages) > 0 && f.err == nil; {
		var to chan K
		var next K
		if len(f.pages) > 0 && f.err == nil {
			to, next = pages, f.pages[0]
		}
		ended := ctx.Done()
		if f.err != nil {
			ended = nil
		}
		select {
		case to <- next:
			f.pages = f.pages[1:]
			out++
		case a := <-answers:
			out--
			if a.refused {
				f.err = cmp.Or(f.err, ctx.Err(), a.err)
			} else {
				f.book(ctx, a.links, a.err)
			}
			if f.err != nil {
				stop()
			}
		case <-ended:
			f.err = ctx.Err()
		}
	}
	stop()
	all.Wait()
	return f.did, f.err
}

// lockAPage has one lock per page.
func lockAPage[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result, error) {
	type entry struct {
		mu   sync.Mutex
		seen bool
	}
	var entries sync.Map
	fresh := func(pages []K) (list []K) {
		for _, p := range pages {
			e, _ := entries.LoadOrStore(p, new(entry))
			e.(*entry).mu.Lock()
			if !e.(*entry).seen {
				e.(*entry).seen = true
				list = append(list, p)
			}
			e.(*entry).mu.Unlock()
		}
		return list
	}
	sifted := fetcher[K](func(ctx context.Context, page K) ([]K, error) {
		links, err := web.Fetch(ctx, page)
		return fresh(links), err
	})
	return simple[K](habits{})(ctx, sifted, fresh(seeds), o)
}
