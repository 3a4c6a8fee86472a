package web

import (
	"context"
	"fmt"
	"math/bits"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
)

// Rules are what one crawl has to keep to.
type Rules struct {
	Workers  int
	MaxPages int                  // 0: the whole graph
	Limiter  func() crawl.Limiter // makes one; nil: no limit
}

// judge watches the fetches of one crawl. Crawlers that fetch millions of pages a second would feel every counter that
// their workers share, so that one of these is touched only where it can tell something:
//
//   - seen, by every fetch, at the word of its page: the number of fetches is that of the pages seen and of the duplicates.
//   - inflight, by every fetch where exact is set. A fetch that neither waits nor burns is in flight while it is on a
//     processor, and no longer: with as many workers allowed as there are processors, no design can have too many. There
//     fetches are counted until two have met, which is all that is left to know.
//   - begun, by every fetch of a crawl with a limiter.
type judge struct {
	graph *graph.Graph
	reach graph.Reach
	rules Rules
	seen  []atomic.Uint64 // bitset of the pages fetched
	pace  *pace           // nil without a limiter
	exact bool            // the fetches in flight are counted to the end

	met      atomic.Bool // two fetches were in flight at once
	_        [64]byte
	inflight atomic.Int64 // of the fetches that are counted
	_        [56]byte
	begun    atomic.Int64 // fetches, with a limiter
	_        [56]byte
	granted  atomic.Int64 // waits on the limiter that let through
	_        [56]byte

	failed, over, early atomic.Int64

	mu        sync.Mutex
	duplicate []uint32 // the first few
	twice     int
	foreign   []string // the first few
	nowhere   int
}

// examples is how many pages a verdict names.
const examples = 3

func (j *judge) init(g *graph.Graph, reach graph.Reach) {
	j.graph, j.reach = g, reach
	j.seen = make([]atomic.Uint64, (g.Pages()+63)/64)
}

// Begin starts to judge a crawl. What it returns is to be called when the crawl begins, and gives the Limiter to crawl with:
// that of the rules, watched; nil if there is none. A limiter made earlier would have saved up pages by then.
func (s *Site) Begin(r Rules) (limit func() crawl.Limiter) {
	j := &s.judge
	j.rules = r
	// A single worker has nobody to share a counter with.
	j.exact = s.takesTime || r.Workers < max(2, runtime.GOMAXPROCS(0))
	j.met.Store(false)
	for i := range j.seen {
		j.seen[i].Store(0)
	}
	for _, n := range []*atomic.Int64{&j.inflight, &j.begun, &j.granted, &j.failed, &j.over, &j.early} {
		n.Store(0)
	}
	j.duplicate, j.foreign, j.twice, j.nowhere = nil, nil, 0, 0
	j.pace = nil
	if r.Limiter == nil {
		return func() crawl.Limiter { return nil }
	}
	expected := j.reach.Pages
	if r.MaxPages > 0 {
		expected = min(expected, r.MaxPages)
	}
	j.pace = newPace(expected)
	return func() crawl.Limiter {
		l := r.Limiter()
		j.pace.begin = time.Now()
		return crawl.Like(watched{j, l}, l)
	}
}

// watched is a limiter that counts whom it let through.
type watched struct {
	judge   *judge
	limiter crawl.Limiter
}

func (w watched) Wait(ctx context.Context) error {
	asked := time.Since(w.judge.pace.begin)
	err := w.limiter.Wait(ctx)
	if err == nil {
		w.judge.granted.Add(1)
		w.judge.pace.note(asked)
	}
	return err
}

// enter notes that the fetch of page begins, and tells whether it is counted among those in flight.
func (j *judge) enter(page uint32) (counted bool) {
	if counted = j.exact || !j.met.Load(); counted {
		j.count()
	}
	if j.rules.Limiter != nil && j.begun.Add(1) > j.granted.Load() {
		j.early.Add(1)
	}
	if mask := uint64(1) << (page % 64); j.seen[page/64].Or(mask)&mask != 0 {
		j.again(page)
	}
	return counted
}

// count counts a fetch in.
func (j *judge) count() {
	at := j.inflight.Add(1)
	if at > 1 && !j.met.Load() {
		j.met.Store(true)
	}
	if at > int64(j.rules.Workers) {
		j.over.Add(1)
	}
}

// leave notes the end of a fetch, which was counted or not.
func (j *judge) leave(counted bool, err error) {
	if err != nil {
		j.failed.Add(1)
	}
	if counted {
		j.inflight.Add(-1)
	}
}

// again notes a page that was fetched before.
func (j *judge) again(page uint32) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.twice++
	if len(j.duplicate) < examples {
		j.duplicate = append(j.duplicate, page)
	}
}

// unknown notes a fetch of something that is no page of the site.
func (j *judge) unknown(page any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.nowhere++
	if len(j.foreign) < examples {
		text := fmt.Sprint(page)
		j.foreign = append(j.foreign, text[:min(len(text), 80)])
	}
}

// Verdict is what a crawl did wrong, one sentence each.
type Verdict []string

func (v Verdict) Error() string { return strings.Join(v, "; ") }

// End judges the crawl that returned did and err. It returns a Verdict, or nil if nothing was wrong.
func (s *Site) End(did crawl.Result, err error) error {
	j := &s.judge
	var v Verdict
	wrong := func(format string, args ...any) { v = append(v, fmt.Sprintf(format, args...)) }
	if err != nil {
		wrong("it returned the error %q", err)
	}
	if n := j.inflight.Load(); n != 0 {
		wrong("it returned with %d fetches in flight", n)
	}
	if j.twice > 0 {
		wrong("%d fetches were of pages fetched before (page %s)", j.twice, list(j.duplicate))
	}
	if j.nowhere > 0 {
		wrong("%d fetches were of pages that the site does not have (%s)", j.nowhere, list(j.foreign))
	}
	j.compare(wrong)
	if n := j.over.Load(); n > 0 {
		wrong("%d fetches began with %d others in flight, the most allowed", n, j.rules.Workers)
	}
	fetches := s.Fetched()
	if j.rules.Limiter != nil {
		if n := j.early.Load(); n > 0 {
			wrong("%d fetches began before the limiter had let them through", n)
		}
		if waits := int(j.granted.Load()); waits != fetches {
			wrong("it waited on the limiter %d times for %d fetches", waits, fetches)
		}
	}
	if did.Pages != fetches {
		wrong("it reports %d pages but fetched %d", did.Pages, fetches)
	}
	if failed := int(j.failed.Load()); did.Errors != failed {
		wrong("it reports %d errors but %d fetches failed", did.Errors, failed)
	}
	if v == nil {
		return nil
	}
	return v
}

// Fetched is the number of fetches since Begin.
func (s *Site) Fetched() int {
	j := &s.judge
	j.mu.Lock()
	n := j.twice
	j.mu.Unlock()
	for i := range j.seen {
		n += bits.OnesCount64(j.seen[i].Load())
	}
	return n
}

// Overlapped reports whether two fetches of the last crawl were in flight at once.
func (s *Site) Overlapped() bool { return s.judge.met.Load() }

// compare holds the pages fetched against the oracle.
func (j *judge) compare(wrong func(string, ...any)) {
	var distinct, missing, stray int
	var missed, strayed []uint32
	for i := range j.seen {
		got, want := j.seen[i].Load(), j.reach.Set[i]
		distinct += bits.OnesCount64(got)
		missing += bits.OnesCount64(want &^ got)
		stray += bits.OnesCount64(got &^ want)
		missed = note(missed, i, want&^got)
		strayed = note(strayed, i, got&^want)
	}
	if stray > 0 {
		wrong("%d pages were fetched that no link leads to (page %s)", stray, list(strayed))
	}
	budget := j.rules.MaxPages
	switch {
	case budget > 0 && budget < j.reach.Pages:
		if distinct != budget {
			wrong("%d pages were fetched, the budget is %d", distinct, budget)
		}
	case missing > 0:
		wrong("%d of %d reachable pages were not fetched (page %s)", missing, j.reach.Pages, list(missed))
	}
}

// note adds the pages of a word of a bitset to the examples.
func note(pages []uint32, word int, set uint64) []uint32 {
	for ; set != 0 && len(pages) < examples; set &= set - 1 {
		pages = append(pages, uint32(word*64+bits.TrailingZeros64(set)))
	}
	return pages
}

func list[T any](examples []T) string {
	text := ""
	for i, e := range examples {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprint(e)
	}
	return text
}
