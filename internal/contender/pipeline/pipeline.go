// Package pipeline crawls in stages joined by channels: a buffer that holds the frontier, a fan-out to the fetchers, a
// fan-in of what they bring, and a filter that drops the pages known and feeds the rest back into the buffer.
//
// Each stage is simple and owns its state. The loop from the filter to the buffer is what makes it a crawler, and what
// deadlocks if any channel in it is bounded: the buffer is the stage that never refuses. The filter counts the
// outstanding pages and closes the loop when there are none.
package pipeline

import (
	"context"
	"sync"

	"crawlbench/internal/crawl"
)

// Contender returns the design.
func Contender() crawl.Contender {
	return crawl.Contender{
		Name: "pipeline", Doc: "stages over channels: buffer, fan-out of fetchers, fan-in, filter",
		ByID: run[uint32], ByURL: run[string],
	}
}

// answer is what the fetch of one page brought.
type answer[K comparable] struct {
	links           []K
	fetched, failed bool
}

// line holds what all stages share: the way to stop them, and the count of those that still run.
type line struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	stages sync.WaitGroup
}

func run[K comparable](ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result, error) {
	if err := ctx.Err(); err != nil {
		return crawl.Result{}, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	l := &line{ctx: ctx, cancel: cancel}

	limiter := crawl.InTurn(o.Limiter)
	fresh := make(chan []K)
	pages := buffer(l, fresh)
	answers := make([]<-chan answer[K], o.Workers)
	for i := range answers {
		answers[i] = fetch(l, web, pages, limiter)
	}
	f := filter[K]{seen: make(map[K]struct{}, o.SizeHint), budget: o.MaxPages}
	whole := f.run(l, seeds, merge(l, answers), fresh)
	l.stages.Wait()
	if !whole {
		return f.did, context.Cause(ctx)
	}
	return f.did, nil
}

// send passes v on unless the line stops.
func send[T any](l *line, out chan<- T, v T) bool {
	select {
	case out <- v:
		return true
	case <-l.ctx.Done():
		return false
	}
}

// buffer takes lists of pages and gives out single ones. It takes as much as it is offered.
func buffer[K comparable](l *line, in <-chan []K) <-chan K {
	out := make(chan K)
	l.stages.Go(func() {
		defer close(out)
		var queue []K
		for in != nil || len(queue) > 0 {
			var give chan<- K // nil, which blocks for ever, while the queue is empty
			var next K
			if len(queue) > 0 {
				give, next = out, queue[0]
			}
			select {
			case pages, ok := <-in:
				if !ok {
					in = nil
				}
				queue = append(queue, pages...)
			case give <- next:
				queue = queue[1:]
			case <-l.ctx.Done():
				return
			}
		}
	})
	return out
}

// fetch is one fetcher of the fan-out.
func fetch[K comparable](l *line, web crawl.Web[K], pages <-chan K, limiter crawl.Limiter) <-chan answer[K] {
	out := make(chan answer[K])
	l.stages.Go(func() {
		defer close(out)
		for page := range pages {
			if limiter != nil {
				if err := limiter.Wait(l.ctx); err != nil {
					l.cancel(err)
					return
				}
			}
			links, err := web.Fetch(l.ctx, page)
			if err != nil {
				links = nil
			}
			out <- answer[K]{links: links, fetched: true, failed: err != nil} // what was fetched is counted, even when the line stops
		}
	})
	return out
}

// merge fans in.
func merge[T any](l *line, ins []<-chan T) <-chan T {
	out := make(chan T)
	var open sync.WaitGroup
	for _, in := range ins {
		open.Go(func() {
			for v := range in {
				out <- v
			}
		})
	}
	l.stages.Go(func() {
		open.Wait()
		close(out)
	})
	return out
}

// filter is the stage that knows which pages were seen.
type filter[K comparable] struct {
	seen   map[K]struct{}
	budget int // as crawl.Options.MaxPages
	did    crawl.Result
}

// run feeds new pages back until no page is outstanding, and reports whether it came to that.
func (f *filter[K]) run(l *line, seeds []K, answers <-chan answer[K], fresh chan<- []K) (whole bool) {
	pages := f.fresh(seeds)
	outstanding := len(pages)
	whole = outstanding == 0 || send(l, fresh, pages)
	for whole && outstanding > 0 {
		a, ok := <-answers
		f.count(a)
		if !ok || a.failed && l.ctx.Err() != nil {
			whole = false // the line stops: the fetchers ended, or the fetch was cut short
			break
		}
		pages := f.fresh(a.links)
		outstanding += len(pages) - 1
		if len(pages) > 0 {
			whole = send(l, fresh, pages)
		}
	}
	close(fresh)
	for a := range answers {
		f.count(a)
	}
	return whole
}

func (f *filter[K]) count(a answer[K]) {
	if a.fetched {
		f.did.Pages++
	}
	if a.failed {
		f.did.Errors++
	}
}

// fresh returns the pages that are new, as far as the budget goes, in a list of their own.
func (f *filter[K]) fresh(pages []K) []K {
	var list []K
	for _, page := range pages {
		if _, ok := f.seen[page]; ok || f.budget > 0 && len(f.seen) == f.budget {
			continue
		}
		f.seen[page] = struct{}{}
		list = append(list, page)
	}
	return list
}
