package conform

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/simulate"
)

// watchedOptions are the options of a polite crawl that do not depend on hosts: the contract holds for them whether or
// not there is a Politeness.
type watchedOptions struct {
	begin   time.Time
	limiter *grants // nil without a limiter
	budget  int
	policy  *crawl.Politeness
	before  string // the policy
}

// watch is called just before the crawl begins.
func (w *watchedOptions) watch(o *crawl.Options) {
	w.begin, w.budget = time.Now(), o.MaxPages
	w.policy, w.before = o.Politeness, fmt.Sprint(*o.Politeness)
	if o.Limiter != nil {
		w.limiter = &grants{Limiter: o.Limiter}
		o.Limiter = crawl.Like(w.limiter, o.Limiter)
	}
}

// faults returns what was wrong with a crawl that returned no error. Every entry of the log is a fetch: pages,
// attempts that were refused, and robots.txt, for which a crawler may wait on the limiter or not. The budget must be no
// more than the pages that can be reached.
func (w *watchedOptions) faults(out simulate.Outcome) (list []string) {
	if fmt.Sprint(*w.policy) != w.before {
		list = append(list, "it modified Options.Politeness, which it may only read (copy it first)")
	}
	if n := out.Result.Pages; w.budget > 0 && n != w.budget {
		list = append(list, fmt.Sprintf("it fetched %d pages, want %d, its MaxPages", n, w.budget))
	}
	if w.limiter == nil {
		return list
	}
	granted := w.limiter.at
	var starts []time.Duration // of pages, refused attempts included
	for _, e := range out.Log {
		if !e.Robots {
			starts = append(starts, e.Start)
		}
	}
	if len(granted) < len(starts) || len(granted) > len(out.Log) {
		return append(list, fmt.Sprintf("it waited on the limiter %d times for %d fetches, refused ones included",
			len(granted), len(starts)))
	}
	slices.Sort(starts)
	for i, at := range starts {
		if wait := granted[i].Sub(w.begin); at < wait {
			return append(list, fmt.Sprintf("fetch %d began at %v, before its wait on the limiter had ended, at %v", i+1, at, wait))
		}
	}
	return list
}

// grants is a limiter that records when its waits ended.
type grants struct {
	crawl.Limiter
	mu sync.Mutex
	at []time.Time
}

func (g *grants) Wait(ctx context.Context) error {
	if err := g.Limiter.Wait(ctx); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.at = append(g.at, time.Now())
	return nil
}
