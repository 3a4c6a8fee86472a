package mutant

import (
	"context"
	"runtime"
	"slices"
	"sync"

	"crawlbench/internal/crawl"
)

// bags returns the mutants whose workers hold several pages. Without a bug, and with bags of one
// page, this crawler is correct.
func bags() []Mutant {
	one := func(b bug, doc, seen string) Mutant {
		return made(string(b), doc, seen, bagged[uint32](b), bagged[string](b))
	}
	return []Mutant{
		one(hoardsPages, "a worker keeps the pages it took while others are idle",
			"chunked frontiers without work sharing"),
		one(losesBag, "a partly filled bag is lost when its worker goes to sleep",
			"the last flush of a buffered queue"),
		one(idleTooEarly, "a worker counts as idle before its last fetch has ended",
			"counting idle workers to end a crawl"),
		one(lastElement, "two workers take the last page: one end of the deque does not see the other",
			"Chase-Lev without the compare-and-swap for the last element"),
	}
}

const (
	hoardsPages  bug = "hoardspages"
	losesBag     bug = "losesbag"
	idleTooEarly bug = "idletooearly"
	lastElement  bug = "lastelement"
)

// bagPages is the capacity of a bag.
const bagPages = 16

type bagger[K comparable] struct {
	bug     bug
	web     crawl.Web[K]
	limiter crawl.Limiter
	budget  int

	mu      sync.Mutex
	changed sync.Cond
	seen    map[K]bool
	pages   []K
	idle    int
	workers int
	ended   bool
	err     error
	did     crawl.Result
}

func bagged[K comparable](b bug) crawl.Func[K] {
	return func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result, error) {
		if err := ctx.Err(); err != nil {
			return crawl.Result{}, err
		}
		p := &bagger[K]{bug: b, web: web, limiter: crawl.InTurn(o.Limiter), budget: o.MaxPages, seen: map[K]bool{},
			workers: o.Workers}
		p.changed.L = &p.mu
		p.pages = p.fresh(seeds)
		ran := make(chan struct{})
		undo := context.AfterFunc(ctx, func() {
			defer close(ran)
			p.mu.Lock()
			defer p.mu.Unlock()
			p.stop(ctx.Err())
		})
		var all sync.WaitGroup
		for range p.workers {
			all.Go(func() { p.work(ctx) })
		}
		all.Wait()
		if !undo() {
			<-ran
		}
		return p.did, p.err
	}
}

func (p *bagger[K]) work(ctx context.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var found []K // a bag that is being filled
	for {
		for !p.ended && len(p.pages) == 0 {
			if p.bug == losesBag {
				found = nil
			}
			if p.idle++; p.idle >= p.workers {
				p.stop(nil)
				return
			}
			p.changed.Wait()
			p.idle--
		}
		if p.ended {
			return
		}
		bag := p.take()
		early := p.bug == idleTooEarly && len(p.pages) == 0
		if early {
			if p.idle++; p.idle >= p.workers && p.workers > 1 {
				p.stop(nil)
			}
		}
		for _, page := range bag {
			if p.ended || !p.fetch(ctx, page, &found) {
				return
			}
			if p.bug != losesBag || len(found) >= bagPages {
				p.pages = append(p.pages, found...)
				found = nil
				p.changed.Broadcast()
			}
		}
		if early {
			p.idle--
		}
	}
}

// take takes a bag of pages. The caller holds the lock, as in the methods below.
func (p *bagger[K]) take() []K {
	n := 1
	if p.bug == hoardsPages {
		n = min(bagPages, len(p.pages))
	}
	bag := slices.Clone(p.pages[len(p.pages)-n:])
	if p.bug == lastElement && len(p.pages) == 1 {
		p.mu.Unlock()
		runtime.Gosched()
		p.mu.Lock()
	}
	p.pages = p.pages[:max(0, len(p.pages)-n)]
	return bag
}

// fetch fetches page, appends its new links to found, and reports whether to continue.
func (p *bagger[K]) fetch(ctx context.Context, page K, found *[]K) bool {
	p.mu.Unlock()
	links, refused, err := pacedFetch(ctx, p.web, p.limiter, page)
	p.mu.Lock()
	if refused {
		p.stop(err)
		return false
	}
	p.did.Pages++
	if err != nil {
		p.did.Errors++
		links = nil
		if ctx.Err() != nil {
			p.stop(ctx.Err())
			return false
		}
	}
	*found = append(*found, p.fresh(links)...)
	return true
}

// fresh returns the new links that the budget admits.
func (p *bagger[K]) fresh(links []K) (list []K) {
	for _, link := range links {
		if !p.seen[link] && (p.budget == 0 || len(p.seen) < p.budget) {
			p.seen[link] = true
			list = append(list, link)
		}
	}
	return list
}

// stop ends the crawl and wakes all workers. Only the first call has an effect.
func (p *bagger[K]) stop(err error) {
	if !p.ended {
		p.ended, p.err = true, err
		p.changed.Broadcast()
	}
}
