package conform

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/plain"
)

// reach is the sequential oracle. It returns, for each page, its distance from the seeds in links, or -1
// if it cannot be reached, and the sum of the latencies on that path. Links of failed pages do not count.
func (s *site) reach(failed []bool) (level []int, after []time.Duration) {
	level, after = make([]int, len(s.links)), make([]time.Duration, len(s.links))
	for p := range level {
		level[p] = -1
	}
	var queue []page
	for _, p := range s.start() {
		if level[p] < 0 {
			level[p], after[p] = 0, s.wait(p)
			queue = append(queue, p)
		}
	}
	for ; len(queue) > 0; queue = queue[1:] {
		p := queue[0]
		if failed[p] {
			continue
		}
		for _, q := range s.links[p] {
			if level[q] < 0 {
				level[q], after[q] = level[p]+1, after[p]+s.wait(q)
				queue = append(queue, q)
			}
		}
	}
	return level, after
}

// wrong verifies a crawl of s that was not cancelled.
func (s *site) wrong(out outcome, o crawl.Options) error {
	if err := s.inOrder(out, o); err != nil {
		return err
	}
	if out.err != nil {
		return fmt.Errorf("it returned the error %q, want none", out.err)
	}
	if out.gaveUp != "" {
		return fmt.Errorf("it cancelled the fetch of %s, although the crawl's context had not ended", out.gaveUp)
	}
	level, _ := s.reach(out.failed)
	reachable, fetched := 0, 0
	missed := ""
	for p, n := range out.count {
		if level[p] >= 0 {
			reachable++
			if n == 0 && missed == "" {
				missed = out.name(page(p))
			}
		}
		fetched += n
	}
	want := reachable
	if o.MaxPages > 0 {
		want = min(want, o.MaxPages)
	}
	switch {
	case fetched != want && o.MaxPages > 0:
		return fmt.Errorf("%d pages were fetched, want %d: %d are reachable and MaxPages is %d", fetched, want,
			reachable, o.MaxPages)
	case fetched != want:
		return fmt.Errorf("%d of %d reachable pages were fetched: %s was not", fetched, want, missed)
	}
	return nil
}

// ended verifies a crawl in virtual time whose context ended at a given time. The crawl must return one
// of causes: the errors of the context, and that of a limiter that reserves.
func (s *site) ended(out outcome, o crawl.Options, at time.Duration, causes ...error) error {
	if out.err == nil && out.took <= at { // it was complete by then
		return s.wrong(out, o)
	}
	if err := s.inOrder(out, o); err != nil {
		return err
	}
	want, how := at, "when the context ended"
	if s.deaf {
		want, how = max(at, out.last), "when the last fetch in flight ended"
	}
	switch {
	case out.err == nil:
		return fmt.Errorf("it returned no error, want %q: not all fetches had ended", causes[0])
	case !slices.ContainsFunc(causes, func(cause error) bool { return cause != nil && errors.Is(out.err, cause) }):
		return fmt.Errorf("it returned the error %q, want %q", out.err, causes[0])
	case out.took != want:
		return fmt.Errorf("it returned after %v, want %v, %s", out.took, want, how)
	case out.floods > o.Workers:
		return fmt.Errorf("it began %d fetches after the context had ended, want at most one per worker",
			out.floods)
	}
	return nil
}

// inOrder verifies what holds for every crawl, complete or not.
func (s *site) inOrder(out outcome, o crawl.Options) error {
	level, _ := s.reach(out.failed)
	fetched, failed := 0, 0
	for p, n := range out.count {
		if out.failed[p] {
			failed++
		}
		switch {
		case n > 1:
			return fmt.Errorf("%s was fetched %d times", out.name(page(p)), n)
		case n > 0 && level[p] < 0:
			return fmt.Errorf("%s was fetched, which no link leads to", out.name(page(p)))
		}
		fetched += n
	}
	switch {
	case out.unknown != "":
		return fmt.Errorf("it fetched %s, which is not a key of the site", out.unknown)
	case out.isEarly:
		return fmt.Errorf("%s was fetched before a link to it was handed out", out.name(out.early))
	case o.MaxPages > 0 && fetched > o.MaxPages:
		return fmt.Errorf("%d pages were fetched, MaxPages is %d", fetched, o.MaxPages)
	case out.peak > o.Workers:
		return fmt.Errorf("%d fetches were in flight at once, Workers is %d", out.peak, o.Workers)
	case out.inflight > 0:
		return fmt.Errorf("it returned with %d fetches in flight", out.inflight)
	case out.did.Pages != fetched:
		return fmt.Errorf("it reports %d pages, %d were fetched", out.did.Pages, fetched)
	case out.did.Errors != failed:
		return fmt.Errorf("it reports %s, %s failed", plain.Count(out.did.Errors, "error"),
			plain.Count(failed, "fetch"))
	case out.late != "":
		return fmt.Errorf("after it had returned, %s", out.late)
	case out.modified != "":
		return fmt.Errorf("it modified %s, which it may only read", out.modified)
	case out.derived > 0:
		return fmt.Errorf("%d contexts derived from the crawl's were not cancelled when it returned", out.derived)
	case out.broke != "":
		return errors.New(out.broke)
	}
	return nil
}
