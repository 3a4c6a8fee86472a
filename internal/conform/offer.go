package conform

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"crawlbench/internal/crawl"
)

// offer is the form in which a crawler is given its Web and its context.
type offer struct {
	bare bool // the Web is no crawl.Prefetcher
	// the context is the caller's, such as context.Background(), and contexts derived from it are not counted
	plain bool
}

// offerOf chooses the form for a crawl. It is the same whenever that crawl is made again, and
// differs between similar ones.
func offerOf(pages int, o crawl.Options) offer {
	n := pages + o.Workers + o.MaxPages
	return offer{bare: n%2 == 0, plain: n/2%2 == 0}
}

// bareWeb is a web without Prefetch.
type bareWeb[K comparable] struct{ w *web[K] }

func (b bareWeb[K]) Fetch(ctx context.Context, key K) ([]K, error) { return b.w.Fetch(ctx, key) }

// guardPage names the key that fills the room behind the end of the slices that a crawler is given. No site has it.
const guardPage page = 4_000_000_007

// room returns an empty slice for so many keys, with room behind them: what a crawler appends to
// links or seeds it writes
// there, as it would write into the next page's links where those of all pages are in one array.
func (w *web[K]) room(n int) []K {
	spare := 2
	if len(w.keys) <= 300 {
		spare = 40
	}
	list := make([]K, n+spare)
	for i := n; i < len(list); i++ {
		list[i] = w.guard
	}
	return list[:0]
}

// overrun reports whether something was written behind the end of list.
func (w *web[K]) overrun(list []K) bool {
	return slices.ContainsFunc(list[len(list):cap(list)], func(k K) bool { return k != w.guard })
}

// modified says what of seeds and links is no longer as it was handed out, "" if nothing.
func (w *web[K]) modified(seeds []K) string {
	for i, p := range w.site.start() {
		if seeds[i] != w.keys[p] {
			return "the seeds"
		}
	}
	if w.overrun(seeds) {
		return "the array of the seeds behind their end (append writes there: clone them first)"
	}
	for p, links := range w.links {
		for i, q := range w.site.links[p] {
			if links[i] != w.keys[q] {
				return "the links of " + w.log.name(page(p))
			}
		}
		if len(links) > 0 && w.overrun(links) {
			return fmt.Sprintf("the array of the links of %s behind their end (append writes there: clone them first)",
				w.log.name(page(p)))
		}
	}
	if w.overrun(w.none) {
		return "the array of a page's links, of which there are none (append writes there: clone them first)"
	}
	return w.hinted
}

// Prefetch takes hints, which lead to nothing, as they may.
func (w *web[K]) Prefetch(near, far []K) {
	before := append(slices.Clone(near), far...)
	runtime.Gosched()
	if !slices.Equal(before, append(slices.Clone(near), far...)) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.hinted = "the keys that it had given to Prefetch while Prefetch was reading them"
	}
}

// counting watches from which goroutines Options.Count is called.
type counting struct {
	calls atomic.Int64
	mu    sync.Mutex
	by    string // the goroutine of the first call
	also  bool   // another one called
}

func (c *counting) count(string, int) {
	c.calls.Add(1)
	who, _ := goroutine()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.also = c.also || c.by != "" && c.by != who
	c.by = who
}

// goroutine returns the name of the calling goroutine, and whether it is locked to its thread.
func goroutine() (name string, locked bool) {
	var text [160]byte
	head, _, _ := bytes.Cut(text[:runtime.Stack(text[:], false)], []byte("\n"))
	id, state, _ := bytes.Cut(head, []byte(" ["))
	return string(id), bytes.Contains(state, []byte("locked to thread"))
}
