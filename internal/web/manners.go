package web

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
	"crawlbench/internal/web/hostlog"
)

const tooMany = 429 // the status of a refusal

// manners are what hosts ask of crawls that are given a policy.
type manners struct {
	refuses func(page uint32) bool // the first fetch of a page; nil if none is refused
	after   time.Duration          // the pause that a refusal asks for
	forbids func(page uint32) bool // by robots.txt; nil if no page is
	delay   time.Duration          // Crawl-delay in robots.txt
}

func mannersOf(b graph.Behaviour, g *graph.Graph) manners {
	return manners{b.Refusing(), b.RetryAfter, b.Forbidding(g), b.RobotsDelay}
}

// watchRefusals prepares to refuse pages, and returns how many of those that a crawl has to fetch are.
func (s *Site) watchRefusals() (n int) {
	v := &s.verifier
	if s.manners.refuses == nil {
		return 0
	}
	v.hosts.refused = make([]atomic.Uint64, (s.graph.Pages()+63)/64)
	for p := range uint32(s.graph.Pages()) {
		if v.reach.Has(p) && s.manners.refuses(p) {
			n++
		}
	}
	return n
}

// refuses reports whether this fetch is refused, and of which page of the graph it is.
func (s *Site) refuses(number uint32) (page uint32, is bool) {
	h := &s.verifier.hosts
	if h.refused == nil {
		return 0, false
	}
	page, ok := s.verifier.renaming.origin(number, s.graph.Pages())
	if !ok || !s.manners.refuses(page) {
		return 0, false
	}
	mask := uint64(1) << (page % 64)
	return page, h.refused[page/64].Or(mask)&mask == 0
}

// refuse answers a fetch that is refused. If the crawler does not try again, the page counts as one that has failed.
func (s *Site) refuse(ctx context.Context, number, page uint32, counted bool) error {
	v := &s.verifier
	if v.rules.Exact && !v.exact.has(number) {
		v.noteUnlinked(number)
	}
	if v.hosts.final {
		v.note(number)
	} else {
		v.hosts.refusals.Add(1)
	}
	host := s.hostOf[number]
	place := v.hosts.enter(number, host)
	err := s.refusal(ctx, page)
	var slow crawl.Slow
	if errors.As(err, &slow) {
		v.hosts.leave(place, host, func(f *hostlog.Fetch) { f.Refused, f.Rest = true, slow.RetryAfter() })
	} else {
		v.hosts.leave(place, host, nil)
	}
	if v.hosts.final {
		v.leave(counted, err)
	} else {
		v.leave(counted, nil)
	}
	return err
}

// refusal returns the error of a fetch that is refused.
func (s *Site) refusal(ctx context.Context, page uint32) error {
	if s.over != nil {
		return s.over.refused(ctx, s, page)
	}
	if s.hurry {
		return &crawl.SlowDown{Status: tooMany}
	}
	if err := wait(ctx, s.waits(page)); err != nil {
		return err
	}
	return &crawl.SlowDown{Status: tooMany, After: s.manners.after}
}

// refused fetches a page that must be refused.
func (t *transport) refused(ctx context.Context, s *Site, page uint32) error {
	_, err := t.fetch(ctx, s.URL(page))
	var slow crawl.Slow
	if ctx.Err() == nil && !errors.As(err, &slow) {
		t.strange("page %d was not refused: %v", page, err)
		return errUnknown
	}
	return err
}

// robots answers the fetch of the robots.txt of the host of a page.
func (s *Site) robots(ctx context.Context, number uint32) (says crawl.Robots[string], err error) {
	v := &s.verifier
	switch v.state.Load() {
	case finished:
		v.late.Add(1)
		return says, errFinished
	case ended:
		return says, errFinished
	}
	page, ok := v.renaming.origin(number, s.graph.Pages())
	if !ok {
		return says, errUnknown
	}
	counted := v.enter()
	v.hosts.robots.Add(1)
	place, host := -1, s.HostOf(number)
	if v.hosts.watching() {
		place = v.hosts.enter(number, host)
	}
	switch {
	case s.over != nil && s.over.robots != nil:
		says, err = s.over.robots(ctx, s.URL(page))
	case !s.hurry:
		says.CrawlDelay, err = s.manners.delay, wait(ctx, s.waits(page))
	}
	if v.hosts.watching() {
		v.hosts.leave(place, host, func(f *hostlog.Fetch) { f.Robots, f.Delay = true, says.CrawlDelay })
	}
	v.leave(counted, nil)
	return says, err
}

// allows reports whether a robots.txt allows a page. What came over a transport must agree with the behaviour.
func (s *Site) allows(number uint32, says crawl.Robots[string]) bool {
	page, ok := s.verifier.renaming.origin(number, s.graph.Pages())
	if !ok {
		return true
	}
	allowed := s.manners.forbids == nil || !s.manners.forbids(page)
	if s.over != nil && says.Allowed != nil && says.Allowed(s.URL(page)) != allowed {
		s.over.strange("robots.txt says about page %d that it is allowed: %v, want %v", page, !allowed, allowed)
	}
	return allowed
}

// Robots implements crawl.RobotsWeb.
func (s byID) Robots(ctx context.Context, page uint32) (crawl.Robots[uint32], error) {
	says, err := s.robots(ctx, page)
	answer := crawl.Robots[uint32]{CrawlDelay: says.CrawlDelay}
	if s.manners.forbids != nil {
		answer.Allowed = func(page uint32) bool { return s.allows(page, says) }
	}
	return answer, err
}

// Robots implements crawl.RobotsWeb.
func (s byURL) Robots(ctx context.Context, url string) (crawl.Robots[string], error) {
	says, err := s.robots(ctx, s.numberOf(url))
	answer := crawl.Robots[string]{CrawlDelay: says.CrawlDelay}
	if s.manners.forbids != nil || says.Allowed != nil {
		answer.Allowed = func(url string) bool { return s.allows(s.numberOf(url), says) }
	}
	return answer, err
}

// numberOf returns the number that a URL has in this crawl, or one that no page can have.
func (s byURL) numberOf(url string) uint32 {
	page, ok := s.pageOf(url)
	if !ok {
		page = s.renamedPage(url)
	}
	return page
}
