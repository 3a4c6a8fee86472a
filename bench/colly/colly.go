// Package collycrawler adapts github.com/gocolly/colly, which was not written for the crawler
// contract. The harness's web becomes an http.RoundTripper with pages of HTML. There are three
// crawlers:
//
//   - colly: the asynchronous collector, with colly's own features;
//   - collyqueue: the synchronous collector, driven by colly's package queue;
//   - collyguarded: like colly, with an exact visited set and an exact budget added, to show which faults a user can fix.
//
// Keys are URLs only, which colly's parser must leave unchanged.
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

// collect returns a collector for web and the context that ends its crawl; end releases the context.
//
// Colly has no call that stops a crawl: when its context ends, the collector still starts the
// remaining requests, which fail immediately.
func collect(ctx context.Context, web bench.Web[string], o bench.Options) (c *colly.Collector, s *site,
	crawl context.Context, end context.CancelCauseFunc, err error) {
	crawl, end = context.WithCancelCause(ctx)
	s = &site{web: web, limiter: bench.InTurn(o.Limiter), end: end}
	c = colly.NewCollector(
		colly.StdlibContext(crawl),
		colly.MaxBodySize(0), // otherwise the links after the first 10 MiB are lost
	)
	c.WithTransport(s)
	c.DisableCookies()
	c.SetRequestTimeout(0) // otherwise a page may take only ten seconds
	// One rule for all hosts, because Workers does not depend on hosts.
	err = c.Limit(&colly.LimitRule{DomainGlob: "*", Parallelism: o.Workers})
	return c, s, crawl, end, err
}

// async crawls with Visit on every link, and MaxRequests for the budget.
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
		// The error means that the page was seen before, or that the budget is spent. The site
		// counts the results of fetches.
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
