package web

import (
	"fmt"
	"math/bits"
	"strings"

	"crawlbench/internal/crawl"
)

// Verdict is what a crawl did wrong, one sentence each.
type Verdict []string

func (v Verdict) Error() string { return strings.Join(v, "; ") }

func (v *Verdict) wrong(format string, args ...any) { *v = append(*v, fmt.Sprintf(format, args...)) }

// End judges the crawl that returned did and err. It returns a Verdict, or nil if nothing was wrong.
func (s *Site) End(did crawl.Result, err error) error {
	j := &s.judge
	cut := j.state.Swap(over) == ended
	j.quick.Store(false)
	var v Verdict
	if err != nil && !cut {
		v.wrong("it returned the error %q", err)
	}
	if n := j.late.Swap(0); n > 0 {
		v.wrong("%d fetches began after the crawl before had returned", n)
	}
	if n := j.inflight.Load(); n != 0 {
		v.wrong("it returned with %d fetches in flight", n)
	}
	j.astray(&v)
	j.compare(&v, cut)
	if n := j.over.Load(); n > 0 {
		v.wrong("%d fetches began with %d others in flight, the most allowed", n, j.rules.Workers)
	}
	if cut {
		v.wrong(endedThere)
		return v
	}
	fetches := s.Fetched()
	if j.rules.Limiter != nil {
		j.paced(&v, fetches)
	}
	if did.Pages != fetches {
		v.wrong("it reports %d pages but fetched %d", did.Pages, fetches)
	}
	if failed := int(j.failed.Load()); did.Errors != failed {
		v.wrong("it reports %d errors but %d fetches failed", did.Errors, failed)
	}
	if v == nil {
		return nil
	}
	return v
}

const endedThere = "the crawl was ended there, since it could not be right any more"

// Ended returns why the crawl was ended before its crawler returned, nil if it was not.
func (s *Site) Ended() Verdict {
	j := &s.judge
	if j.state.Load() != ended {
		return nil
	}
	var v Verdict
	j.astray(&v)
	v.wrong(endedThere)
	return v
}

// Late returns how many fetches began since the last crawl was over.
func (s *Site) Late() int { return int(s.judge.late.Load()) }

// astray says what single fetches did wrong.
func (j *judge) astray(v *Verdict) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if n := j.twice.n; n > 0 {
		v.wrong("%d fetches were of pages fetched before (page %s)", n, list(j.twice.first))
	}
	if n := j.unheard.n; n > 0 {
		v.wrong("%d pages were fetched before any link to them was handed out (page %s)", n, list(j.unheard.first))
	}
	if n := j.nowhere.n; n > 0 {
		v.wrong("%d fetches were of pages that the site does not have (%s)", n, list(j.nowhere.first))
	}
}

// paced says what a crawl of so many fetches did wrong with its limiter.
func (j *judge) paced(v *Verdict, fetches int) {
	if n := j.early.Load(); n > 0 {
		v.wrong("%d fetches began before the limiter had let them through", n)
	}
	if waits := int(j.granted.Load()); waits != fetches {
		v.wrong("it waited on the limiter %d times for %d fetches", waits, fetches)
	}
	// One a worker, and one in the hands of whoever waits for all of them.
	if most, allowed := j.hoard.Load(), int64(j.rules.Workers+1); most > allowed {
		v.wrong("it held %d waits on the limiter that no fetch had used yet, want at most %d with %d workers: wait right before the fetch",
			most, allowed, j.rules.Workers)
	}
}

// compare holds the pages fetched against the oracle. Of a crawl that was cut short no page is missed.
func (j *judge) compare(v *Verdict, cut bool) {
	j.names.fold(j)
	var distinct, missing, stray, former int
	var missed, strayed, renamed []uint32
	for i := range j.seen {
		got, want := j.seen[i].Load(), j.want[i]
		distinct += bits.OnesCount64(got)
		missing += bits.OnesCount64(want &^ got)
		missed = note(missed, i, want&^got)
		if got&^want == 0 {
			continue
		}
		was := j.names.former(i)
		stray += bits.OnesCount64(got &^ want &^ was)
		strayed = note(strayed, i, got&^want&^was)
		former += bits.OnesCount64(got & was)
		renamed = note(renamed, i, got&was)
	}
	if stray > 0 {
		v.wrong("%d pages were fetched that no link leads to (page %s)", stray, list(strayed))
	}
	if former > 0 {
		v.wrong("%d pages were fetched to which no link was handed out in this crawl (page %s): the crawler remembers or guesses pages; some bear other names in each crawl",
			former, list(renamed))
	}
	budget := j.rules.MaxPages
	switch {
	case cut:
	case budget > 0 && budget < j.reach.Pages:
		if distinct != budget {
			v.wrong("%d pages were fetched, the budget is %d", distinct, budget)
		}
	case missing > 0:
		v.wrong("%d of %d reachable pages were not fetched (page %s)", missing, j.reach.Pages, list(missed))
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
