// Package pipeline crawls in stages connected by channels: a buffer that holds the frontier, a
// fan-out to the fetchers, a fan-in of their results, and a filter that drops known pages and sends
// the rest back to the buffer.
//
// Each stage is simple and owns its state. The loop from the filter to the buffer makes it a
// crawler, and deadlocks if every stage in it has bounded capacity: the buffer is the stage that
// always accepts. The filter counts the outstanding pages and closes the loop when there are none.
package pipeline

import (
	"context"
	"sync"

	"crawlbench/internal/crawl"
)

// Crawler returns the crawler.
func Crawler() crawl.Crawler {
	return crawl.Crawler{
		Name: "pipeline", Doc: "stages over channels: buffer, fan-out of fetchers, fan-in, filter",
		ByID: run[uint32], ByURL: run[string],
	}
}

// answer is the result of fetching one page.
type answer[K comparable] struct {
	links           []K
	fetched, failed bool
}

// pipeline is what all stages share: the means to stop them, and the count of those still running.
type pipeline struct {
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
	l := &pipeline{ctx: ctx, cancel: cancel}

	limiter := crawl.InTurn(o.Limiter)
	fresh := make(chan []K)
	pages := buffer(l, fresh)
	answers := make([]<-chan answer[K], o.Workers)
	for i := range answers {
		answers[i] = fetch(l, web, pages, limiter)
	}
	f := filter[K]{seen: make(map[K]struct{}, o.SizeHint), budget: o.MaxPages}
	complete := f.run(l, seeds, merge(l, answers), fresh)
	l.stages.Wait()
	if !complete {
		return f.did, context.Cause(ctx)
	}
	return f.did, nil
}

// send sends v unless the pipeline stops.
func send[T any](l *pipeline, out chan<- T, v T) bool {
	select {
	case out <- v:
		return true
	case <-l.ctx.Done():
		return false
	}
}

// buffer receives lists of pages and sends single ones. It always accepts.
func buffer[K comparable](l *pipeline, in <-chan []K) <-chan K {
	out := make(chan K)
	l.stages.Go(func() {
		defer close(out)
		var queue []K
		for in != nil || len(queue) > 0 {
			var head chan<- K // nil, which blocks for ever, while the queue is empty
			var next K
			if len(queue) > 0 {
				head, next = out, queue[0]
			}
			select {
			case pages, ok := <-in:
				if !ok {
					in = nil
				}
				queue = append(queue, pages...)
			case head <- next:
				queue = queue[1:]
			case <-l.ctx.Done():
				return
			}
		}
	})
	return out
}

// fetch starts one fetcher of the fan-out.
func fetch[K comparable](l *pipeline, web crawl.Web[K], pages <-chan K, limiter crawl.Limiter) <-chan answer[K] {
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
			// What was fetched is counted, even when the pipeline stops.
			out <- answer[K]{links: links, fetched: true, failed: err != nil}
		}
	})
	return out
}

// merge is the fan-in.
func merge[T any](l *pipeline, ins []<-chan T) <-chan T {
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

// filter is the stage that knows which pages have been seen.
type filter[K comparable] struct {
	seen   map[K]struct{}
	budget int // as crawl.Options.MaxPages
	did    crawl.Result
}

// run sends new pages back until none is outstanding, and reports whether the crawl is complete.
func (f *filter[K]) run(l *pipeline, seeds []K, answers <-chan answer[K], fresh chan<- []K) (complete bool) {
	pages := f.fresh(seeds)
	outstanding := len(pages)
	complete = outstanding == 0 || send(l, fresh, pages)
	for complete && outstanding > 0 {
		a, ok := <-answers
		f.count(a)
		if !ok || a.failed && l.ctx.Err() != nil {
			complete = false // the pipeline stops: the fetchers returned, or the fetch was cancelled
			break
		}
		pages := f.fresh(a.links)
		outstanding += len(pages) - 1
		if len(pages) > 0 {
			complete = send(l, fresh, pages)
		}
	}
	close(fresh)
	for a := range answers {
		f.count(a)
	}
	return complete
}

func (f *filter[K]) count(a answer[K]) {
	if a.fetched {
		f.did.Pages++
	}
	if a.failed {
		f.did.Errors++
	}
}

// fresh returns the new pages, within the budget, in a list of their own.
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
