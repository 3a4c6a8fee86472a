package web

import (
	"fmt"
	"math/bits"
	"strings"

	"crawlbench/internal/crawl"
	"crawlbench/internal/plain"
)

// Violations lists what a crawl did wrong, one sentence each.
type Violations []string

func (found Violations) Error() string { return strings.Join(found, "; ") }

func (found *Violations) addf(format string, args ...any) {
	*found = append(*found, fmt.Sprintf(format, args...))
}

// End verifies the crawl that returned did and err. It returns Violations, or nil if there are
// none.
func (s *Site) End(did crawl.Result, err error) error {
	v := &s.verifier
	stopped := v.state.Swap(finished) == ended
	v.quick.Store(false)
	var found Violations
	if err != nil && !stopped {
		found.addf("it returned the error %q", err)
	}
	if n := v.late.Swap(0); n > 0 {
		found.addf("%d fetches began after the previous crawl had returned", n)
	}
	if n := v.inflight.Load(); n != 0 {
		found.addf("it returned with %d fetches in flight", n)
	}
	v.fetchFaults(&found)
	v.compare(&found, stopped)
	if n := v.excess.Load(); n > 0 {
		found.addf("%d fetches began with %d others in flight, the most allowed", n, v.rules.Workers)
	}
	if stopped {
		found.addf(stoppedEarly)
		return found
	}
	s.hostFaults(&found)
	fetches := s.Fetched()
	if v.rules.Limiter != nil {
		v.limiterFaults(&found, fetches+int(v.hosts.refusals.Load()+v.hosts.robots.Load()))
	}
	if did.Pages != fetches {
		found.addf("it reports %d pages but fetched %d", did.Pages, fetches)
	}
	if failed := int(v.failed.Load()); did.Errors != failed {
		found.addf("it reports %d errors but %d fetches failed", did.Errors, failed)
	}
	if found == nil {
		return nil
	}
	return found
}

const stoppedEarly = "the crawl was stopped here because it could no longer be correct"

// Ended returns why the crawl was stopped before its crawler returned, or nil if it was not.
func (s *Site) Ended() Violations {
	v := &s.verifier
	if v.state.Load() != ended {
		return nil
	}
	var found Violations
	v.fetchFaults(&found)
	found.addf(stoppedEarly)
	return found
}

// Late returns the number of fetches that began after the last crawl had returned.
func (s *Site) Late() int { return int(s.verifier.late.Load()) }

// fetchFaults adds the violations of single fetches.
func (v *verifier) fetchFaults(found *Violations) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if n := v.repeated.n; n > 0 {
		found.addf("%s of pages that had been fetched before (page %s)", plain.Count(n, "fetch"), join(v.repeated.first))
	}
	if n := v.unlinked.n; n > 0 {
		found.addf("%d pages were fetched before any link to them was handed out (page %s)", n, join(v.unlinked.first))
	}
	if n := v.unknown.n; n > 0 {
		found.addf("%s of unknown pages (%s)", plain.Count(n, "fetch"), join(v.unknown.first))
	}
}

// limiterFaults adds the violations of the limiter in a crawl that made the given number of
// fetches.
func (v *verifier) limiterFaults(found *Violations, fetches int) {
	if n := v.early.Load(); n > 0 {
		found.addf("%d fetches began before the limiter granted them", n)
	}
	if waits := int(v.granted.Load()); waits != fetches {
		found.addf("it waited on the limiter %d times for %d fetches: want one wait per fetch", waits, fetches)
	}
	// One for each worker, and one for a dispatcher that waits on behalf of all workers.
	if most, allowed := v.maxUnused.Load(), int64(v.rules.Workers+1); most > allowed {
		found.addf("it held %d waits on the limiter that no fetch had used yet, want at most %d with %d workers: "+
			"wait right before the fetch",
			most, allowed, v.rules.Workers)
	}
}

// compare compares the pages fetched with the oracle. A stopped crawl is not blamed for missing
// pages.
func (v *verifier) compare(found *Violations, stopped bool) {
	v.renaming.clearPreset(v)
	var distinct, missing, stray, former int
	var missed, strayed, renamed []uint32
	for i := range v.seen {
		got, want := v.seen[i].Load(), v.want[i]
		distinct += bits.OnesCount64(got)
		missing += bits.OnesCount64(want &^ got)
		missed = appendExamples(missed, i, want&^got)
		if got&^want == 0 {
			continue
		}
		was := v.renaming.renamedWord(i)
		stray += bits.OnesCount64(got &^ want &^ was)
		strayed = appendExamples(strayed, i, got&^want&^was)
		former += bits.OnesCount64(got & was)
		renamed = appendExamples(renamed, i, got&was)
	}
	if stray > 0 {
		found.addf("%d pages were fetched that no link leads to (page %s)", stray, join(strayed))
	}
	if former > 0 {
		found.addf("%d pages were fetched to which no link was handed out in this crawl (page %s): "+
			"the crawler remembers or guesses pages; some pages get a different number in each crawl",
			former, join(renamed))
	}
	budget := v.rules.MaxPages
	switch {
	case stopped, v.rules.Part:
	case budget > 0 && budget < v.reach.Pages:
		if distinct != budget {
			found.addf("%d pages were fetched, the budget is %d", distinct, budget)
		}
	case missing > 0:
		found.addf("%d of %d reachable pages were not fetched (page %s)", missing, v.reach.Pages, join(missed))
	}
}

// appendExamples appends pages of one word of a bitset, up to the number of examples.
func appendExamples(pages []uint32, word int, set uint64) []uint32 {
	for ; set != 0 && len(pages) < examples; set &= set - 1 {
		pages = append(pages, uint32(word*64+bits.TrailingZeros64(set)))
	}
	return pages
}

func join[T any](examples []T) string {
	text := ""
	for i, e := range examples {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprint(e)
	}
	return text
}
