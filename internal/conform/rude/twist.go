package rude

import (
	"context"
	"errors"
	"strings"
	"sync"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/polite"
	"crawlbench/internal/crawl/visited"
)

// twists returns the mutants that are the right crawler with other options, another site or other keys of hosts.
func twists() []Mutant {
	options := func(name, doc, seen string, change func(*crawl.Politeness)) Mutant {
		c := Right()
		c.Name, c.Doc = name, doc
		c.ByID, c.ByURL = changed(c.ByID, change), changed(c.ByURL, change)
		return Mutant{c, seen}
	}
	site := func(name, doc, seen string, byID func(crawl.Web[uint32]) crawl.Web[uint32],
		byURL func(crawl.Web[string]) crawl.Web[string]) Mutant {
		c := Right()
		c.Name, c.Doc = name, doc
		c.ByID, c.ByURL = on(c.ByID, byID), on(c.ByURL, byURL)
		return Mutant{c, seen}
	}
	key := func(name, doc, seen string, key func(url string) string) Mutant {
		c := polite.Crawler(name, doc, newScheduler[uint32](none, nil), newScheduler[string](none, nil),
			polite.Sets{ByID: visited.NewBits, ByURL: visited.NewTable, Key: key})
		c.ByID = nil
		return Mutant{c, seen}
	}
	server := options("serverignored", "hosts of one server have clocks of their own", "BUbiNG 8, Scrapy 1659",
		func(p *crawl.Politeness) { p.Server = nil })
	server.ByID = nil
	return []Mutant{
		options("robotsnever", "robots.txt is not asked for", "wget -e robots=off",
			func(p *crawl.Politeness) { p.Robots = false }),
		options("delayignored", "Crawl-delay is ignored", "Scrapy 892, BUbiNG 30",
			func(p *crawl.Politeness) { p.CrawlDelay = false }),
		options("delayunbounded", "a Crawl-delay of years is kept", "robotstxt accepts Crawl-delay: 1e9",
			func(p *crawl.Politeness) { p.MaxDelay = 1 << 60 }),
		options("triesforever", "a page that is refused is fetched again and again", "a retry without a limit",
			func(p *crawl.Politeness) { p.Attempts = 1 << 30 }),
		site("forbiddenfetched", "what robots.txt forbids is fetched", "an answer that nobody reads",
			allowing[uint32], allowing[string]),
		site("retryinside", "a page that is refused is fetched again at once, in the same turn",
			"a retrying http.RoundTripper", insisting[uint32], insisting[string]),
		key("keyhascase", "WWW.h.example and www.h.example are two hosts", "crawler4j 408: keys as they are written",
			func(url string) string {
				host := strings.TrimSuffix(strings.SplitN(url, "/", 4)[2], ":443")
				return strings.TrimSuffix(host, ".")
			}),
		key("keyhasport", "h.example and h.example:443 are two hosts", "url.Host as the key",
			func(url string) string {
				return strings.TrimSuffix(strings.ToLower(strings.SplitN(url, "/", 4)[2]), ".")
			}),
		key("keyhasdot", "h.example. and h.example are two hosts", "url.Hostname() as the key",
			func(url string) string {
				return strings.TrimSuffix(strings.ToLower(strings.SplitN(url, "/", 4)[2]), ":443")
			}),
		key("keyisdomain", "all hosts of a domain are one", "Crawlee: the domain as the key",
			func(url string) string { return "example" }),
		server,
	}
}

func changed[K comparable](f crawl.Func[K], change func(*crawl.Politeness)) crawl.Func[K] {
	return func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result, error) {
		if o.Politeness != nil {
			p := *o.Politeness
			change(&p)
			o.Politeness = &p
		}
		return f(ctx, web, seeds, o)
	}
}

func on[K comparable](f crawl.Func[K], other func(crawl.Web[K]) crawl.Web[K]) crawl.Func[K] {
	return func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result, error) {
		return f(ctx, other(web), seeds, o)
	}
}

// permissive is a web whose robots.txt forbids nothing.
type permissive[K comparable] struct{ crawl.RobotsWeb[K] }

func (p permissive[K]) Robots(ctx context.Context, page K) (crawl.Robots[K], error) {
	says, err := p.RobotsWeb.Robots(ctx, page)
	says.Allowed = nil
	return says, err
}

func allowing[K comparable](web crawl.Web[K]) crawl.Web[K] {
	if r, ok := web.(crawl.RobotsWeb[K]); ok {
		return permissive[K]{r}
	}
	return web
}

// insistent is a web that asks again.
type insistent[K comparable] struct{ crawl.Web[K] }

func (i insistent[K]) Fetch(ctx context.Context, page K) (links []K, err error) {
	var slow crawl.Slow
	for range crawl.DefaultAttempts {
		if links, err = i.Web.Fetch(ctx, page); !errors.As(err, &slow) {
			break
		}
	}
	return links, err
}

func insisting[K comparable](web crawl.Web[K]) crawl.Web[K] {
	if r, ok := web.(crawl.RobotsWeb[K]); ok {
		return struct {
			insistent[K]
			asker[K]
		}{insistent[K]{web}, r}
	}
	return insistent[K]{web}
}

type asker[K comparable] interface {
	Robots(ctx context.Context, page K) (crawl.Robots[K], error)
}

// forgetful returns a crawler whose scheduler knows which pages have failed.
func forgetful(b bug, doc string) crawl.Crawler {
	c := Right()
	c.Name, c.Doc = string(b), doc
	c.ByID, c.ByURL = failing(b, func(c crawl.Crawler) crawl.Func[uint32] { return c.ByID }),
		failing(b, func(c crawl.Crawler) crawl.Func[string] { return c.ByURL })
	return c
}

func failing[K comparable](b bug, of func(crawl.Crawler) crawl.Func[K]) crawl.Func[K] {
	return func(ctx context.Context, web crawl.Web[K], seeds []K, o crawl.Options) (crawl.Result, error) {
		failed := &sync.Map{}
		c := polite.Crawler(string(b), "", newScheduler[uint32](b, failed), newScheduler[string](b, failed),
			polite.Sets{ByID: visited.NewBits, ByURL: visited.NewTable})
		noted := crawl.Web[K](noting[K]{web, failed})
		if r, ok := web.(crawl.RobotsWeb[K]); ok {
			noted = struct {
				noting[K]
				asker[K]
			}{noting[K]{web, failed}, r}
		}
		return of(c)(ctx, noted, seeds, o)
	}
}

// noting notes the pages that fail.
type noting[K comparable] struct {
	crawl.Web[K]
	failed *sync.Map
}

func (n noting[K]) Fetch(ctx context.Context, page K) ([]K, error) {
	links, err := n.Web.Fetch(ctx, page)
	var slow crawl.Slow
	if err != nil && !errors.As(err, &slow) {
		n.failed.Store(page, true)
	}
	return links, err
}
