package conform

import (
	"context"
	"fmt"
	"sync"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/limiter"
	"crawlbench/internal/graph"
	"crawlbench/internal/web/fetch"
	"crawlbench/internal/web/server"
	"crawlbench/internal/web/server/pipenet"
)

// realCrawl is a crawl of HTML pages over HTTP.
type realCrawl struct {
	name      string
	shares    server.Shares // of what pages have beside the links of the graph
	behaviour graph.Behaviour
	policy    *crawl.Politeness
	delay     time.Duration // what each robots.txt asks for
	budget    int
	rate      float64
	cancel    time.Duration // 0: never
}

// overHTTP crawls a site that sends HTML over HTTP, in virtual time. The site's own log says what was fetched.
func overHTTP(t *Report, c subject) {
	g, err := graph.Build(context.Background(), graph.Spec{Kind: "hosts", Pages: 240, Hosts: 6, Seed: 1}, 0)
	if err != nil {
		t.Fatal(err)
	}
	odd := server.DefaultShares()
	odd.Redirects, odd.Slow, odd.UTF16, odd.Charsets, odd.Chunked = 0.3, 0.2, 0.1, 0.5, 0.5
	latency := graph.Latency{Model: "lognormal", Median: 20 * time.Millisecond, Sigma: 0.8}
	waits := graph.Behaviour{Latency: latency}
	fails := waits
	fails.Fail = 0.2
	list := []realCrawl{
		{name: "plain pages"},
		{name: "pages as on the web", shares: server.DefaultShares(), behaviour: waits},
		{name: "redirects, charsets and slow bodies", shares: odd, behaviour: waits},
		{name: "pages that fail", shares: server.DefaultShares(), behaviour: fails},
		{name: "a budget", shares: server.DefaultShares(), behaviour: waits, budget: 100},
		{name: "a rate", shares: server.DefaultShares(), behaviour: waits, rate: 500},
		{name: "a crawl that is cancelled", shares: odd, behaviour: waits, cancel: 97 * time.Millisecond},
	}
	if c.crawler.Polite {
		busy := server.DefaultShares()
		busy.Refusals, busy.Forbidden = 0.1, 0.5
		list = append(list,
			realCrawl{name: "a gap for each host", shares: server.DefaultShares(), behaviour: waits,
				policy: &crawl.Politeness{Gap: time.Second}},
			realCrawl{name: "robots.txt and refusals", shares: busy, behaviour: waits, delay: 2 * time.Second,
				policy: &crawl.Politeness{Gap: time.Second, Robots: true, CrawlDelay: true}})
	}
	for _, r := range list {
		for _, workers := range []int{1, 5, 40} {
			o := c.clamp(crawl.Options{Workers: workers, MaxPages: r.budget, Politeness: r.policy})
			if o.Workers < workers && workers > 1 {
				continue
			}
			*t.doing = fmt.Sprintf(" (over HTTP, %s, %s)", r.name, dials(o))
			if err := r.crawl(c, g, o); err != nil {
				t.Fatalf("%v%s", err, *t.doing)
			}
		}
	}
	*t.doing = ""
}

// crawl crawls g once, and returns what was wrong.
func (r realCrawl) crawl(c subject, g *graph.Graph, o crawl.Options) error {
	set := server.Settings{Seed: 1, Shares: r.shares, CrawlDelay: r.delay, Policy: r.policy, Workers: o.Workers}
	site, err := server.New(g, r.behaviour, set)
	if err != nil {
		return err
	}
	network := pipenet.New()
	serving, stop := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { site.Serve(serving, network) })
	client := fetch.New(fetch.Settings{Workers: o.Workers, Dial: network.Dial})
	defer all.Wait()
	defer stop()
	defer client.Close()
	if r.rate > 0 {
		o.Limiter = limiter.New(limiter.Default, r.rate, 1)
	}
	ctx, cancel := context.Background(), func() {}
	if r.cancel > 0 {
		ctx, cancel = context.WithTimeout(ctx, r.cancel)
	}
	defer cancel()
	begin := time.Now()
	did, err := c.crawler.ByURL(ctx, fetch.NewWeb(client), []string{site.SeedURL()}, o)
	return r.wrong(site.Verdict(), did, err, time.Since(begin))
}

// wrong returns what is wrong with a crawl, given what the site saw of it.
func (r realCrawl) wrong(v server.Verdict, did crawl.Result, err error, took time.Duration) error {
	switch {
	case r.cancel > 0 && (err != context.DeadlineExceeded || took != r.cancel):
		return fmt.Errorf("with a deadline after %v it returned the error %v after %v", r.cancel, err, took)
	case r.cancel == 0 && err != nil:
		return fmt.Errorf("it returned the error %q", err)
	case v.Twice.Count > 0:
		return fmt.Errorf("%d pages were fetched twice (%q)", v.Twice.Count, v.Twice.First)
	case v.Unknown.Count+v.Unlinked.Count > 0:
		return fmt.Errorf("%d URLs were fetched to which no link leads (%q)", v.Unknown.Count+v.Unlinked.Count,
			append(v.Unknown.First, v.Unlinked.First...))
	case v.Forbidden.Count > 0:
		return fmt.Errorf("%d pages were fetched that robots.txt forbids (%q)", v.Forbidden.Count, v.Forbidden.First)
	case len(v.Faults) > 0:
		return fmt.Errorf("%d rules were broken, the first: %s", len(v.Faults), v.Faults[0])
	case r.cancel > 0:
		return nil
	case r.budget > 0 && v.Served != r.budget:
		return fmt.Errorf("%d pages were fetched, the budget is %d", v.Served, r.budget)
	case r.budget == 0 && v.Missed.Count > 0:
		return fmt.Errorf("%d of %d pages were not fetched (%q)", v.Missed.Count, v.Pages, v.Missed.First)
	case did.Pages != v.Served || did.Errors != v.Failed:
		return fmt.Errorf("it reports %d pages and %d errors, the site served %d and %d", did.Pages, did.Errors, v.Served,
			v.Failed)
	}
	return nil
}
