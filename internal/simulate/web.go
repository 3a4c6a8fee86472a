package simulate

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/web/delay"
	"crawlbench/internal/web/hostlog"
)

// Outcome is what a crawl did.
type Outcome struct {
	Log    hostlog.Log
	Result crawl.Result
	Err    error
	Took   time.Duration
	Counts map[string]int // what the crawler has counted
}

// web serves a site to crawlers with one kind of key.
type web[K comparable] struct {
	site   *Site
	key    func(page uint32) K
	pageOf func(K) (uint32, bool)
	begin  time.Time

	mu    sync.Mutex
	log   hostlog.Log
	tried map[uint32]int
}

var errPlanted = errors.New("planted failure")

// robotsLatency is how long the fetch of a robots.txt takes.
const robotsLatency = 50 * time.Millisecond

// Fetch implements crawl.Web.
func (w *web[K]) Fetch(ctx context.Context, key K) ([]K, error) {
	start := time.Since(w.begin)
	page, ok := w.pageOf(key)
	if !ok {
		return nil, fmt.Errorf("there is no page %v", key)
	}
	e := hostlog.Fetch{Host: w.site.Host[page], Page: page, Start: start}
	err := delay.Wait(ctx, w.site.Latency[page])
	e.End = time.Since(w.begin)
	w.mu.Lock()
	if err == nil && w.site.Refuses != nil {
		if w.tried == nil {
			w.tried = map[uint32]int{}
		}
		w.tried[page]++
		if e.Rest, e.Refused = w.site.Refuses(page, w.tried[page]); e.Refused {
			err = &crawl.SlowDown{Status: 429, After: e.Rest}
		}
	}
	w.log = append(w.log, e)
	w.mu.Unlock()
	if err == nil && w.site.Situation.Fails != nil && w.site.Situation.Fails(page) {
		err = errPlanted
	}
	if err != nil {
		return nil, err
	}
	out := w.site.Graph.Out(page)
	links := make([]K, len(out))
	for i, p := range out {
		links[i] = w.key(p)
	}
	return links, nil
}

// robotsWeb is a web with robots.txt files.
type robotsWeb[K comparable] struct{ *web[K] }

// Robots implements crawl.RobotsWeb.
func (w robotsWeb[K]) Robots(ctx context.Context, key K) (crawl.Robots[K], error) {
	page, ok := w.pageOf(key)
	if !ok {
		return crawl.Robots[K]{}, fmt.Errorf("there is no page %v", key)
	}
	host := w.site.Host[page]
	e := hostlog.Fetch{Host: host, Page: page, Start: time.Since(w.begin), Robots: true, Delay: w.site.Robots(host)}
	err := delay.Wait(ctx, robotsLatency)
	e.End = time.Since(w.begin)
	w.mu.Lock()
	w.log = append(w.log, e)
	w.mu.Unlock()
	if err == nil && w.site.RobotsFails != nil && w.site.RobotsFails(host) {
		return crawl.Robots[K]{}, errPlanted
	}
	says := crawl.Robots[K]{CrawlDelay: e.Delay}
	if w.site.Forbids != nil {
		says.Allowed = func(key K) bool {
			page, ok := w.pageOf(key)
			return ok && !w.site.Forbids(page)
		}
	}
	return says, err
}

// Crawl crawls a site with c in the bubble of virtual time of the caller. c must support the kind of key.
func Crawl(ctx context.Context, c crawl.Crawler, keys string, s *Site, change func(*crawl.Options)) Outcome {
	if keys == "id" {
		id := func(page uint32) uint32 { return page }
		pageOf := func(id uint32) (uint32, bool) { return id, int(id) < s.Graph.Pages() }
		return run(ctx, c.ByID, &web[uint32]{site: s, key: id, pageOf: pageOf}, change)
	}
	if s.urls == nil {
		s.urls, s.at = make([]string, s.Graph.Pages()), map[string]uint32{}
		for p := range s.urls {
			s.urls[p] = s.url(uint32(p))
			s.at[s.urls[p]] = uint32(p)
		}
	}
	url := func(page uint32) string { return s.urls[page] }
	pageOf := func(url string) (uint32, bool) { page, ok := s.at[url]; return page, ok }
	return run(ctx, c.ByURL, &web[string]{site: s, key: url, pageOf: pageOf}, change)
}

func run[K comparable](ctx context.Context, f crawl.Func[K], w *web[K], change func(*crawl.Options)) Outcome {
	policy := crawl.Politeness(w.site.Policy)
	policy.HostOf = func(page uint32) uint32 { return w.site.Host[page] }
	out := Outcome{Counts: map[string]int{}}
	o := crawl.Options{
		Workers: w.site.Workers, Politeness: &policy,
		Count: func(name string, n int) { out.Counts[name] += n },
	}
	if change != nil {
		change(&o)
	}
	seeds := make([]K, len(w.site.Seeds))
	for i, p := range w.site.Seeds {
		seeds[i] = w.key(p)
	}
	var served crawl.Web[K] = w
	if w.site.Robots != nil {
		served = robotsWeb[K]{w}
	}
	w.begin = time.Now()
	out.Result, out.Err = f(ctx, served, seeds, o)
	out.Took = time.Since(w.begin)
	w.mu.Lock()
	defer w.mu.Unlock()
	out.Log = w.log
	return out
}
