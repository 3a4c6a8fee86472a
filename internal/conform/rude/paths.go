package rude

import (
	"cmp"
	"context"
	"errors"
	"sync/atomic"

	"crawlbench/internal/crawl"
)

// waiter makes a Limiter of a function.
type waiter func(ctx context.Context) error

func (w waiter) Wait(ctx context.Context) error { return w(ctx) }

// paths returns the mutants that break what holds for every crawler, but only when there is a policy.
func paths() []Mutant {
	options := func(name, doc, seen string, change func(*crawl.Options)) Mutant {
		c := Right()
		c.Name, c.Doc = name, doc
		c.ByID, c.ByURL = politely(c.ByID, change), politely(c.ByURL, change)
		return Mutant{c, seen}
	}
	site := func(name, doc, seen string, byID func(crawl.Web[uint32]) crawl.Web[uint32],
		byURL func(crawl.Web[string]) crawl.Web[string]) Mutant {
		c := Right()
		c.Name, c.Doc = name, doc
		c.ByID, c.ByURL = on(c.ByID, byID), on(c.ByURL, byURL)
		return Mutant{c, seen}
	}
	whole := func(name, doc, seen string, byID func(crawl.Func[uint32]) crawl.Func[uint32],
		byURL func(crawl.Func[string]) crawl.Func[string]) Mutant {
		c := Right()
		c.Name, c.Doc = name, doc
		c.ByID, c.ByURL = byID(c.ByID), byURL(c.ByURL)
		return Mutant{c, seen}
	}
	return []Mutant{
		options("gapforlimiter", "with a policy, the limiter is not waited on", "one option for both delays",
			func(o *crawl.Options) { o.Limiter = nil }),
		options("gapforbudget", "with a policy, there is no budget", "an option that is not passed on",
			func(o *crawl.Options) { o.MaxPages = 0 }),
		options("policyinplace", "defaults are filled into the policy of the caller", "an argument completed in place",
			func(o *crawl.Options) {
				o.Politeness.PerHost = max(1, o.Politeness.PerHost)
				o.Politeness.MaxDelay = cmp.Or(o.Politeness.MaxDelay, crawl.DefaultMaxDelay)
			}),
		site("robotserrorallows", "a robots.txt that cannot be fetched allows everything", "an error that is only logged",
			lenient[uint32], lenient[string]),
		whole("retryfree", "a page that was refused is fetched again without a wait on the limiter", "a retry inside the client",
			retryFree, retryFree),
		whole("hurrycounts", "a crawl that is cancelled in a gap counts a page that was not fetched", "a counter incremented too early",
			hurryCounts, hurryCounts),
	}
}

// politely changes the options if there is a policy.
func politely[K comparable](f crawl.Func[K], change func(*crawl.Options)) crawl.Func[K] {
	return func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result, error) {
		if o.Politeness != nil {
			change(&o)
		}
		return f(ctx, web, seeds, o)
	}
}

func hurryCounts[K comparable](f crawl.Func[K]) crawl.Func[K] {
	return func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result, error) {
		did, err := f(ctx, web, seeds, o)
		if err != nil && o.Politeness != nil {
			did.Pages++
		}
		return did, err
	}
}

// robotsFunc is a Web with a robots.txt.
type robotsFunc[K comparable] struct {
	crawl.Web[K]
	ask func(ctx context.Context, page K) (crawl.Robots[K], error)
}

func (r robotsFunc[K]) Robots(ctx context.Context, page K) (crawl.Robots[K], error) {
	return r.ask(ctx, page)
}

// lenient makes a robots.txt that fails allow everything.
func lenient[K comparable](web crawl.Web[K]) crawl.Web[K] {
	r, ok := web.(crawl.RobotsWeb[K])
	if !ok {
		return web
	}
	return robotsFunc[K]{web, func(ctx context.Context, page K) (crawl.Robots[K], error) {
		says, err := r.Robots(ctx, page)
		var slow crawl.Slow
		if err != nil && !errors.As(err, &slow) && ctx.Err() == nil {
			return crawl.Robots[K]{}, nil
		}
		return says, err
	}}
}

// fetching is a Web with another Fetch.
type fetching[K comparable] struct {
	crawl.Web[K]
	f func(ctx context.Context, page K) ([]K, error)
}

func (f fetching[K]) Fetch(ctx context.Context, page K) ([]K, error) { return f.f(ctx, page) }

// retryFree lets as many waits on the limiter pass as pages were refused.
func retryFree[K comparable](f crawl.Func[K]) crawl.Func[K] {
	return func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result, error) {
		var free atomic.Int64
		l := o.Limiter
		if l == nil || o.Politeness == nil {
			return f(ctx, web, seeds, o)
		}
		o.Limiter = waiter(func(ctx context.Context) error {
			if n := free.Load(); n > 0 && free.CompareAndSwap(n, n-1) {
				return ctx.Err()
			}
			return l.Wait(ctx)
		})
		w := fetching[K]{web, func(ctx context.Context, page K) ([]K, error) {
			links, err := web.Fetch(ctx, page)
			var slow crawl.Slow
			if errors.As(err, &slow) {
				free.Add(1)
			}
			return links, err
		}}
		if r, ok := web.(crawl.RobotsWeb[K]); ok {
			return f(ctx, robotsFunc[K]{w, r.Robots}, seeds, o)
		}
		return f(ctx, w, seeds, o)
	}
}
