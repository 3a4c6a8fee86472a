// Package collycrawler makes crawlers of github.com/gocolly/colly, a crawler that was written without knowing of the
// contract. In goes the harness's web, which colly sees as an http.RoundTripper with pages of HTML; out come three
// crawlers:
//
//   - colly: the asynchronous collector, each thing done by the means that colly has for it;
//   - collyqueue: the synchronous collector, driven by colly's package queue;
//   - collyguarded: colly again, with an exact visited set and an exact budget added from outside, to tell what a user
//     can mend from what is in its nature.
//
// Pages are known by URL only, and by such URLs as colly's parser leaves as they are.
package collycrawler

import (
	"context"
	"errors"
	"fmt"

	"github.com/gocolly/colly/v2"

	"crawlbench/bench"
)

// Crawler returns colly's asynchronous collector.
func Crawler() bench.Crawler {
	return bench.Crawler{Name: "colly", Doc: "colly v2.3.0, asynchronous: a goroutine per URL behind a channel of slots", ByURL: async}
}

// Crawlers returns all three.
func Crawlers() []bench.Crawler {
	return []bench.Crawler{
		Crawler(),
		{Name: "collyqueue", Doc: "colly v2.3.0 with its queue: every link serialised into one list, and a loop that hands out", ByURL: queued},
		{Name: "collyguarded", Doc: "colly v2.3.0, asynchronous, with the visited set and the budget made exact from outside", ByURL: guarded},
	}
}

// collect returns a collector over web and the context that ends its crawl; end frees that.
//
// Colly has no call that stops a crawl: its context ends requests, one by one, and the collector goes on to the next.
// They all fail at once, so that little is lost by it.
func collect(ctx context.Context, web bench.Web[string], o bench.Options) (c *colly.Collector, s *site,
	crawl context.Context, end context.CancelCauseFunc, err error) {
	crawl, end = context.WithCancelCause(ctx)
	s = &site{web: web, limiter: bench.InTurn(o.Limiter), end: end}
	c = colly.NewCollector(
		colly.StdlibContext(crawl),
		colly.MaxBodySize(0), // else the links behind the first 10 MiB are lost
	)
	c.WithTransport(s)
	c.DisableCookies()
	c.SetRequestTimeout(0) // else a page may take ten seconds
	// One rule for all hosts, as Workers says nothing of hosts.
	err = c.Limit(&colly.LimitRule{DomainGlob: "*", Parallelism: o.Workers})
	return c, s, crawl, end, err
}

// async crawls by Visit on every link, with MaxRequests for the budget.
func async(ctx context.Context, web bench.Web[string], seeds []string, o bench.Options) (bench.Result, error) {
	c, s, crawl, end, err := collect(ctx, web, o)
	defer end(nil)
	if err != nil {
		return bench.Result{}, err
	}
	c.MaxRequests = uint32(max(0, o.MaxPages))
	return visit(crawl, c, s, seeds)
}

// visit starts an asynchronous crawl and waits for its end.
func visit(crawl context.Context, c *colly.Collector, s *site, seeds []string) (bench.Result, error) {
	c.Async = true
	c.OnHTML("a[href]", func(a *colly.HTMLElement) {
		// The error says that the page was seen before, or the budget spent. What became of the page comes to no one
		// here: that of a fetch is counted by the site.
		_ = a.Request.Visit(a.Attr("href"))
	})
	for _, seed := range seeds {
		var seen *colly.AlreadyVisitedError
		err := c.Visit(seed)
		if err != nil && !errors.As(err, &seen) && !errors.Is(err, colly.ErrMaxRequests) && !errors.Is(err, errSeen) {
			s.end(fmt.Errorf("colly: visit %s: %w", seed, err))
			s.refused.Store(true)
			break
		}
	}
	c.Wait()
	return s.result(crawl)
}
