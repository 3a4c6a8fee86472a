package collycrawler

import (
	"context"
	"fmt"

	"github.com/gocolly/colly/v2"
	"github.com/gocolly/colly/v2/queue"

	"crawlbench/bench"
)

// queued crawls with a queue whose threads are the workers. Links are added with AddRequest,
// because AddURL does not wake the queue's loop, and only if colly has not visited them. Queue.Stop
// is not called: it would leave the threads blocked, whereas a queue whose requests fail is soon
// empty.
func queued(ctx context.Context, web bench.Web[string], seeds []string, o bench.Options) (bench.Result, error) {
	c, s, crawl, end, err := collect(ctx, web, o)
	defer end(nil)
	if err != nil {
		return bench.Result{}, err
	}
	c.MaxRequests = uint32(max(0, o.MaxPages))
	// A list without a maximum size drops nothing.
	if err := drain(c, seeds, o, &queue.InMemoryQueueStorage{}); err != nil {
		return bench.Result{}, err
	}
	return s.result(crawl)
}

// drain crawls with c from seeds until list is empty.
func drain(c *colly.Collector, seeds []string, o bench.Options, list queue.Storage) error {
	q, err := queue.New(o.Workers, list)
	if err != nil {
		return fmt.Errorf("colly: make a queue: %w", err)
	}
	c.OnHTML("a[href]", func(a *colly.HTMLElement) {
		link := a.Request.AbsoluteURL(a.Attr("href"))
		if seen, err := a.Request.HasVisited(link); err != nil || seen {
			return
		}
		if r, err := a.Request.New("GET", link, nil); err == nil {
			_ = q.AddRequest(r) // it fails if the list is full
		}
	})
	for _, seed := range seeds {
		if err := q.AddURL(seed); err != nil {
			return fmt.Errorf("colly: add %s to the queue: %w", seed, err)
		}
	}
	return q.Run(c)
}
