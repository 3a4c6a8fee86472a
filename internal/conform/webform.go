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

// webForm is the form of the Web and the context that a crawler is given.
type webForm struct {
	bare bool // the Web is not a crawl.Prefetcher
	// the context is a plain one such as context.Background(); contexts derived from it are not counted
	plain bool
}

// chooseWebForm chooses the form for a crawl. It depends only on the crawl, and differs between similar ones.
func chooseWebForm(pages int, o crawl.Options) webForm {
	n := pages + o.Workers + o.MaxPages
	return webForm{bare: n%2 == 0, plain: n/2%2 == 0}
}

// bareWeb is a web without Prefetch.
type bareWeb[K comparable] struct{ w *web[K] }

func (b bareWeb[K]) Fetch(ctx context.Context, key K) ([]K, error) { return b.w.Fetch(ctx, key) }

// guardPage is the page whose key fills the capacity beyond the length of slices. No site has it.
const guardPage page = 4_000_000_007

// guardedSlice returns an empty slice for n keys, with capacity beyond them. An append to it writes there, as it
// would write into the next page's links if the links of all pages were in one array.
func (w *web[K]) guardedSlice(n int) []K {
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

// overrun reports whether something was written beyond the length of list.
func (w *web[K]) overrun(list []K) bool {
	return slices.ContainsFunc(list[len(list):cap(list)], func(k K) bool { return k != w.guard })
}

// modified describes which of the seeds and links were modified, or returns "".
func (w *web[K]) modified(seeds []K) string {
	for i, p := range w.site.start() {
		if seeds[i] != w.keys[p] {
			return "the seeds"
		}
	}
	if w.overrun(seeds) {
		return "the array of the seeds beyond their length (append writes there: clone them first)"
	}
	for p, links := range w.links {
		for i, q := range w.site.links[p] {
			if links[i] != w.keys[q] {
				return "the links of " + w.log.name(page(p))
			}
		}
		if len(links) > 0 && w.overrun(links) {
			return fmt.Sprintf("the array of the links of %s beyond their length (append writes there: clone them first)",
				w.log.name(page(p)))
		}
	}
	if w.overrun(w.none) {
		return "the array of the empty links of a page (append writes there: clone them first)"
	}
	return w.hinted
}

// Prefetch ignores the hint. It checks that the slices do not change meanwhile.
func (w *web[K]) Prefetch(near, far []K) {
	before := append(slices.Clone(near), far...)
	runtime.Gosched()
	if !slices.Equal(before, append(slices.Clone(near), far...)) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.hinted = "the keys passed to Prefetch while Prefetch was reading them"
	}
}

// countCalls records which goroutines call Options.Count.
type countCalls struct {
	calls atomic.Int64
	mu    sync.Mutex
	by    string // the goroutine of the first call
	also  bool   // another one called
}

func (c *countCalls) count(string, int) {
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
